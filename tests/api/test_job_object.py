"""The job object: one for every answer about a job."""

import pytest
from flask.testing import FlaskClient

from api.job_object import JobObjectSchema
from api.services import Services
from contracts.jobs import Status
from tests.api.bodies import STUDIO_VIDEO, VIDEO_PATH
from tests.api.jobs import ended, running, submitted
from tests.fakes import FakeGateway

pytestmark = pytest.mark.unit


def test_a_waiting_job_says_all_there_is_to_say_of_it(client: FlaskClient) -> None:
    job_id = submitted(client)
    job = f"http://127.0.0.1:8080/api/v1/jobs/{job_id}"

    answer = client.get(f"/api/v1/jobs/{job_id}").get_json()

    assert dict(list(answer.items())[7:]) == {
        "number": 1,
        "kind": "lipsync-image",
        "engine": "articulate",
        "state": "queued",
        "stage": "fetch",
        "percent": 0,
        "queue_position": 0,
        "eta_s": None,
        "estimated_credits": 20,
        "credits": 0,
        "created_at": "2026-01-02T03:04:05Z",
        "started_at": None,
        "finished_at": None,
        "expires_at": None,
        "expired_at": None,
        "source": None,
        "sync_mode": None,
        "warnings": [],
        "error_code": None,
        "batch_id": None,
        "urls": {
            "self": job,
            "cancel": f"{job}/cancel",
            "retry": f"{job}/retry",
            "events": f"{job}/events",
            "deliveries": f"{job}/deliveries",
        },
    }


def test_the_object_has_the_fields_of_its_schema(client: FlaskClient) -> None:
    answer = client.get(f"/api/v1/jobs/{submitted(client)}").get_json()

    assert list(answer) == list(JobObjectSchema().fields)


@pytest.mark.parametrize(("asked", "said"), [({}, "bounce"), ({"sync_mode": "loop"}, "loop")])
def test_a_job_of_a_video_says_what_the_video_does_where_its_sound_is_longer(
    client: FlaskClient, asked: dict[str, str], said: str
) -> None:
    state = {**STUDIO_VIDEO["formState"], **asked}  # type: ignore[dict-item]
    job_id = submitted(client, {"formState": state}, VIDEO_PATH)

    job = client.get(f"/api/v1/jobs/{job_id}").get_json()

    assert (job["kind"], job["model"], job["sync_mode"]) == ("lipsync-video", "lipsync", said)


def test_a_finished_job_says_when_its_link_stops_working(
    client: FlaskClient, gateway: FakeGateway, services: Services
) -> None:
    job_id = submitted(client)
    ended(services, gateway, job_id, Status.SUCCEEDED)

    job = client.get(f"/api/v1/jobs/{job_id}").get_json()

    assert job["expires_at"] == "2026-01-09T03:04:05Z"
    assert (job["state"], job["percent"], job["credits"], job["queue_position"], job["eta_s"]) == (
        *("succeeded", 100, 20),
        *(None, None),
    )


def test_a_failed_job_says_at_which_stage_and_why(
    client: FlaskClient, gateway: FakeGateway, services: Services
) -> None:
    job_id = submitted(client)
    ended(services, gateway, job_id, Status.FAILED)

    job = client.get(f"/api/v1/jobs/{job_id}").get_json()

    assert (job["state"], job["stage"], job["error_code"], job["expires_at"]) == ("failed", "render", "no_face", None)


def test_the_place_in_the_queue_counts_the_jobs_before_that_have_not_ended(
    client: FlaskClient, stranger: FlaskClient, gateway: FakeGateway, services: Services
) -> None:
    ended(services, gateway, submitted(client), Status.FAILED)
    running(gateway, submitted(client))
    submitted(stranger)

    assert client.get(f"/api/v1/jobs/{submitted(client)}").get_json()["queue_position"] == 2


def test_a_running_job_has_nobody_before_it(client: FlaskClient, gateway: FakeGateway) -> None:
    submitted(client)
    job_id = submitted(client)
    running(gateway, job_id)

    assert client.get(f"/api/v1/jobs/{job_id}").get_json()["queue_position"] == 0


def test_how_long_it_takes_is_told_from_jobs_that_are_done(
    client: FlaskClient, gateway: FakeGateway, services: Services
) -> None:
    ended(services, gateway, submitted(client), Status.SUCCEEDED, execution_ms=60_000)
    half, waiting = submitted(client), submitted(client)
    running(gateway, half, percent=50)

    etas = [client.get(f"/api/v1/jobs/{job_id}").get_json()["eta_s"] for job_id in (half, waiting)]

    assert etas == [30, 120]


@pytest.mark.parametrize("form", ["{id}", "{hex}", "{number}"])
def test_a_job_is_found_by_its_id_with_or_without_dashes_and_by_its_number(client: FlaskClient, form: str) -> None:
    job_id = submitted(client)
    number = client.get(f"/api/v1/jobs/{job_id}").get_json()["number"]

    answer = client.get("/api/v1/jobs/" + form.format(id=job_id, hex=job_id.replace("-", ""), number=number))

    assert answer.get_json()["id"] == job_id


@pytest.mark.parametrize("reference", ["0", "99", "9" * 19, "9" * 30, "-1", "1.0", "x"])
def test_a_number_that_no_job_has_is_not_found(client: FlaskClient, reference: str) -> None:
    submitted(client)

    assert client.get(f"/api/v1/jobs/{reference}").status_code == 404
