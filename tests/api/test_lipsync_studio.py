"""The lipsync.studio dialect, field by field."""

import uuid
from dataclasses import replace

import pytest
from flask.testing import FlaskClient

from contracts.jobs import Dialect, JobError, JobView, MediaRef, OutputOptions, Role, SpeakerOrder, Stage, Status
from tests.api.bodies import (
    IMAGE_PATH,
    MULTI_PATH,
    STUDIO,
    STUDIO_MULTI,
    STUDIO_VIDEO,
    VIDEO_PATH,
    Body,
    changed,
    without,
)
from tests.fakes import FakeGateway

pytestmark = pytest.mark.unit

NO_JOB = "414f2500-1f74-4b90-9c85-08746e375293"

SEVEN = ["id", "model", "status", "output", "error", "executionTime", "timings"]


def submitted(client: FlaskClient, path: str = IMAGE_PATH, body: Body = STUDIO) -> str:
    answer = client.post(path, json=body)
    assert answer.status_code == 200, answer.text
    job_id: str = answer.get_json()["id"]
    return job_id


def test_a_submitted_job_is_answered_with_its_id_and_that_it_is_processing(client: FlaskClient) -> None:
    answer = client.post(IMAGE_PATH, json=STUDIO)

    assert list(answer.get_json()) == ["id", "status"]
    assert str(uuid.UUID(answer.get_json()["id"])) == answer.get_json()["id"]
    assert answer.get_json()["status"] == "processing"


def test_a_portrait_request_says_all_that_the_client_said(client: FlaskClient, gateway: FakeGateway) -> None:
    request = gateway.requests[submitted(client)]

    assert request.dialect is Dialect.LIPSYNC_STUDIO
    assert request.model == "lipsync-image"
    assert request.source == MediaRef(role=Role.IMAGE, field="formState.image", url="https://example.com/face.png")
    assert request.audio == MediaRef(role=Role.AUDIO, field="formState.audio", url="https://example.com/voice.mp3")
    assert request.options == OutputOptions(short_side_px=720)
    assert request.seed == 42
    assert request.webhook_url == "https://your-app.example.com/webhooks/lipsync"
    assert request.engine == "articulate"
    assert request.warnings == ()


def test_a_video_request_drives_the_video(client: FlaskClient, gateway: FakeGateway) -> None:
    request = gateway.requests[submitted(client, VIDEO_PATH, STUDIO_VIDEO)]

    assert request.model == "lipsync-video"
    assert request.source == MediaRef(role=Role.VIDEO, field="formState.video", url="https://example.com/clip.mp4")
    assert request.webhook_url == ""


def test_the_resolution_is_480p_unless_asked_otherwise(client: FlaskClient, gateway: FakeGateway) -> None:
    request = gateway.requests[submitted(client, VIDEO_PATH, STUDIO_VIDEO)]

    assert request.options == OutputOptions(short_side_px=480)


@pytest.mark.parametrize("body", [changed(STUDIO, "formState.seed", -1), without(STUDIO, "formState.seed")])
def test_without_a_seed_every_job_gets_one_of_its_own(client: FlaskClient, gateway: FakeGateway, body: Body) -> None:
    seeds = {gateway.requests[submitted(client, body=body)].seed for _ in range(4)}

    assert len(seeds) > 1
    assert all(0 <= seed < 2**31 for seed in seeds)


@pytest.mark.parametrize("seed", [0, 2**31 - 1])
def test_seeds_at_the_limits_are_kept(client: FlaskClient, gateway: FakeGateway, seed: int) -> None:
    assert gateway.requests[submitted(client, body=changed(STUDIO, "formState.seed", seed))].seed == seed


def test_a_mask_limits_what_may_change(client: FlaskClient, gateway: FakeGateway) -> None:
    body = changed(STUDIO, "formState.mask_image", "https://example.com/mask.png")

    request = gateway.requests[submitted(client, body=body)]

    assert request.mask == MediaRef(role=Role.MASK, field="formState.mask_image", url="https://example.com/mask.png")
    assert request.warnings == ()


def test_a_prompt_is_handed_on_as_it_was_written(client: FlaskClient, gateway: FakeGateway) -> None:
    request = gateway.requests[submitted(client, body=changed(STUDIO, "formState.prompt", "calm, smiling"))]

    assert request.prompt == "calm, smiling"
    assert request.warnings == ()


def test_a_picture_of_two_is_given_a_voice_on_each_side(client: FlaskClient, gateway: FakeGateway) -> None:
    request = gateway.requests[submitted(client, MULTI_PATH, STUDIO_MULTI)]

    assert request.model == "lipsync-image-multi"
    assert request.source == MediaRef(role=Role.IMAGE, field="formState.image", url="https://example.com/two-faces.png")
    assert request.audio == MediaRef(role=Role.AUDIO, field="formState.left_audio", url="https://example.com/left.mp3")
    assert request.right_audio == MediaRef(
        role=Role.AUDIO, field="formState.right_audio", url="https://example.com/right.mp3"
    )
    assert request.order is SpeakerOrder.MEANWHILE


@pytest.mark.parametrize("order", ["meanwhile", "left_right", "right_left"])
def test_two_voices_come_in_the_order_asked_for(client: FlaskClient, gateway: FakeGateway, order: str) -> None:
    body = changed(STUDIO_MULTI, "formState.order", order)

    assert gateway.requests[submitted(client, MULTI_PATH, body)].order == order


def test_a_picture_of_two_takes_all_that_a_portrait_takes(client: FlaskClient, gateway: FakeGateway) -> None:
    body = STUDIO_MULTI
    more = {"resolution": "720p", "seed": 7, "prompt": "calm", "mask_image": "https://example.com/mask.png"}
    for name, value in more.items():
        body = changed(body, f"formState.{name}", value)

    request = gateway.requests[submitted(client, MULTI_PATH, body | {"webhook": "https://example.com/hook"})]

    assert (request.options.short_side_px, request.seed, request.prompt) == (720, 7, "calm")
    assert request.mask is not None
    assert request.webhook_url == "https://example.com/hook"
    assert request.warnings == ()


@pytest.mark.parametrize("path", [IMAGE_PATH, VIDEO_PATH])
def test_one_speaker_has_no_second_voice(client: FlaskClient, gateway: FakeGateway, path: str) -> None:
    request = gateway.requests[submitted(client, path, STUDIO if path == IMAGE_PATH else STUDIO_VIDEO)]

    assert request.right_audio is None
    assert request.mask is None
    assert request.script is None


def test_unknown_fields_are_accepted_and_warned_of(client: FlaskClient, gateway: FakeGateway) -> None:
    body = changed(changed(STUDIO, "formState.mood", "glad"), "priority", 1)

    request = gateway.requests[submitted(client, body=body)]

    assert request.warnings == ("unknown fields were ignored: priority, formState.mood",)


def test_a_flood_of_unknown_fields_makes_a_short_warning(client: FlaskClient, gateway: FakeGateway) -> None:
    body = STUDIO | {f"{number}{'x' * 500}": 1 for number in range(50)}

    (warning,) = gateway.requests[submitted(client, body=body)].warnings

    assert warning.endswith("and 40 more")
    assert len(warning) < 500


@pytest.mark.parametrize(
    "field", ["formState.mask_image", "formState.prompt", "formState.resolution", "formState.seed", "webhook"]
)
def test_null_stands_for_an_absent_optional_field(client: FlaskClient, gateway: FakeGateway, field: str) -> None:
    request = gateway.requests[submitted(client, body=changed(STUDIO, field, None))]

    assert request.warnings == ()
    assert request.options.short_side_px == (480 if field == "formState.resolution" else 720)


def test_a_waiting_job_is_processing(client: FlaskClient) -> None:
    job_id = submitted(client)

    assert seven(client.get(f"/api/v1/jobs/{job_id}").get_json()) == {
        "id": job_id,
        "model": "lipsync",
        "status": "processing",
        "output": None,
        "error": "",
        "executionTime": None,
        "timings": None,
    }


def test_the_fields_of_a_job_come_in_the_order_of_the_page(client: FlaskClient) -> None:
    answer = client.get(f"/api/v1/jobs/{submitted(client)}")

    assert list(answer.get_json())[:7] == SEVEN


def test_a_completed_job_has_an_output_that_can_be_downloaded(client: FlaskClient, gateway: FakeGateway) -> None:
    job_id = submitted(client)
    gateway.views[job_id] = done(job_id)

    answer = client.get(f"/api/v1/jobs/{job_id}").get_json()

    assert answer["output"].startswith("http://127.0.0.1:8080/files/")
    assert answer["output"].endswith(f"/{job_id}.mp4")
    assert seven(answer) | {"output": ""} == {
        "id": job_id,
        "model": "lipsync-image",
        "status": "completed",
        "output": "",
        "error": "",
        "executionTime": 12345,
        "timings": None,
    }


def test_a_failed_job_says_why(client: FlaskClient, gateway: FakeGateway) -> None:
    job_id = submitted(client)
    error = JobError(code="unreadable_media", message="formState.audio: not an audio file (text/html)")
    gateway.views[job_id] = replace(done(job_id), status=Status.FAILED, output="", error=error)

    assert seven(client.get(f"/api/v1/jobs/{job_id}").get_json()) == {
        "id": job_id,
        "model": "lipsync-image",
        "status": "failed",
        "output": None,
        "error": "formState.audio: not an audio file (text/html)",
        "executionTime": None,
        "timings": None,
    }


def test_a_cancelled_job_has_failed_as_cancelled(client: FlaskClient, gateway: FakeGateway) -> None:
    job_id = submitted(client)
    gateway.cancel(job_id)

    answer = client.get(f"/api/v1/jobs/{job_id}").get_json()

    assert (answer["status"], answer["error"]) == ("failed", "cancelled")


def test_a_job_of_another_key_is_not_found(client: FlaskClient, stranger: FlaskClient) -> None:
    answer = stranger.get(f"/api/v1/jobs/{submitted(client)}")

    assert answer.status_code == 404
    assert answer.get_json()["code"] == "not_found"


@pytest.mark.parametrize("job_id", [NO_JOB, "1", "nonsense", "%00", "é", f"urn:uuid:{NO_JOB}"])
def test_an_id_that_no_job_has_is_not_found(client: FlaskClient, job_id: str) -> None:
    answer = client.get(f"/api/v1/jobs/{job_id}")

    assert answer.status_code == 404
    assert answer.get_json()["error"] == "id: no such job for this key"


def seven(job: Body) -> Body:
    """The fields that the studio's page shows; those of our own come after them."""
    return {name: job[name] for name in SEVEN}


def done(job_id: str) -> JobView:
    return JobView(
        job_id=job_id,
        status=Status.SUCCEEDED,
        stage=Stage.SETTLE,
        percent=100,
        execution_ms=12345,
        output=f"jobs/{job_id}/output.mp4",
    )
