"""`mouthpiece worker --processes`: so many processes of `gpu`, one for the rest, under one command."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from contracts.settings import environment
from contracts.steps import Queue
from scripts import connection, pollers
from scripts.trial import TRIVIAL_ENGINE
from tests.temporal_server import TemporalServer, development_server

pytestmark = [pytest.mark.workflow, pytest.mark.timeout(300)]

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 90


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TemporalServer]:
    with development_server(tmp_path_factory.mktemp("group")) as server:
        yield server


@pytest.fixture
def group(server: TemporalServer, tmp_path: Path) -> Iterator["subprocess.Popen[str]"]:
    (tmp_path / "records.db").touch()
    environ = connection.only(server.address, "default", environment()) | TRIVIAL_ENGINE
    environ |= {"PYTHONPATH": f"{ROOT}:{TRIVIAL_ENGINE['PYTHONPATH']}", "MOUTHPIECE_LOG_FORMAT": "json"}
    command = [sys.executable, "-m", "scripts.cli", "worker", "--data", str(tmp_path), "--processes", "2"]
    with subprocess.Popen(command, cwd=ROOT, env=environ, stderr=subprocess.PIPE, text=True) as process:
        yield process
        process.kill()


def _count(server: TemporalServer, queue: Queue) -> int:
    return len(server.run(pollers.identities(server.client, queue)))


def test_two_processes_poll_gpu_and_one_the_rest_until_all_are_drained(
    server: TemporalServer, group: "subprocess.Popen[str]"
) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while (found := {queue: _count(server, queue) for queue in Queue}) != dict.fromkeys(Queue, 1) | {Queue.GPU: 2}:
        assert time.monotonic() < deadline, found
        time.sleep(0.2)

    group.send_signal(signal.SIGTERM)
    _, said = group.communicate(timeout=60)

    assert group.returncode == 0
    # Whole lines of JSON, whoever wrote them.
    lines = [json.loads(line) for line in said.splitlines()]
    assert sorted(line["part"] for line in lines if line["event"] == "worker_is_empty") == ["gpu-1", "gpu-2", "rest"]
    assert any(line["event"].startswith("queue_taken queue=control why=records.db is in") for line in lines)


@pytest.mark.parametrize("text", ["0", "-1", "many", "1.5"])
def test_a_number_of_processes_that_is_none_is_refused_in_words(text: str) -> None:
    command = [sys.executable, "-m", "scripts.cli", "worker", "gpu", f"--processes={text}"]

    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)

    assert ran.returncode == 2
    assert "must be a whole number above 0, or auto" in ran.stderr
