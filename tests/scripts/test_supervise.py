import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from contracts.settings import environment
from scripts.supervise import Part, Supervisor
from tests.processes import lives

pytestmark = pytest.mark.unit

ROOT = Path(__file__).resolve().parents[2]
Lines = list[tuple[str, str]]


@pytest.fixture
def lines() -> Lines:
    return []


@pytest.fixture
def supervisor(lines: Lines) -> Iterator[Supervisor]:
    supervisor = Supervisor(lambda name, line: lines.append((name, line)))
    yield supervisor
    supervisor.kill()
    supervisor.stop()


def _part(code: str, name: str = "part", grace_s: float = 20) -> Part:
    return Part(name=name, command=[sys.executable, "-c", code], environ=environment(), grace_s=grace_s)


def _until(look: Callable[[], bool], supervisor: Supervisor | None = None) -> None:
    deadline = time.monotonic() + 30
    while not look():
        assert time.monotonic() < deadline
        if supervisor:
            supervisor.tend()
        time.sleep(0.02)


def _printed(lines: Lines, name: str) -> list[str]:
    return [line for writer, line in lines if writer == name]


def test_what_parts_write_is_merged_under_their_names(supervisor: Supervisor, lines: Lines) -> None:
    supervisor.start(_part("print('out'); import sys; print('err', file=sys.stderr)", "one"))
    supervisor.start(_part("print('two')", "two"))

    _until(lambda: len(lines) >= 3)

    assert sorted(lines) == [("one", "err"), ("one", "out"), ("two", "two")]


def test_a_part_that_dies_is_started_again_after_a_pause(supervisor: Supervisor, lines: Lines) -> None:
    supervisor.start(_part("print('up', flush=True); import os; os.kill(os.getpid(), 9)"))

    _until(lambda: _printed(lines, "part").count("up") == 2, supervisor)

    assert "died of SIGKILL; starts again in 0.5 s" in _printed(lines, "part")


def test_pauses_grow_while_a_part_keeps_dying(supervisor: Supervisor, lines: Lines) -> None:
    supervisor.start(_part("raise SystemExit(3)"))

    _until(lambda: supervisor.failures()["part"] == 2, supervisor)

    assert "ended with code 3; starts again in 0.5 s" in _printed(lines, "part")
    assert "ended with code 3; starts again in 1 s" in _printed(lines, "part")


def test_the_first_part_started_is_stopped_last(supervisor: Supervisor, lines: Lines) -> None:
    code = (
        "import signal, time;"
        "signal.signal(15, lambda *_: (print('bye', flush=True), exit(0)));"
        "print('up', flush=True); time.sleep(60)"
    )
    supervisor.start(_part(code, "server"))
    supervisor.start(_part(code, "worker"))
    _until(lambda: len(lines) == 2)

    supervisor.stop()

    assert [name for name, line in lines if line == "bye"] == ["worker", "server"]


def test_a_part_that_does_not_stop_in_time_is_killed(supervisor: Supervisor, lines: Lines) -> None:
    code = "import os, signal, time; signal.signal(15, signal.SIG_IGN); print(os.getpid(), flush=True); time.sleep(60)"
    supervisor.start(_part(code, grace_s=0.3))
    _until(lambda: bool(lines))

    supervisor.stop()

    assert "did not stop in time: killed" in _printed(lines, "part")
    assert not lives(int(lines[0][1]))


def test_stopping_takes_what_a_part_started_along(supervisor: Supervisor, lines: Lines) -> None:
    code = (
        "import subprocess, sys, time;"
        "stubborn = 'import signal, time; signal.signal(15, signal.SIG_IGN); time.sleep(60)';"
        "child = subprocess.Popen([sys.executable, '-c', stubborn]);"
        "print(child.pid, flush=True); time.sleep(60)"
    )
    supervisor.start(_part(code))
    _until(lambda: bool(lines))
    time.sleep(0.3)

    supervisor.stop()

    _until(lambda: not lives(int(lines[0][1])))


def test_killing_ends_all_parts_at_once_and_leaves_waiting_to_stop(supervisor: Supervisor, lines: Lines) -> None:
    code = "import os, signal, time; signal.signal(15, signal.SIG_IGN); print(os.getpid(), flush=True); time.sleep(60)"
    for name in ("server", "worker"):
        supervisor.start(_part(code, name, grace_s=30))
    _until(lambda: len(lines) == 2)
    began = time.monotonic()

    supervisor.kill()
    supervisor.stop()

    assert time.monotonic() - began < 20
    assert not any(lives(int(line)) for _, line in lines if line.isdecimal())


def test_a_bound_command_dies_with_who_started_it() -> None:
    code = (
        "import subprocess, sys, time; from scripts.supervise import bound;"
        "sleeper = 'import os, time; print(os.getpid(), flush=True); time.sleep(60)';"
        "subprocess.Popen(bound([sys.executable, '-c', sleeper])); time.sleep(60)"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    with parent.stdout:
        pid = int(parent.stdout.readline())

        parent.kill()
        parent.wait()

    _until(lambda: not lives(pid))
