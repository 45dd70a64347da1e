"""LipSync.dev's alternative dialect: the envelope, the numbers."""

import uuid
from dataclasses import replace

import pytest
from flask.testing import FlaskClient

from contracts.jobs import Dialect, JobError, Status
from tests.api.bodies import ASYNC_PATH, DEV, RESULT_PATH
from tests.api.test_lipsync_studio import done
from tests.fakes import FakeGateway

pytestmark = pytest.mark.unit


def submitted(client: FlaskClient) -> str:
    answer = client.post(ASYNC_PATH, json=DEV)
    assert answer.status_code == 200, answer.text
    task_id: str = answer.get_json()["data"]["taskId"]
    return task_id


def asked(client: FlaskClient, task_id: str) -> dict[str, object]:
    answer = client.post(RESULT_PATH, json={"taskId": task_id})
    assert answer.status_code == 200, answer.text
    body: dict[str, object] = answer.get_json()
    return body


def stand(gateway: FakeGateway, task_id: str, **fields: object) -> None:
    job_id = str(uuid.UUID(task_id))
    gateway.views[job_id] = replace(done(job_id), **fields)  # type: ignore[arg-type]


def test_a_submitted_job_is_answered_with_a_task_id_of_32_digits(client: FlaskClient) -> None:
    answer = client.post(ASYNC_PATH, json=DEV).get_json()

    assert list(answer) == ["code", "message", "data"]
    assert (answer["code"], answer["message"]) == (0, "success")
    assert uuid.UUID(answer["data"]["taskId"]).hex == answer["data"]["taskId"]


def test_the_body_means_the_same_as_in_the_primary_dialect(client: FlaskClient, gateway: FakeGateway) -> None:
    request = gateway.requests[str(uuid.UUID(submitted(client)))]

    assert request.dialect is Dialect.LIPSYNC_DEV_ASYNC
    assert request.options.fps == 25.0
    assert request.vocal is not None


def test_a_waiting_task_has_status_1_and_no_videos(client: FlaskClient) -> None:
    task_id = submitted(client)

    assert asked(client, task_id) == {
        "code": 0,
        "message": "success",
        "data": {"task": {"taskId": task_id, "status": 1, "reason": "", "taskType": "lipsync"}, "videos": []},
    }


@pytest.mark.parametrize(
    ("status", "number", "reason"),
    [
        (Status.RUNNING, 2, ""),
        (Status.FAILED, 4, "audioUrl: not an audio file (text/html)"),
        (Status.CANCELLED, 4, "cancelled"),
    ],
)
def test_each_status_has_its_number_and_reason(
    client: FlaskClient, gateway: FakeGateway, status: Status, number: int, reason: str
) -> None:
    task_id = submitted(client)
    error = JobError(code="any", message=reason) if reason else None
    stand(gateway, task_id, status=status, output="", error=error)

    data = asked(client, task_id)["data"]

    assert data == {
        "task": {"taskId": task_id, "status": number, "reason": reason, "taskType": "lipsync"},
        "videos": [],
    }


def test_a_finished_task_has_status_3_and_its_video(client: FlaskClient, gateway: FakeGateway) -> None:
    task_id = submitted(client)
    stand(gateway, task_id)

    data = asked(client, task_id)["data"]

    assert isinstance(data, dict)
    assert data["task"] == {"taskId": task_id, "status": 3, "reason": "", "taskType": "lipsync"}
    (video,) = data["videos"]
    assert video["videoUrl"].startswith("http://127.0.0.1:8080/files/")
    assert video["videoType"] == "mp4"


def test_a_task_of_another_key_is_not_found(client: FlaskClient, stranger: FlaskClient) -> None:
    answer = stranger.post(RESULT_PATH, json={"taskId": submitted(client)})

    assert answer.status_code == 404
    assert answer.get_json()["code"] != 0
    assert answer.get_json()["data"] is None


@pytest.mark.parametrize("task_id", ["", "x", "0" * 32, "0" * 33])
def test_an_unknown_task_is_not_found(client: FlaskClient, task_id: str) -> None:
    answer = client.post(RESULT_PATH, json={"taskId": task_id})

    assert answer.status_code == 404


@pytest.mark.parametrize("body", [{}, {"taskId": 5}, {"taskId": None}])
def test_a_question_without_a_task_id_is_refused(client: FlaskClient, body: dict[str, object]) -> None:
    answer = client.post(RESULT_PATH, json=body)

    assert answer.status_code == 400
    assert answer.get_json()["message"].startswith("taskId: ")
