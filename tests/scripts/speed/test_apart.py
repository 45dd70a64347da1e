import os
import subprocess
import sys

import pytest

from scripts.speed.apart import MeasuringFailed, called
from scripts.speed.tree import busy_s, family, memory_mib

pytestmark = pytest.mark.unit

ERRANDS = "tests.scripts.speed.errands"


def test_a_call_gives_its_numbers_and_what_its_process_cost() -> None:
    answer = called(f"{ERRANDS}:doubled", 21.0)

    assert answer.numbers["doubled"] == 42
    assert answer.peak_mib - answer.loaded_mib > 60
    assert 0 < answer.busy_s < 30


def test_a_call_that_raises_is_told_with_its_reason(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(MeasuringFailed, match=r"failing failed: LookupError: nothing there"):
        called(f"{ERRANDS}:failing", None)
    assert "nothing there" in capfd.readouterr().err


def test_a_process_that_dies_is_told() -> None:
    with pytest.raises(MeasuringFailed, match="dying died"):
        called(f"{ERRANDS}:dying", None)


def test_the_memory_and_time_of_what_a_process_started_count_as_its_own() -> None:
    own = os.getpid()
    code = "x = bytearray(90 << 20); print('there', flush=True); input()"
    before = memory_mib(own)
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout
        child.stdout.readline()
        assert child.pid in family(own)
        assert memory_mib(own) - before > 60
        assert busy_s(own) >= busy_s(child.pid)
        child.communicate("\n")


def test_a_process_that_is_gone_costs_nothing() -> None:
    assert memory_mib(2**22 + 1) == busy_s(2**22 + 1) == 0
