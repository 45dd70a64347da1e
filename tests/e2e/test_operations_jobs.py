"""The commands of docs/operations.md that look after jobs, webhooks and data, run as they stand there."""

import json
import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler

import pytest

from scripts.listening import listening
from scripts.trial import TRIVIAL_ENGINE, Trial, running
from tests.e2e.client import Client, client_of, until
from tests.pages import Shell

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trial]:
    with running(TRIVIAL_ENGINE, log=tmp_path_factory.mktemp("operations") / "service.log") as trial:
        yield trial


@pytest.fixture(scope="module")
def operator(service: Trial, tmp_path_factory: pytest.TempPathFactory) -> Shell:
    """The shell of somebody who looks after the service."""
    address = json.loads((service.data / "stack.json").read_text(encoding="utf-8"))["temporal"]
    settings = {"MOUTHPIECE_DATA_DIR": str(service.data), "TEMPORAL_ADDRESS": address}
    return Shell(tmp_path_factory.mktemp("shell"), TRIVIAL_ENGINE | settings)


@dataclass
class Receiver:
    """Takes webhooks with the answer that is set, and keeps their ids."""

    answer: int = 204
    taken: list[str] = field(default_factory=list)

    def handler(self, *arguments: object) -> BaseHTTPRequestHandler:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                receiver.taken.append(str(self.headers["webhook-id"]))
                self.send_response(receiver.answer)
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                pass

        return Handler(*arguments)  # type: ignore[arg-type]


def _job(client: Client, files: str, webhook: str = "") -> str:
    return client.image_job(f"{files}/face.png", f"{files}/short.wav", webhook=webhook)


def test_jobs_are_looked_after(service: Trial, operator: Shell, files: str) -> None:
    client, receiver = client_of(service), Receiver()
    with listening(receiver.handler) as hook:
        job_id = _job(client, files, webhook=hook)
        client.finished(job_id)
        until(lambda: receiver.taken)

        assert job_id in operator.run("mouthpiece jobs list")
        assert "succeeded" in operator.run("mouthpiece jobs show JOB", {"JOB": job_id})
        assert "deterministic: all" in operator.run("mouthpiece jobs replay JOB", {"JOB": job_id})
        assert "sent off msg_" in operator.run("mouthpiece jobs redeliver JOB", {"JOB": job_id})
        until(lambda: len(receiver.taken) >= 2)
        assert len(set(receiver.taken)) == 1
        assert "runs again from start" in operator.run("mouthpiece jobs retry JOB", {"JOB": job_id})
        until(lambda: len(set(receiver.taken)) == 2)


def test_many_jobs_are_looked_after(service: Trial, operator: Shell, files: str) -> None:
    client = client_of(service)
    failed = [client.image_job(f"{files}/face.png", f"{files}/missing.wav", seed=seed) for seed in range(4)]
    assert all(client.failure(job_id) for job_id in failed)

    told = operator.block(
        "mouthpiece jobs list --state failed --since 2h",
        {"error-code unavailable": "error-code fetch_failed"},
    )
    replayed = operator.run("mouthpiece jobs replay --state running")

    assert "retry: 4 jobs" in told
    assert "retry: 3 chosen, 3 done, 0 skipped, 0 failed" in told
    assert "replay: " in replayed
    assert all(client.failure(job_id) for job_id in failed)


def test_a_job_is_cancelled(service: Trial, operator: Shell, files: str) -> None:
    client, workers = client_of(service), service.pids("worker", "gpu")
    for pid in workers:
        os.kill(pid, signal.SIGSTOP)
    try:
        job_id = _job(client, files)
        told = operator.run("mouthpiece jobs cancel JOB", {"JOB": job_id})
    finally:
        for pid in workers:
            os.kill(pid, signal.SIGCONT)

    assert "to stop" in told
    assert client.failure(job_id) == "cancelled"


def test_webhooks_are_looked_after(service: Trial, operator: Shell, files: str) -> None:
    client, receiver, key = client_of(service), Receiver(answer=410), service.key.split("_")[1]
    with listening(receiver.handler) as hook:
        client.finished(_job(client, files, webhook=hook))
        until(lambda: receiver.taken)

        def listed() -> str:
            found = operator.block("mouthpiece webhooks list --state failed")
            return found if hook in found else ""

        told = until(listed)
        kept = _job(client, files, webhook=hook)
        client.finished(kept)
        shown = operator.run("mouthpiece webhooks show ID", {"ID": receiver.taken[0]})
        receiver.answer = 204
        enabled = operator.run("mouthpiece webhooks enable URL --key KEY", {"URL": hook, "KEY": key})
        until(lambda: operator.run("mouthpiece webhooks redeliver --all --kept") and len(set(receiver.taken)) == 2)
        tested = operator.run("mouthpiece webhooks test URL --key KEY", {"URL": hook, "KEY": key})
    rotated = operator.run("mouthpiece webhooks rotate --key KEY", {"KEY": key})

    assert "sent off 0" in told
    assert "HTTP 410" in shown
    assert enabled.startswith(f"enabled {hook}")
    assert tested.startswith("HTTP 204")
    assert "whsec_" in rotated


def test_data_is_looked_after(service: Trial, operator: Shell, files: str) -> None:
    client = client_of(service)
    client.finished(_job(client, files))

    operator.block("mouthpiece data prune --dry-run")
    operator.run(
        "temporal schedule toggle --pause --schedule-id mouthpiece-retention", {"--pause": "--pause --reason x"}
    )
    operator.run("mouthpiece data check")


def test_the_service_is_looked_at(service: Trial, operator: Shell, files: str) -> None:
    client = client_of(service)
    client.finished(_job(client, files))

    def counted() -> str:
        return operator.block(
            'temporal workflow count --query \'ExecutionStatus = "Running" AND WorkflowType = "LipsyncJob"\''
        )

    assert until(lambda: "Total: 0" in counted(), 20)
    assert "Total: 0" in operator.run(
        'temporal workflow count --query \'ExecutionStatus = "Running" AND StartTime < "2026-01-02T00:00:00Z"\''
    )
    assert "queue gpu" in operator.run("mouthpiece doctor")
    assert service.key.split("_")[1] in operator.run("mouthpiece keys list")
    assert operator.run("mouthpiece --version").startswith("mouthpiece, version ")
