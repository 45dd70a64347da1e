"""What dies, and what happens: the table of docs/operations.md, row by row, with SIGKILL."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import requests

from contracts.jobs import JobView, Stage
from contracts.settings import Settings
from scripts.connection import gateway
from scripts.trial import Trial, kill_all, running
from storage.records import Records
from tests.e2e.client import Client, client_of, digest, seen, until
from tests.processes import lives

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def trial(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trial]:
    """A stack of its own, to be ill-treated; short segments make many of them."""
    log = tmp_path_factory.mktemp("crashes") / "service.log"
    with running({"MOUTHPIECE_SEGMENT_S": "1", "MOUTHPIECE_TORCH_THREADS": "1"}, log=log) as stack:
        yield stack


@pytest.fixture(scope="module")
def sufferer(trial: Trial) -> Client:
    return client_of(trial)


@pytest.fixture(scope="module")
def undisturbed(sufferer: Client, files: str) -> str:
    """Digest of the long job's output when nothing dies."""
    return digest(sufferer.finished(_long_job(sufferer, files))["output"])


def _long_job(client: Client, files: str) -> str:
    return client.image_job(f"{files}/face.png", f"{files}/long.wav", seed=3)


def _wait_for_render(trial: Trial, job_id: str) -> JobView:
    """Wait until some segments are done, and others are not."""
    temporal = gateway(Settings(data_dir=trial.data))

    def rendering() -> JobView | None:
        view = seen(temporal, job_id)
        return view if view and view.stage is Stage.RENDER and view.percent > 35 else None

    try:
        return until(rendering)
    finally:
        temporal.close()


@contextmanager
def _nobody_restarts(trial: Trial) -> Iterator[None]:
    """Keep `mouthpiece up` from noticing what dies."""
    trial.process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        trial.process.send_signal(signal.SIGCONT)


def test_a_worker_killed_in_a_segment_costs_that_segment_alone(
    trial: Trial, sufferer: Client, files: str, undisturbed: str
) -> None:
    job_id = _long_job(sufferer, files)
    before = _wait_for_render(trial, job_id)

    kill_all(trial.pids("worker", "gpu"))

    assert digest(sufferer.finished(job_id)["output"]) == undisturbed
    assert before.percent < 95, "the job was too quick to be disturbed"


def test_three_workers_of_which_one_is_killed_make_the_same_file_as_one(
    trial: Trial, sufferer: Client, files: str, undisturbed: str
) -> None:
    command = [sys.executable, "-m", "scripts.cli", "worker", "gpu", "--data", str(trial.data)]
    settings = {"MOUTHPIECE_DATA_DIR": str(trial.data), "MOUTHPIECE_SEGMENT_S": "1"}
    environ = os.environ | settings
    beside = [subprocess.Popen(command, env=environ, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    try:
        for worker in beside:
            assert any("worker_polls" in line for line in worker.stderr or ())
        job_id = _long_job(sufferer, files)
        _wait_for_render(trial, job_id)
        beside[0].kill()

        assert digest(sufferer.finished(job_id)["output"]) == undisturbed
        assert beside[1].poll() is None
    finally:
        kill_all([worker.pid for worker in beside])
        for worker in beside:
            worker.communicate()


def test_with_every_worker_dead_status_is_still_answered(
    trial: Trial, sufferer: Client, files: str, undisturbed: str
) -> None:
    job_id = _long_job(sufferer, files)
    _wait_for_render(trial, job_id)

    with _nobody_restarts(trial):
        kill_all(trial.pids("worker"))
        number, took_s = _number(trial, job_id), []
        for _ in range(3):
            began = time.monotonic()
            answers = sufferer.studio(job_id), sufferer.dev(number)
            took_s.append(time.monotonic() - began)

    assert answers[0]["status"] == answers[1]["status"] == "processing"
    # Asking dead workers would be slow each time, a disk that stalls is so once.
    assert min(took_s) < 2
    assert digest(sufferer.finished(job_id)["output"]) == undisturbed


def test_a_killed_server_loses_no_job(trial: Trial, sufferer: Client, files: str, undisturbed: str) -> None:
    job_id = _long_job(sufferer, files)
    _wait_for_render(trial, job_id)

    kill_all(trial.pids("start-dev"))
    refused = sufferer.post("/api/v1/lipsync-image", _anything(files))

    assert refused.status_code == 503 or refused.ok
    assert digest(sufferer.finished(job_id)["output"]) == undisturbed


def test_a_killed_api_comes_back_and_knows_its_jobs(trial: Trial, sufferer: Client, files: str) -> None:
    job_id = sufferer.image_job(f"{files}/face.png", f"{files}/short.wav")

    kill_all(trial.pids("gunicorn"))
    until(lambda: _answers(trial.url))

    assert sufferer.finished(job_id)["output"]


def test_no_part_outlives_a_killed_supervisor(files: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    with running(log=tmp_path_factory.mktemp("orphans") / "service.log") as doomed:
        parts = doomed.pids()
        doomed.process.kill()

        until(lambda: not any(lives(pid) for pid in parts), patience_s=60)

    assert len(parts) >= 4


def _anything(files: str) -> dict[str, object]:
    return {"formState": {"image": f"{files}/face.png", "audio": f"{files}/short.wav"}}


def _number(trial: Trial, job_id: str) -> int:
    records = Records(trial.data / "records.db")
    try:
        found = records.jobs.find(job_id)
        assert found is not None
        return found.number
    finally:
        records.close()


def _answers(url: str) -> bool:
    try:
        return requests.get(f"{url}/healthz", timeout=5).ok
    except requests.RequestException:
        return False
