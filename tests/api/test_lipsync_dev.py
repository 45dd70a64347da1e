"""The LipSync.dev dialect, field by field."""

from dataclasses import replace

import pytest
from flask.testing import FlaskClient

from contracts.jobs import Dialect, JobError, JobView, MediaRef, OutputOptions, Role, Script, Status
from storage.records import Records
from tests.api.bodies import DEV, GENERATE, GENERATE_PATH, SUBMIT_PATH, Body, changed, without
from tests.api.test_lipsync_studio import done
from tests.fakes import FakeGateway
from tests.storage.requests import a_success

pytestmark = pytest.mark.unit


def submitted(client: FlaskClient, body: Body = DEV) -> int:
    answer = client.post(SUBMIT_PATH, json=body)
    assert answer.status_code == 200, answer.text
    number: int = answer.get_json()["jobId"]
    return number


def only_job(gateway: FakeGateway) -> str:
    (job_id,) = gateway.requests
    return job_id


def settle(gateway: FakeGateway, **fields: object) -> None:
    job_id = only_job(gateway)
    gateway.views[job_id] = replace(done(job_id), **fields)  # type: ignore[arg-type]


def test_a_submitted_job_is_answered_with_a_number_and_an_estimate(client: FlaskClient) -> None:
    answer = client.post(SUBMIT_PATH, json=DEV)

    assert list(answer.get_json()) == ["jobId", "status", "estimatedCredits", "createdAt"]
    assert answer.get_json() == {
        "jobId": 1,
        "status": "processing",
        "estimatedCredits": 20,
        "createdAt": "2026-01-02T03:04:05Z",
    }


def test_jobs_are_numbered_in_sequence(client: FlaskClient) -> None:
    assert [submitted(client) for _ in range(3)] == [1, 2, 3]


def test_a_small_output_is_estimated_at_the_small_rate(client: FlaskClient) -> None:
    body = changed(changed(DEV, "videoParams.video_width", 854), "videoParams.video_height", 480)

    assert client.post(SUBMIT_PATH, json=body).get_json()["estimatedCredits"] == 10


def test_a_request_says_all_that_the_client_said(client: FlaskClient, gateway: FakeGateway) -> None:
    submitted(client)

    request = gateway.requests[only_job(gateway)]
    assert request.dialect is Dialect.LIPSYNC_DEV
    assert request.source == MediaRef(role=Role.VIDEO, field="srcVideoUrl", url="https://example.com/video.mp4")
    assert request.audio == MediaRef(role=Role.AUDIO, field="audioUrl", url="https://example.com/audio.mp3")
    assert request.vocal == MediaRef(role=Role.AUDIO, field="vocalAudioUrl", url="https://example.com/vocal.mp3")
    assert request.options == OutputOptions(fps=25.0, enhance=True)
    assert request.warnings == ()


def test_a_size_and_the_original_rate_can_be_asked_for(client: FlaskClient, gateway: FakeGateway) -> None:
    params = {"video_width": 640, "video_height": 0, "video_enhance": 0, "fps": "original"}
    submitted(client, changed(DEV, "videoParams", params))

    request = gateway.requests[only_job(gateway)]
    assert request.options == OutputOptions(width_px=640)
    assert request.warnings == ()


def test_empty_video_params_keep_everything(client: FlaskClient, gateway: FakeGateway) -> None:
    submitted(client, without(changed(DEV, "videoParams", {}), "vocalAudioUrl"))

    request = gateway.requests[only_job(gateway)]
    assert request.options == OutputOptions()
    assert request.vocal is None


@pytest.mark.parametrize(
    "field", ["videoParams.video_width", "videoParams.video_height", "videoParams.video_enhance", "videoParams.fps"]
)
def test_null_stands_for_an_absent_parameter(client: FlaskClient, gateway: FakeGateway, field: str) -> None:
    submitted(client, changed(DEV, field, None))

    options = gateway.requests[only_job(gateway)].options
    assert options.fps == (0.0 if field == "videoParams.fps" else 25.0)
    assert options.enhance == (field != "videoParams.video_enhance")
    assert (options.width_px, options.height_px) == (0, 0)


def test_a_script_is_answered_with_the_number_of_its_job(client: FlaskClient) -> None:
    answer = client.post(GENERATE_PATH, json=GENERATE)

    assert answer.status_code == 200, answer.text
    assert list(answer.get_json()) == ["job_id", "status", "estimatedCredits", "createdAt"]
    assert answer.get_json() | {"estimatedCredits": 0} == {
        "job_id": 1,
        "status": "processing",
        "estimatedCredits": 0,
        "createdAt": "2026-01-02T03:04:05Z",
    }


def test_a_script_is_spoken_by_the_voice_asked_for(client: FlaskClient, gateway: FakeGateway) -> None:
    client.post(GENERATE_PATH, json=GENERATE)

    request = gateway.requests[only_job(gateway)]
    assert request.dialect is Dialect.LIPSYNC_DEV
    assert request.model == "generate"
    assert request.source == MediaRef(role=Role.IMAGE, field="image_url", url="https://example.com/person.jpg")
    assert request.script == Script(text="Hello world!", voice_id="voice_english_female_01")
    assert request.audio is None
    assert request.options == OutputOptions(short_side_px=720)


def test_a_longer_script_is_estimated_to_cost_more(client: FlaskClient) -> None:
    estimates = [
        client.post(GENERATE_PATH, json=changed(GENERATE, "script", "Hello world! " * times)).get_json()
        for times in (1, 50)
    ]

    assert estimates[0]["estimatedCredits"] == 20
    assert estimates[1]["estimatedCredits"] > 100


def test_the_job_of_a_script_is_asked_after_like_any_other(client: FlaskClient) -> None:
    number = client.post(GENERATE_PATH, json=GENERATE).get_json()["job_id"]

    assert client.get(f"/v1/lipsync/status/{number}").get_json()["jobId"] == number


def test_a_job_can_be_asked_after_by_its_uuid(client: FlaskClient, gateway: FakeGateway) -> None:
    number = submitted(client)

    for job_id in (only_job(gateway), only_job(gateway).replace("-", "").upper()):
        assert client.get(f"/api/v1/lipsync/status/{job_id}").get_json()["jobId"] == number


def test_a_waiting_job_is_pending(client: FlaskClient) -> None:
    number = submitted(client)

    answer = client.get(f"/api/v1/lipsync/status/{number}")

    assert list(answer.get_json()) == ["jobId", "status", "createdAt", "outputUrl", "creditsUsed", "errorMessage"]
    assert answer.get_json() == {
        "jobId": number,
        "status": "pending",
        "createdAt": "2026-01-02T03:04:05Z",
        "outputUrl": None,
        "creditsUsed": 0,
        "errorMessage": None,
    }


def test_a_running_job_is_processing(client: FlaskClient, gateway: FakeGateway) -> None:
    number = submitted(client)
    settle(gateway, status=Status.RUNNING, output="")

    assert client.get(f"/api/v1/lipsync/status/{number}").get_json()["status"] == "processing"


def test_a_completed_job_shows_its_output_and_what_it_cost(client: FlaskClient, gateway: FakeGateway) -> None:
    number = submitted(client)
    settle(gateway, credits=38)

    answer = client.get(f"/api/v1/lipsync/status/{number}").get_json()

    assert answer["outputUrl"].startswith("http://127.0.0.1:8080/files/")
    assert (answer["status"], answer["creditsUsed"], answer["errorMessage"]) == ("completed", 38, None)


def test_a_failed_job_says_why_and_costs_nothing(client: FlaskClient, gateway: FakeGateway) -> None:
    number = submitted(client)
    settle(
        gateway, status=Status.FAILED, output="", error=JobError(code="no_face", message="srcVideoUrl: no face found")
    )

    answer = client.get(f"/api/v1/lipsync/status/{number}").get_json()

    assert (answer["status"], answer["creditsUsed"], answer["outputUrl"]) == ("failed", 0, None)
    assert answer["errorMessage"] == "srcVideoUrl: no face found"


def test_a_cancelled_job_has_failed_as_cancelled(client: FlaskClient, gateway: FakeGateway) -> None:
    number = submitted(client)
    settle(gateway, status=Status.CANCELLED, output="")

    answer = client.get(f"/api/v1/lipsync/status/{number}").get_json()

    assert (answer["status"], answer["errorMessage"]) == ("failed", "cancelled")


def test_a_job_of_another_key_is_not_found(client: FlaskClient, stranger: FlaskClient) -> None:
    answer = stranger.get(f"/api/v1/lipsync/status/{submitted(client)}")

    assert answer.status_code == 404
    assert answer.get_json()["errorCode"] == "not_found"


@pytest.mark.parametrize("number", ["99", "0", "-1", "x", "9" * 40])
def test_a_number_that_no_job_has_is_not_found(client: FlaskClient, number: str) -> None:
    answer = client.get(f"/api/v1/lipsync/status/{number}")

    assert answer.status_code == 404
    assert answer.get_json()["errorCode"] == "not_found"


def test_a_started_job_that_temporal_has_lost_has_failed(client: FlaskClient, gateway: FakeGateway) -> None:
    number = submitted(client)
    gateway.views.clear()

    answer = client.get(f"/api/v1/lipsync/status/{number}").get_json()

    assert (answer["status"], answer["errorMessage"]) == ("failed", "the job is no longer known to the queue")


def test_the_records_answer_for_a_job_that_temporal_no_longer_keeps(
    client: FlaskClient, gateway: FakeGateway, records: Records
) -> None:
    number = submitted(client)
    view: JobView = done(only_job(gateway))
    records.jobs.settle(a_success(gateway.requests[view.job_id]), credits=38)
    gateway.views.clear()

    answer = client.get(f"/api/v1/lipsync/status/{number}").get_json()

    assert (answer["status"], answer["creditsUsed"]) == ("completed", 38)
    assert answer["outputUrl"].endswith(f"/{view.job_id}.mp4")
