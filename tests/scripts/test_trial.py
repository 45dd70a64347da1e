import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.processes import lives

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]

ROOT = Path(__file__).resolve().parents[2]


def test_a_stack_ends_with_the_program_that_wanted_it_however_that_ends() -> None:
    code = (
        "import time; from scripts.trial import TRIVIAL_ENGINE, running\n"
        "with running(TRIVIAL_ENGINE) as trial:\n"
        "    print(trial.process.pid, *trial.pids(), flush=True); time.sleep(90)"
    )
    program = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert program.stdout is not None
    with program.stdout:
        pids = [int(word) for word in program.stdout.readline().split()]

    program.send_signal(signal.SIGKILL)
    program.wait()

    assert len(pids) >= 5
    deadline = time.monotonic() + 60
    while any(map(lives, pids)) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert [pid for pid in pids if lives(pid)] == []
