"""A key's jobs: lists, cancellation, retry and deletion."""

from pathlib import Path

import pytest
from flask.testing import FlaskClient

from api.job_pages import write_cursor
from api.services import Services
from contracts.errors import Unavailable
from contracts.jobs import Status
from contracts.steps import Delivery
from storage.deliveries import WebhookState
from tests.api.bodies import STUDIO_VIDEO, VIDEO_PATH
from tests.api.jobs import NO_FACE, ended, running, submitted
from tests.fakes import FakeGateway

pytestmark = pytest.mark.unit

JOBS = "/api/v1/jobs"


def listed(client: FlaskClient, query: str = "") -> list[str]:
    answer = client.get(JOBS + query)
    assert answer.status_code == 200, answer.text
    return [job["id"] for job in answer.get_json()["jobs"]]


def test_a_list_holds_the_keys_own_jobs_newest_first(client: FlaskClient, stranger: FlaskClient) -> None:
    mine = [submitted(client) for _ in range(3)]
    submitted(stranger)

    assert listed(client) == mine[::-1]


def test_a_listed_job_is_the_same_object_as_a_job_asked_for(
    client: FlaskClient, gateway: FakeGateway, services: Services
) -> None:
    ids = [submitted(client) for _ in range(4)]
    running(gateway, ids[1])
    ended(services, gateway, ids[2], Status.SUCCEEDED)
    ended(services, gateway, ids[3], Status.FAILED)

    jobs = client.get(JOBS).get_json()["jobs"]

    assert jobs == [client.get(f"{JOBS}/{job_id}").get_json() for job_id in ids[::-1]]


def test_pages_follow_each_other_by_cursor(client: FlaskClient) -> None:
    ids = [submitted(client) for _ in range(5)]
    pages = [client.get(f"{JOBS}?limit=2").get_json()]
    while cursor := pages[-1]["next_cursor"]:
        pages.append(client.get(f"{JOBS}?limit=2&cursor={cursor}").get_json())

    assert [[job["id"] for job in page["jobs"]] for page in pages] == [ids[:2:-1], ids[2:0:-1], ids[:1]]


def test_jobs_submitted_meanwhile_do_not_disturb_the_pages(client: FlaskClient) -> None:
    ids = [submitted(client) for _ in range(4)]
    page = client.get(f"{JOBS}?limit=2").get_json()
    submitted(client)

    assert listed(client, f"?limit=2&cursor={page['next_cursor']}") == ids[1::-1]


@pytest.mark.parametrize("state", Status)
def test_a_list_can_be_narrowed_to_any_state(
    client: FlaskClient, gateway: FakeGateway, services: Services, state: Status
) -> None:
    jobs = {Status.QUEUED: submitted(client), Status.RUNNING: submitted(client)}
    running(gateway, jobs[Status.RUNNING])
    for status in (Status.SUCCEEDED, Status.FAILED, Status.CANCELLED):
        jobs[status] = submitted(client)
        ended(services, gateway, jobs[status], status)

    assert listed(client, f"?state={state}") == [jobs[state]]


def test_a_page_of_running_jobs_is_filled_from_among_many_that_wait(client: FlaskClient, gateway: FakeGateway) -> None:
    ids = [submitted(client) for _ in range(30)]
    for job_id in ids[:2]:
        running(gateway, job_id)

    assert listed(client, "?state=running&limit=2") == ids[1::-1]


def test_how_many_jobs_are_looked_at_for_one_page_is_bounded(
    client: FlaskClient, gateway: FakeGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.job_pages.MOST_LOOKED_AT", 4)
    ids = [submitted(client) for _ in range(7)]
    running(gateway, ids[0])

    first = client.get(f"{JOBS}?state=running&limit=2").get_json()

    assert first["jobs"] == []
    assert listed(client, f"?state=running&limit=2&cursor={first['next_cursor']}") == ids[:1]


def test_a_list_can_be_narrowed_to_a_model_and_a_time(client: FlaskClient) -> None:
    image, video = submitted(client), submitted(client, STUDIO_VIDEO, VIDEO_PATH)

    assert listed(client, "?model=lipsync-video") == [video]
    assert listed(client, "?created_after=2026-01-02T03:04:05Z") == [video, image]
    assert listed(client, "?created_after=2026-01-02T04:04:06%2B01:00") == []
    assert listed(client, "?created_before=2026-01-02T03:04:05Z") == []
    assert listed(client, "?created_before=2026-01-03") == [video, image]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=ten", "limit"),
        ("limit=1.5", "limit"),
        ("state=done", "state"),
        ("cursor=nonsense", "cursor"),
        ("cursor=%F0%9F%98%80", "cursor"),
        (f"cursor={write_cursor(0)}", "cursor"),
        (f"cursor={write_cursor(2**63)}", "cursor"),
        ("created_after=yesterday", "created_after"),
        ("created_before=0001-01-01T00:00:00%2B14:00", "created_before"),
    ],
)
def test_a_parameter_that_cannot_be_read_is_refused(client: FlaskClient, query: str, field: str) -> None:
    answer = client.get(f"{JOBS}?{query}")

    assert answer.status_code == 400
    assert (answer.get_json()["field"], answer.get_json()["code"]) == (field, "invalid_request")


def test_a_list_of_jobs_that_succeeded_needs_no_temporal(
    client: FlaskClient, gateway: FakeGateway, services: Services
) -> None:
    job_id = submitted(client)
    ended(services, gateway, job_id, Status.SUCCEEDED)
    gateway.is_down = True

    assert listed(client) == [job_id]


def test_a_job_that_goes_on_can_be_cancelled(client: FlaskClient, gateway: FakeGateway) -> None:
    job_id = submitted(client)

    answer = client.post(f"{JOBS}/{job_id}/cancel")

    assert answer.status_code == 202
    assert (answer.get_json()["id"], answer.get_json()["state"]) == (job_id, "cancelled")
    assert gateway.views[job_id].status is Status.CANCELLED


def test_cancelling_twice_is_no_fault(client: FlaskClient) -> None:
    job_id = submitted(client)

    answers = [client.post(f"{JOBS}/{job_id}/cancel") for _ in range(2)]

    assert [answer.status_code for answer in answers] == [202, 202]


@pytest.mark.parametrize("status", [Status.SUCCEEDED, Status.FAILED])
def test_an_ended_job_cannot_be_cancelled(
    client: FlaskClient, gateway: FakeGateway, services: Services, status: Status
) -> None:
    job_id = submitted(client)
    ended(services, gateway, job_id, status)

    answer = client.post(f"{JOBS}/{job_id}/cancel")

    assert (answer.status_code, answer.get_json()["code"]) == (409, "conflict")
    assert answer.content_type == "application/problem+json"


@pytest.mark.parametrize("status", [Status.FAILED, Status.CANCELLED])
def test_a_job_that_brought_nothing_can_be_run_again(
    client: FlaskClient, gateway: FakeGateway, services: Services, status: Status
) -> None:
    job_id = submitted(client)
    ended(services, gateway, job_id, status)

    answer = client.post(f"{JOBS}/{job_id}/retry")

    assert answer.status_code == 202
    job = answer.get_json()
    assert (job["state"], job["error_code"], job["finished_at"]) == ("queued", None, None)
    assert gateway.retried == [(job_id, False)]
    record = services.records.jobs.find(job_id)
    assert record is not None
    assert (record.status, record.error) == (Status.QUEUED, None)


def test_the_credits_of_a_job_that_is_run_again_are_reserved_again(
    client: FlaskClient, gateway: FakeGateway, services: Services
) -> None:
    job_id = submitted(client)
    ended(services, gateway, job_id, Status.FAILED)
    record = services.records.jobs.find(job_id)
    assert record is not None
    before = services.records.ledger.balance(record.key_id)

    client.post(f"{JOBS}/{job_id}/retry")

    assert (before.reserved, services.records.ledger.balance(record.key_id).reserved) == (0, 20)


@pytest.mark.parametrize("status", [Status.QUEUED, Status.RUNNING, Status.SUCCEEDED])
def test_any_other_job_cannot_be_run_again(
    client: FlaskClient, gateway: FakeGateway, services: Services, status: Status
) -> None:
    job_id = submitted(client)
    if status is Status.RUNNING:
        running(gateway, job_id)
    elif status is Status.SUCCEEDED:
        ended(services, gateway, job_id, status)

    answer = client.post(f"{JOBS}/{job_id}/retry")

    assert (answer.status_code, answer.get_json()["code"]) == (409, "conflict")
    assert gateway.retried == []


def test_a_job_that_an_operator_terminated_can_be_run_again(
    client: FlaskClient, gateway: FakeGateway, services: Services
) -> None:
    job_id = submitted(client)
    gateway.cancel(job_id)

    answer = client.post(f"{JOBS}/{job_id}/retry")

    assert (answer.status_code, answer.get_json()["state"]) == (202, "queued")


def test_a_job_that_temporal_no_longer_has_stays_as_it_was(
    client: FlaskClient, gateway: FakeGateway, services: Services
) -> None:
    job_id = submitted(client)
    ended(services, gateway, job_id, Status.FAILED)
    del gateway.views[job_id]

    answer = client.post(f"{JOBS}/{job_id}/retry")

    assert answer.status_code == 404
    job = client.get(f"{JOBS}/{job_id}").get_json()
    assert (job["state"], job["error_code"]) == ("failed", "no_face")


def test_a_job_whose_end_nobody_knows_cannot_be_run_again(client: FlaskClient, gateway: FakeGateway) -> None:
    job_id = submitted(client)
    del gateway.views[job_id]

    answer = client.post(f"{JOBS}/{job_id}/retry")

    assert (answer.status_code, answer.get_json()["code"]) == (404, "not_found")
    assert answer.get_json()["remedy"] == "Submit it again."


def test_a_retry_that_ended_before_temporal_answered_keeps_its_end_and_its_charge(
    client: FlaskClient, gateway: FakeGateway, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = submitted(client)
    ended(services, gateway, job_id, Status.FAILED)

    def unanswered(job_id: str, from_start: bool) -> None:
        ended(services, gateway, job_id, Status.SUCCEEDED)
        raise Unavailable("no answer")

    monkeypatch.setattr(gateway, "retry", unanswered)

    assert client.post(f"{JOBS}/{job_id}/retry").status_code == 503
    record = services.records.jobs.find(job_id)
    assert record is not None
    assert (record.status, record.error) == (Status.SUCCEEDED, None)
    assert services.records.ledger.balance(record.key_id).used == 20


def test_a_deleted_job_is_gone_with_its_files_and_webhooks(
    client: FlaskClient, gateway: FakeGateway, services: Services, tmp_path: Path
) -> None:
    job_id = submitted(client)
    ended(services, gateway, job_id, Status.SUCCEEDED)
    for name in (f"jobs/{job_id}/output.mp4", f"jobs/{job_id}/inputs/audio-1", "uploads/mine/file"):
        (tmp_path / "file").write_bytes(b"x")
        services.blobs.put(name, tmp_path / "file")
    services.records.deliveries.open(webhook_of(job_id), "2026-01-02T03:05:05Z")
    services.records.deliveries.log(webhook_of(job_id), "2026-01-02T03:05:06Z", 200, 9, "", WebhookState.DELIVERED)

    answer = client.delete(f"{JOBS}/{job_id}")

    assert (answer.status_code, answer.data) == (204, b"")
    assert client.get(f"{JOBS}/{job_id}").status_code == 404
    assert client.delete(f"{JOBS}/{job_id}").status_code == 404
    assert listed(client) == []
    assert not services.blobs.exists(f"jobs/{job_id}/output.mp4")
    assert not services.blobs.exists(f"jobs/{job_id}/inputs/audio-1")
    assert services.blobs.exists("uploads/mine/file")
    assert gateway.forgotten == [(job_id, ("msg_1",))]
    assert services.records.deliveries.list(job_id) == []


def test_what_a_deleted_job_cost_stays(client: FlaskClient, gateway: FakeGateway, services: Services) -> None:
    job_id = submitted(client)
    ended(services, gateway, job_id, Status.SUCCEEDED)
    record = services.records.jobs.find(job_id)
    assert record is not None

    client.delete(f"{JOBS}/{job_id}")

    assert services.records.ledger.balance(record.key_id).used == 20


def test_a_job_that_goes_on_cannot_be_deleted(client: FlaskClient) -> None:
    job_id = submitted(client)

    answer = client.delete(f"{JOBS}/{job_id}")

    assert (answer.status_code, answer.get_json()["code"]) == (409, "conflict")
    assert listed(client) == [job_id]


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/cancel"), ("POST", "/retry"), ("DELETE", ""), ("GET", "/deliveries")]
)
def test_another_keys_job_is_not_found(client: FlaskClient, stranger: FlaskClient, method: str, path: str) -> None:
    answer = stranger.open(f"{JOBS}/{submitted(client)}{path}", method=method)

    assert (answer.status_code, answer.content_type) == (404, "application/problem+json")


@pytest.mark.parametrize(("method", "path"), [("POST", "/cancel"), ("POST", "/retry"), ("DELETE", "")])
def test_without_temporal_nothing_is_done_to_a_job(
    client: FlaskClient, gateway: FakeGateway, services: Services, method: str, path: str
) -> None:
    job_id = submitted(client)
    ended(services, gateway, job_id, Status.FAILED)
    gateway.is_down = True

    answer = client.open(f"{JOBS}/{job_id}{path}", method=method)

    assert answer.status_code == 503
    record = services.records.jobs.find(job_id)
    assert record is not None
    assert (record.status, record.error) == (Status.FAILED, NO_FACE)


def webhook_of(job_id: str) -> Delivery:
    return Delivery(delivery_id="msg_1", job_id=job_id, key_id="k", url="https://example.com/hook", body="{}")
