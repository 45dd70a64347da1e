"""Workers of every kind are replaced under a job of many segments: each segment is rendered once."""

import asyncio
import signal
import subprocess
import sys
import wave
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import pytest

from contracts.jobs import Stage
from contracts.settings import Settings, environment
from contracts.steps import ANALYSE, FETCH, PUBLISH, RENDER, SETTLE
from scripts import connection
from scripts.trial import TRIVIAL_ENGINE, Trial, running
from tests.e2e.client import client_of, seen, until
from tests.e2e.conftest import SAMPLES
from tests.e2e.workers import attempts_at, history, slow_engine
from tests.pages import ROOT

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

Worker = subprocess.Popen[bytes]


@contextmanager
def _worker(queue: str, environ: dict[str, str], log: Path) -> Iterator[Worker]:
    """A worker of one queue, as a process manager starts it, patient enough to end what it began."""
    command = [sys.executable, "-m", "scripts.cli", "worker", queue, "--grace-s", "120"]
    with log.open("ab") as sink:
        process = subprocess.Popen(command, cwd=ROOT, env=environ, stdout=sink, stderr=sink)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def _polls(log: Path) -> bool:
    return "worker_polls" in log.read_text(encoding="utf-8")


def _drain(workers: Sequence[Worker]) -> list[int]:
    """End workers as a process manager does, and wait until they are empty; returns their exit codes."""
    for worker in workers:
        worker.send_signal(signal.SIGTERM)
    return [worker.wait(timeout=130) for worker in workers]


def _held(service: Trial) -> None:
    """Take all of the stack's own workers away; `mouthpiece up` is held, so that it does not start others."""
    service.process.send_signal(signal.SIGSTOP)
    for pid in service.pids("worker"):
        subprocess.run(["kill", "-TERM", str(pid)], check=True)
    until(lambda: not service.pids("worker"), 60)


def _speech(path: Path) -> None:
    """Two and a half minutes of speech: that the engine takes its time over while workers start."""
    with wave.open(str(SAMPLES / "voice-austen.wav")) as voice, wave.open(str(path), "wb") as file:
        file.setparams(voice.getparams())
        file.writeframes(voice.readframes(voice.getnframes()) * 24)


def test_a_rolling_upgrade_renders_every_segment_once(tmp_path: Path, folder: Path, files: str) -> None:
    _speech(folder / "lecture.wav")
    engine = {"PYTHONPATH": f"{ROOT}:{slow_engine(tmp_path / 'slow')}"}
    with running(TRIVIAL_ENGINE, data=tmp_path / "data", log=tmp_path / "service.log") as service, ExitStack() as stack:
        client = client_of(service)
        environ = environment() | TRIVIAL_ENGINE | engine | {"MOUTHPIECE_DATA_DIR": str(service.data)}
        environ |= {"MOUTHPIECE_SEGMENT_S": "3", "MOUTHPIECE_FETCH_ALLOW": "127.0.0.0/8,::1"}

        def start(release: str, queues: Sequence[str]) -> list[Worker]:
            made = []
            for number, queue in enumerate(queues):
                log = tmp_path / f"{release}-{queue}-{number}.log"
                made.append(stack.enter_context(_worker(queue, environ, log)))
            until(lambda: all(_polls(log) for log in tmp_path.glob(f"{release}-*.log")), 180)
            return made

        _held(service)
        old = start("old", ("flow", "io", "control", "notify", "gpu", "gpu"))
        with closing(connection.gateway(Settings(data_dir=service.data))) as gateway:
            job_id = client.image_job(f"{files}/face.png", f"{files}/lecture.wav")
            until(lambda: (view := seen(gateway, job_id)) and view.stage is Stage.RENDER)
            new = start("new", ("flow", "io", "control", "notify", "gpu", "gpu"))
            still = until(lambda: seen(gateway, job_id))
            codes = _drain(old)
        client.finished(job_id)
        recorded = asyncio.run(history(service.data, job_id))
        is_alive = [worker.poll() is None for worker in new]
        service.process.send_signal(signal.SIGCONT)

    assert still is not None
    assert still.stage is Stage.RENDER, "the upgrade came while segments were rendered"
    assert codes == [0] * 6
    assert all(is_alive)
    segments = attempts_at(RENDER, recorded)
    assert len(segments) >= 40, "two and a half minutes in pieces of three seconds"
    assert {attempt for _, attempt in segments} == {1}
    assert len({worker for worker, _ in segments}) >= 3, "both had their part"
    for step in (FETCH, ANALYSE, PUBLISH, SETTLE):
        assert {attempt for _, attempt in attempts_at(step, recorded)} == {1}
    assert not [event for event in recorded.events if event.HasField("workflow_task_failed_event_attributes")]
    assert not [event for event in recorded.events if event.HasField("workflow_task_timed_out_event_attributes")]
