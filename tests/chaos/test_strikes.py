"""What counts as a kill."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from scripts.chaos.inputs import InputServer
from scripts.chaos.mailbox import Mailbox
from scripts.chaos.plan import Fault, Strike
from scripts.chaos.stand import Stand
from scripts.chaos.strikes import Striker
from scripts.trial import Trial

pytestmark = pytest.mark.unit

KILL = Strike(after=0, fault=Fault.KILL_GPU, pick=0.0, delay_s=0.0, lasts_s=0.0)


@contextmanager
def _striker(folder: Path, script: str, patience_s: float) -> Iterator[Striker]:
    """What strikes at the processes that a script starts."""
    with subprocess.Popen(["sh", "-c", script], text=True) as process:
        trial = Trial(url="", key="", data=folder, process=process)
        stand = Stand(folder=folder, disk=None, store=None, environ={}, _trial=trial)
        try:
            yield Striker(stand, InputServer(folder), Mailbox(), patience_s=patience_s)
        finally:
            process.kill()


def test_a_part_that_starts_again_is_waited_for_and_killed(tmp_path: Path) -> None:
    starting = "sleep 0.5; sh -c 'while :; do sleep 0.1; done' worker gpu; exit 7"
    with _striker(tmp_path, starting, patience_s=20.0) as striker:
        striker.strike(KILL)

        assert striker.kills == {Fault.KILL_GPU: 1}
        assert striker.stand.trial.process.wait(timeout=10) == 7


def test_where_there_was_nothing_to_kill_no_kill_is_counted(tmp_path: Path) -> None:
    with _striker(tmp_path, "exec sleep 60", patience_s=0.2) as striker:
        striker.strike(KILL)

    assert striker.kills == {}
