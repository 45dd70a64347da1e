"""Jobs whose output was removed for its age, in every dialect; and jobs that restored records owe a run."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from api.reconcile import reconcile
from api.services import Services
from contracts.jobs import JobView, Stage, Status
from contracts.retention import Phase
from contracts.steps import Delivery
from storage.retention import Retention
from tests.api.bodies import ASYNC_PATH, DEV, IMAGE_PATH, STUDIO, SUBMIT_PATH
from tests.api.conftest import NOW
from tests.fakes import FakeGateway
from tests.storage.requests import a_failure, a_success

pytestmark = pytest.mark.unit

LATER = NOW + timedelta(days=10)
GONE = f"the output is no longer kept: it was removed on {LATER:%Y-%m-%d}"


def finished(client: FlaskClient, services: Services, gateway: FakeGateway, tmp_path: Path, path: str) -> str:
    """Submit a job, end it well with an output, and return its id."""
    before = set(gateway.requests)
    assert client.post(path, json=STUDIO if path == IMAGE_PATH else DEV).status_code == 200
    [job_id] = set(gateway.requests) - before
    (tmp_path / "film").write_bytes(b"film")
    output = f"jobs/{job_id}/output.mp4"
    services.blobs.put(output, tmp_path / "film")
    outcome = replace(a_success(gateway.requests[job_id]), finished_at="2026-01-02T03:05:05Z")
    services.records.jobs.settle(outcome, 30)
    gateway.views[job_id] = JobView(
        job_id=job_id, status=Status.SUCCEEDED, stage=Stage.SETTLE, percent=100, output=output, credits=30
    )
    return job_id


def expire(services: Services) -> None:
    settings = replace(services.settings, keep_outputs_days=5, keep_inputs_days=5)
    retention = Retention(settings, services.records, services.blobs, lambda: LATER)
    for phase in Phase:
        retention.prune(phase, "", 100)


@pytest.mark.parametrize("is_forgotten", [False, True], ids=["temporal knows it", "only the records do"])
def test_every_dialect_says_that_the_output_is_gone(
    client: FlaskClient, services: Services, gateway: FakeGateway, tmp_path: Path, is_forgotten: bool
) -> None:
    studio, dev, task = (
        finished(client, services, gateway, tmp_path, path) for path in (IMAGE_PATH, SUBMIT_PATH, ASYNC_PATH)
    )
    expire(services)
    if is_forgotten:
        gateway.views.clear()

    job = client.get(f"/api/v1/jobs/{studio}").get_json()
    status = client.get(f"/api/v1/lipsync/status/{dev}").get_json()
    result = client.post("/api/getAsyncResult", json={"taskId": task}).get_json()

    assert (job["status"], job["state"], job["output"], job["error"]) == ("completed", "succeeded", None, GONE)
    assert (job["expired_at"], job["expires_at"], job["error_code"]) == (f"{LATER:%Y-%m-%dT%H:%M:%SZ}", None, None)
    assert (status["status"], status["outputUrl"], status["errorMessage"]) == ("completed", None, GONE)
    assert status["creditsUsed"] == 30
    assert result["data"]["task"]["status"] == 3
    assert result["data"]["task"]["reason"] == GONE
    assert result["data"]["videos"] == []
    listed = client.get("/api/v1/jobs").get_json()["jobs"]
    assert [found["output"] for found in listed] == [None] * 3


def test_a_link_that_still_runs_is_gone_with_its_output(
    client: FlaskClient, anyone: FlaskClient, services: Services, gateway: FakeGateway, tmp_path: Path
) -> None:
    job_id = finished(client, services, gateway, tmp_path, IMAGE_PATH)
    link = client.get(f"/api/v1/jobs/{job_id}").get_json()["output"].removeprefix(services.settings.public_url)
    assert anyone.get(link, buffered=True).data == b"film"
    assert client.get(f"/api/v1/jobs/{job_id}").get_json()["expired_at"] is None
    expire(services)

    answer = anyone.get(link)

    assert (answer.status_code, answer.content_type) == (410, "application/problem+json")
    assert answer.get_json()["detail"] == GONE
    assert answer.get_json()["remedy"] == "Submit the job again."


def test_a_link_to_an_output_that_is_gone_cannot_be_an_input(
    client: FlaskClient, services: Services, gateway: FakeGateway, tmp_path: Path
) -> None:
    job_id = finished(client, services, gateway, tmp_path, IMAGE_PATH)
    link = client.get(f"/api/v1/jobs/{job_id}").get_json()["output"]
    expire(services)

    answer = client.post(SUBMIT_PATH, json=DEV | {"srcVideoUrl": link})

    assert answer.status_code == 400
    assert "the file behind this link is gone" in answer.get_json()["errorMessage"]


def test_a_failed_job_without_its_inputs_is_run_again_from_the_start(
    client: FlaskClient, services: Services, gateway: FakeGateway, tmp_path: Path
) -> None:
    job_id = finished(client, services, gateway, tmp_path, IMAGE_PATH)
    services.records.jobs.settle(replace(a_failure(gateway.requests[job_id])), 0)
    gateway.views[job_id] = replace(gateway.views[job_id], status=Status.FAILED, output="")
    expire(services)

    answer = client.post(f"/api/v1/jobs/{job_id}/retry")

    assert answer.status_code == 202
    assert gateway.retried == [(job_id, True)]
    found = services.records.jobs.find(job_id)
    assert found is not None
    assert found.inputs_expired_at == ""


def test_a_job_whose_files_are_on_their_way_out_cannot_be_run_again(
    client: FlaskClient, services: Services, gateway: FakeGateway, tmp_path: Path
) -> None:
    job_id = finished(client, services, gateway, tmp_path, IMAGE_PATH)
    services.records.jobs.settle(a_failure(gateway.requests[job_id]), 0)
    gateway.views[job_id] = replace(gateway.views[job_id], status=Status.FAILED, output="")
    [job] = services.records.expiry.with_inputs("2027")
    assert services.records.expiry.claim_inputs(job, "2026-06-01T00:00:00Z")

    answer = client.post(f"/api/v1/jobs/{job_id}/retry")

    assert (answer.status_code, answer.get_json()["code"]) == (409, "conflict")
    assert "are being removed" in answer.get_json()["detail"]


def test_owed_jobs_are_started_and_owed_webhooks_sent_off_once(
    client: FlaskClient, services: Services, gateway: FakeGateway
) -> None:
    client.post(IMAGE_PATH, json=STUDIO)
    [job_id] = gateway.requests
    delivery = Delivery(delivery_id="msg_1", job_id="j", key_id="k", url="https://example.com", body="{}")
    services.records.deliveries.open(delivery, "2026-01-02T03:04:05Z")
    services.records.deliveries.open(replace(delivery, delivery_id="msg_old"), "2025-01-02T03:04:05Z")
    services.records.owed.owe_all()
    gateway.requests.clear()
    gateway.views.clear()
    waiting = client.get(f"/api/v1/jobs/{job_id}").get_json()

    for _ in range(2):
        reconcile(services.records, gateway, NOW)

    assert waiting["state"] == "queued"
    assert list(gateway.requests) == [job_id]
    assert gateway.redelivered == [delivery]
    assert (services.records.owed.jobs(), services.records.owed.webhooks()) == ([], [])
    found = services.records.jobs.find(job_id)
    assert found is not None
    assert found.is_started


def test_an_owed_webhook_of_a_disabled_endpoint_is_let_go(services: Services, gateway: FakeGateway) -> None:
    delivery = Delivery(delivery_id="msg_1", job_id="j", key_id="k", url="https://example.com", body="{}")
    services.records.deliveries.open(delivery, "2026-01-02T03:04:05Z")
    services.records.endpoints.disable("k", delivery.url, "msg_0", "2026-01-02T03:04:05Z")
    services.records.owed.owe_all()

    reconcile(services.records, gateway, NOW)

    assert gateway.redelivered == []
    assert services.records.owed.webhooks() == []
