"""Batches: each item stands for itself."""

import uuid

import pytest
from flask.testing import FlaskClient

from api.batches import MAX_BODY_BYTES
from api.services import Services
from contracts.jobs import JobRequest, Status
from tests.api.bodies import STUDIO, STUDIO_VIDEO, Body, changed, without
from tests.api.jobs import ended, running
from tests.fakes import FakeGateway

pytestmark = pytest.mark.unit

PATH = "/api/v1/batches"
IMAGE: Body = {"model": "lipsync-image", **STUDIO}
VIDEO: Body = {"model": "lipsync-video", **STUDIO_VIDEO}
MULTI: Body = {
    "model": "lipsync-image-multi",
    "formState": {
        "image": "https://example.com/two.png",
        "left_audio": "https://example.com/left.mp3",
        "right_audio": "https://example.com/right.mp3",
    },
}


def test_a_batch_makes_a_job_of_every_item(client: FlaskClient, gateway: FakeGateway) -> None:
    answer = client.post(PATH, json={"jobs": [IMAGE, VIDEO, MULTI]})

    assert answer.status_code == 200
    items = answer.get_json()["jobs"]
    assert [(item["index"], item["status"], item["error"]) for item in items] == [
        (index, "processing", None) for index in range(3)
    ]
    requests = [gateway.requests[item["id"]] for item in items]
    assert [request.model for request in requests] == ["lipsync-image", "lipsync-video", "lipsync-image-multi"]
    assert {request.batch_id for request in requests} == {answer.get_json()["id"]}
    assert requests[0].webhook_url == STUDIO["webhook"]
    assert requests[0].warnings == ()


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        (changed(IMAGE, "formState.audio", "ftp://example.com/a"), "jobs.1.formState.audio"),
        (without(IMAGE, "formState"), "jobs.1.formState"),
        (changed(IMAGE, "model", "lipsync-dream"), "jobs.1.model"),
        (without(IMAGE, "model"), "jobs.1.model"),
        ("a job", "jobs.1"),
        (None, "jobs.1"),
        ([], "jobs.1"),
    ],
)
def test_an_item_that_is_refused_does_not_stop_the_others(client: FlaskClient, wrong: object, field: str) -> None:
    items = client.post(PATH, json={"jobs": [IMAGE, wrong, VIDEO]}).get_json()["jobs"]

    assert [item["status"] for item in items] == ["processing", "rejected", "processing"]
    assert items[1]["id"] is None
    error = items[1]["error"]
    assert (error["code"], error["status"], error["field"]) == ("invalid_request", 400, field)
    assert error["pointer"] == "/" + field.replace(".", "/")
    assert error["remedy"]


@pytest.mark.parametrize("jobs", [[], [IMAGE] * 101, "jobs", None, {"0": IMAGE}])
def test_a_batch_of_too_few_or_too_many_items_is_refused(client: FlaskClient, jobs: object) -> None:
    answer = client.post(PATH, json={"jobs": jobs})

    assert (answer.status_code, answer.get_json()["field"]) == (400, "jobs")


def test_a_hundred_long_items_are_not_too_long(client: FlaskClient) -> None:
    item = changed(IMAGE, "formState.image", "https://example.com/" + "x" * 2000)

    items = client.post(PATH, json={"jobs": [item] * 100}).get_json()["jobs"]

    assert {item["status"] for item in items} == {"processing"}


def test_a_batch_that_is_too_long_is_refused(client: FlaskClient) -> None:
    assert client.post(PATH, json={"jobs": ["x" * MAX_BODY_BYTES]}).status_code == 413


def test_a_batch_says_how_its_items_stand(client: FlaskClient, gateway: FakeGateway, services: Services) -> None:
    wrong = without(IMAGE, "formState.audio")
    batch = client.post(PATH, json={"jobs": [IMAGE, wrong, IMAGE, IMAGE, IMAGE]}).get_json()
    ids = [item["id"] for item in batch["jobs"]]
    running(gateway, ids[2])
    ended(services, gateway, ids[3], Status.SUCCEEDED)
    ended(services, gateway, ids[4], Status.FAILED)
    client.delete(f"/api/v1/jobs/{ids[4]}")

    answer = client.get(f"{PATH}/{batch['id']}").get_json()

    assert (answer["id"], answer["created_at"]) == (batch["id"], "2026-01-02T03:04:05Z")
    assert answer["counts"] == {"queued": 1, "rejected": 1, "running": 1, "succeeded": 1, "deleted": 1}
    assert [(item["index"], item["id"]) for item in answer["jobs"]] == list(enumerate(ids))
    assert answer["jobs"][3]["job"] == client.get(f"/api/v1/jobs/{ids[3]}").get_json()
    assert (answer["jobs"][1]["job"], answer["jobs"][1]["error"]) == (None, batch["jobs"][1]["error"])


def test_a_list_can_be_narrowed_to_a_batch(client: FlaskClient) -> None:
    client.post(PATH, json={"jobs": [IMAGE]})
    batch = client.post(PATH, json={"jobs": [IMAGE, VIDEO]}).get_json()

    jobs = client.get(f"/api/v1/jobs?batch_id={batch['id']}").get_json()["jobs"]

    assert [job["id"] for job in jobs] == [item["id"] for item in reversed(batch["jobs"])]
    assert {job["batch_id"] for job in jobs} == {batch["id"]}


def test_a_repeated_batch_makes_no_second_jobs(client: FlaskClient, gateway: FakeGateway) -> None:
    headers = {"Idempotency-Key": "batch-1"}

    answers = [client.post(PATH, json={"jobs": [IMAGE, VIDEO]}, headers=headers) for _ in range(2)]

    assert answers[0].get_json() == answers[1].get_json()
    assert answers[1].headers["Idempotency-Replayed"] == "true"
    assert len(gateway.requests) == 2


class LateGateway(FakeGateway):
    """Goes down after its first job, once."""

    def start(self, request: JobRequest) -> None:
        is_first = not self.requests
        super().start(request)
        self.is_down = is_first


def test_a_batch_within_which_the_queue_went_down_goes_on_when_it_is_sent_again(
    client: FlaskClient, services: Services
) -> None:
    gateway, headers = LateGateway(), {"Idempotency-Key": "batch-1"}
    object.__setattr__(services, "gateway", gateway)

    refused = client.post(PATH, json={"jobs": [IMAGE] * 3}, headers=headers)
    [begun] = gateway.requests.values()
    gateway.is_down = False
    answer = client.post(PATH, json={"jobs": [IMAGE] * 3}, headers=headers)

    assert (refused.status_code, refused.get_json()["code"]) == (503, "unavailable")
    assert f"batch_id={begun.batch_id}" in refused.get_json()["remedy"]
    assert answer.get_json()["id"] == begun.batch_id
    assert [item["id"] for item in answer.get_json()["jobs"]] == list(gateway.requests)
    assert [item["status"] for item in answer.get_json()["jobs"]] == ["processing"] * 3
    assert len(services.records.jobs.list()) == 3


def test_without_the_queue_there_is_no_batch(client: FlaskClient, gateway: FakeGateway) -> None:
    gateway.is_down = True

    answer = client.post(PATH, json={"jobs": [IMAGE] * 3})

    assert (answer.status_code, answer.get_json()["code"]) == (503, "unavailable")
    assert "Retry-After" in answer.headers


def test_another_keys_batch_is_not_found(client: FlaskClient, stranger: FlaskClient) -> None:
    batch = client.post(PATH, json={"jobs": [IMAGE]}).get_json()

    answers = [stranger.get(f"{PATH}/{batch['id']}"), client.get(f"{PATH}/{uuid.uuid4()}"), client.get(f"{PATH}/x")]

    assert [(answer.status_code, answer.content_type) for answer in answers] == [(404, "application/problem+json")] * 3
