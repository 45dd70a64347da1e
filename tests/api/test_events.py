"""Server-sent events of a job."""

import json
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from api.app import THREADS
from api.services import Services
from contracts.jobs import Status
from tests.api.jobs import ended, running, submitted
from tests.fakes import FakeGateway

pytestmark = pytest.mark.unit


@pytest.fixture(autouse=True)
def impatience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.events.LOOK_EVERY_S", 0.01)


def followed(client: FlaskClient, job_id: str, **headers: str) -> tuple[TestResponse, Iterator[str]]:
    answer = client.get(f"/api/v1/jobs/{job_id}/events", headers=headers)
    assert answer.status_code == 200
    return answer, (chunk.decode() if isinstance(chunk, bytes) else chunk for chunk in answer.response)


def job_in(event: str) -> dict[str, object]:
    name, _, data = event.removesuffix("\n\n").split("\n")
    assert name == "event: job"
    job: dict[str, object] = json.loads(data.removeprefix("data: "))
    return job


def test_every_move_of_a_job_is_an_event_and_its_end_the_last(
    client: FlaskClient, gateway: FakeGateway, services: Services
) -> None:
    job_id = submitted(client)
    answer, events = followed(client, job_id)

    seen = [job_in(next(events))]
    running(gateway, job_id, percent=30)
    seen.append(job_in(next(events)))
    running(gateway, job_id, percent=62)
    seen.append(job_in(next(events)))
    ended(services, gateway, job_id, Status.SUCCEEDED)
    seen += [job_in(event) for event in events]

    moves = [("queued", 0), ("running", 30), ("running", 62), ("succeeded", 100)]
    assert [(job["state"], job["percent"]) for job in seen] == moves
    assert seen[-1] == client.get(f"/api/v1/jobs/{job_id}").get_json()
    assert answer.mimetype == "text/event-stream"
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_job_that_has_ended_has_one_event(client: FlaskClient, gateway: FakeGateway, services: Services) -> None:
    job_id = submitted(client)
    ended(services, gateway, job_id, Status.FAILED)

    _, events = followed(client, job_id)

    assert [job_in(event)["state"] for event in events] == ["failed"]


def test_a_client_that_comes_back_is_told_how_the_job_stands(client: FlaskClient) -> None:
    _, events = followed(client, submitted(client), **{"Last-Event-ID": "7; DROP"})

    assert job_in(next(events))["state"] == "queued"


def test_a_silent_line_is_kept_alive(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.events.HEARTBEAT_S", 0.05)
    _, events = followed(client, submitted(client))
    next(events)

    assert next(events) == ": waiting\n\n"


def test_a_line_outlives_an_outage_of_the_queue(client: FlaskClient, gateway: FakeGateway) -> None:
    job_id = submitted(client)
    _, events = followed(client, job_id)
    next(events)

    gateway.is_down = True
    moved = replace(gateway.views[job_id], status=Status.RUNNING)
    time.sleep(0.05)
    gateway.views[job_id], gateway.is_down = moved, False

    assert job_in(next(events))["state"] == "running"


def test_a_place_is_given_back_when_the_client_leaves(client: FlaskClient, services: Services) -> None:
    job_id = submitted(client)
    for _ in range(THREADS):
        answer, events = followed(client, job_id)
        next(events)
        answer.close()
    for _ in range(THREADS):
        followed(client, job_id)[0].close()

    assert all(services.waiting_room.enter(f"key{number}") for number in range(THREADS // 2))


def test_without_temporal_there_is_nothing_to_follow(client: FlaskClient, gateway: FakeGateway) -> None:
    job_id = submitted(client)
    gateway.is_down = True

    answer = client.get(f"/api/v1/jobs/{job_id}/events")

    assert (answer.status_code, answer.get_json()["code"]) == (503, "unavailable")


def test_another_keys_job_is_not_followed(client: FlaskClient, stranger: FlaskClient) -> None:
    assert stranger.get(f"/api/v1/jobs/{submitted(client)}/events").status_code == 404
