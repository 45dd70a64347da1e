"""Many jobs at once, as an operator looks after them: chosen, asked for, done; against a real service."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from contracts.settings import environment
from scripts.trial import TRIVIAL_ENGINE, Trial, running, serving
from tests.e2e.client import Client, client_of, until
from tests.pages import ROOT

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trial]:
    with running(TRIVIAL_ENGINE, log=tmp_path_factory.mktemp("bulk") / "service.log") as trial:
        yield trial


@pytest.fixture
def late(folder: Path, tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A folder that is served, and its URL: it has the portrait, and no speech as yet."""
    shutil.copy(folder / "face.png", tmp_path)
    with serving(tmp_path) as url:
        yield tmp_path, url


def _mouthpiece(service: Trial, *words: str, said: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "scripts.cli", "jobs", *words, "--data", str(service.data)]
    return subprocess.run(
        command, cwd=ROOT, env=environment(), input=said, capture_output=True, text=True, timeout=120, check=False
    )


def _done(service: Trial, *words: str, code: int = 0) -> dict[str, object]:
    answer = _mouthpiece(service, *words, "--json", "--yes")
    assert answer.returncode == code, answer.stderr + answer.stdout
    told: dict[str, object] = json.loads(answer.stdout)
    return told


def _ids(told: dict[str, object]) -> set[str]:
    jobs = told["jobs"]
    assert isinstance(jobs, list)
    return {job["id"] for job in jobs}


def _failed(client: Client, url: str, count: int) -> list[str]:
    made = [client.image_job(f"{url}/face.png", f"{url}/speech.wav", seed=seed) for seed in range(count)]
    for job_id in made:
        client.failure(job_id)
    return made


def test_what_failed_in_an_outage_is_run_again(
    service: Trial, late: tuple[Path, str], folder: Path, files: str
) -> None:
    served, url = late
    client = client_of(service)
    client.finished(client.image_job(f"{files}/face.png", f"{files}/short.wav"))
    failed = _failed(client, url, 4)
    shutil.copy(folder / "short.wav", served / "speech.wav")
    choice = ("--error-code", "fetch_failed", "--since", "1h")

    looked = _mouthpiece(service, "retry", *choice, "--dry-run")
    refused = _mouthpiece(service, "retry", *choice, said="n\n")
    first = _done(service, "retry", *choice, "--limit", "1")
    rest = _mouthpiece(service, "retry", *choice, said="y\n")
    for job_id in failed:
        client.finished(job_id)

    assert all(job_id in looked.stderr for job_id in failed)
    assert "retry: 4 jobs" in refused.stderr
    assert refused.returncode == 2
    assert (first["done"], rest.returncode) == (1, 0)
    assert "retry: 3 chosen, 3 done, 0 skipped, 0 failed" in rest.stdout
    until(lambda: _done(service, "retry", "--state", "failed")["chosen"] == 0)


def test_a_filter_of_temporals_means_the_latest_run(service: Trial, late: tuple[Path, str], folder: Path) -> None:
    served, url = late
    client = client_of(service)
    mended, broken = _failed(client, url, 2)
    shutil.copy(folder / "short.wav", served / "speech.wav")
    _done(service, "retry", mended)
    client.finished(mended)
    query = ("--query", f"JobStatus = 'failed' AND JobKey = '{service.key.split('_')[1]}'")

    # Temporal's lists lag a little behind.
    told = until(lambda: (found := _done(service, "retry", *query, "--dry-run")) and found["chosen"] == 1 and found)
    sorted_ = _mouthpiece(service, "list", "--query", "JobStatus = 'failed' ORDER BY StartTime")
    wrong = _mouthpiece(service, "list", "--query", "Colour = 'red'")

    assert _ids(told) == {broken}
    assert (sorted_.returncode, wrong.returncode) == (1, 1)
    assert "Leave ORDER BY out" in sorted_.stderr
    assert "--query: Temporal does not take it" in wrong.stderr
    assert "Colour" in wrong.stderr
    _done(service, "delete", broken)


def test_jobs_that_wait_are_cancelled_together_and_removed(service: Trial, files: str) -> None:
    client, workers = client_of(service), service.pids("worker", "gpu")
    for pid in workers:
        os.kill(pid, signal.SIGSTOP)
    try:
        made = {client.image_job(f"{files}/face.png", f"{files}/short.wav", seed=seed) for seed in range(3)}
        listed = _mouthpiece(service, "list", "--state", "queued", "--state", "running", "--json")
        told = _done(service, "cancel", "--state", "queued", "--state", "running")
    finally:
        for pid in workers:
            os.kill(pid, signal.SIGCONT)
    assert [client.failure(job_id) for job_id in made] == ["cancelled"] * 3
    removed = until(lambda: (found := _done(service, "delete", "--state", "cancelled")) and found["done"] and found)

    assert {job["id"] for job in json.loads(listed.stdout)} == made
    assert _ids(told) == made
    assert _ids(removed) <= made
    assert not any((service.data / "blobs" / "jobs" / job_id).exists() for job_id in _ids(removed))


def test_many_histories_are_replayed_and_summed_up(service: Trial, files: str) -> None:
    client = client_of(service)
    for seed in range(2):
        client.finished(client.image_job(f"{files}/face.png", f"{files}/short.wav", seed=seed))

    answer = _mouthpiece(service, "replay", "--state", "succeeded")

    assert answer.returncode == 0
    assert ", 0 skipped, 0 failed" in answer.stdout
    assert answer.stdout.count("deterministic: all") >= 2


def test_a_job_that_has_ended_is_passed_over(service: Trial, files: str) -> None:
    client = client_of(service)
    job_id = client.image_job(f"{files}/face.png", f"{files}/short.wav")
    client.finished(job_id)

    told = _done(service, "cancel", job_id, "1")

    assert told["skipped"] == 2
