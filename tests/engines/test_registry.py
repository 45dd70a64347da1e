import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from contracts.errors import EngineUnknown
from engines.registry import choose_device, load, names

pytestmark = pytest.mark.unit

ROOT = Path(__file__).resolve().parents[2]


def test_the_engine_that_comes_along_is_installed() -> None:
    assert "articulate" in names()
    assert names() == sorted(names())


def test_an_unknown_engine_is_refused_with_those_there_are() -> None:
    with pytest.raises(EngineUnknown, match=r"^no engine named 'articulat'$") as refusal:
        load("articulat", torch.device("cpu"))

    assert "articulate" in refusal.value.remedy


def test_an_engine_of_another_package_is_found_by_its_entry_point() -> None:
    code = (
        "import sys, torch; from engines.registry import load, names;"
        "assert 'trivial_engine' not in sys.modules;"
        "print('trivial' in names(), load('trivial', torch.device('cpu')).info.name)"
    )
    environment = os.environ | {"PYTHONPATH": str(ROOT / "tests" / "trivial_engine")}

    command = [sys.executable, "-c", code]
    run = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60)

    assert run.stdout.strip() == "True trivial", run.stderr


def test_a_device_can_be_named_or_left_to_the_machine() -> None:
    assert choose_device("cpu") == torch.device("cpu")
    assert choose_device("auto").type == ("cuda" if torch.cuda.is_available() else "cpu")
