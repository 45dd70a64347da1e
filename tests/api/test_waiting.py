"""Requests that wait for a job."""

import socket
import threading
import time
from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient

from api.app import THREADS
from api.services import Services
from api.waiting import is_client_gone
from api.waiting_room import WaitingRoom
from contracts.jobs import Status
from tests.api.jobs import ended, submitted
from tests.fakes import FakeGateway

pytestmark = pytest.mark.unit


@pytest.fixture(autouse=True)
def impatience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.waiting.LOOK_EVERY_S", 0.01)


@pytest.fixture
def line() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Both ends of a connection."""
    ours, theirs = socket.socketpair()
    yield ours, theirs
    ours.close()
    theirs.close()


def test_a_job_that_ends_meanwhile_is_answered_at_once(
    client: FlaskClient, gateway: FakeGateway, services: Services
) -> None:
    job_id = submitted(client)
    timer = threading.Timer(0.2, lambda: ended(services, gateway, job_id, Status.SUCCEEDED))
    timer.start()
    begun = time.monotonic()

    job = client.get(f"/api/v1/jobs/{job_id}?wait=30").get_json()

    timer.join()
    assert (job["state"], job["status"]) == ("succeeded", "completed")
    assert time.monotonic() - begun < 10


def test_a_job_that_goes_on_is_answered_when_the_time_is_over(client: FlaskClient) -> None:
    job_id, begun = submitted(client), time.monotonic()

    job = client.get(f"/api/v1/jobs/{job_id}?wait=1").get_json()

    assert job["state"] == "queued"
    assert 1 <= time.monotonic() - begun < 10


def test_a_job_that_has_ended_is_not_waited_for(client: FlaskClient, gateway: FakeGateway, services: Services) -> None:
    job_id = submitted(client)
    ended(services, gateway, job_id, Status.FAILED)
    begun = time.monotonic()

    client.get(f"/api/v1/jobs/{job_id}?wait=60")

    assert time.monotonic() - begun < 30


@pytest.mark.parametrize("wait", ["-1", "61", "soon", "1.5", ""])
def test_a_time_that_cannot_be_waited_is_refused_in_the_words_of_the_dialect(client: FlaskClient, wait: str) -> None:
    answer = client.get(f"/api/v1/jobs/{submitted(client)}?wait={wait}")

    assert answer.status_code == 400
    assert (answer.get_json()["field"], answer.get_json()["error"][:5]) == ("wait", "wait:")


def test_when_all_places_are_taken_requests_are_answered_at_once(client: FlaskClient, services: Services) -> None:
    job_id = submitted(client)
    taken = [services.waiting_room.enter(f"key{number}") for number in range(THREADS // 2 + 1)]
    assert taken == [True] * (THREADS // 2) + [False]
    begun = time.monotonic()

    polled, followed = client.get(f"/api/v1/jobs/{job_id}?wait=60"), client.get(f"/api/v1/jobs/{job_id}/events")

    assert (polled.status_code, polled.get_json()["state"]) == (200, "queued")
    assert followed.status_code == 503
    assert int(followed.headers["Retry-After"]) > 0
    assert followed.content_type == "application/problem+json"
    assert time.monotonic() - begun < 30


def test_a_place_is_given_back_even_after_a_fault() -> None:
    room = WaitingRoom(1)

    def fail() -> None:
        with room.place("k"):
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()

    assert room.enter("k")


def test_one_key_leaves_a_place_to_another(client: FlaskClient, services: Services) -> None:
    while services.waiting_room.enter("greedy"):
        pass

    answer = client.get(f"/api/v1/jobs/{submitted(client)}/events")

    assert answer.status_code == 200


def test_a_client_that_stays_or_sends_its_next_request_is_not_gone(
    app: Flask, line: tuple[socket.socket, socket.socket]
) -> None:
    ours, theirs = line
    with app.test_request_context(environ_overrides={"gunicorn.socket": ours}):
        assert not is_client_gone()
        theirs.sendall(b"GET / HTTP/1.1\r\n")
        assert not is_client_gone()
        assert ours.recv(3) == b"GET"


def test_a_client_that_hung_up_is_gone(app: Flask, line: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = line
    theirs.close()

    with app.test_request_context(environ_overrides={"gunicorn.socket": ours}):
        assert is_client_gone()


def test_nobody_waits_for_a_client_that_is_gone(client: FlaskClient, line: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = line
    theirs.close()
    job_id, begun = submitted(client), time.monotonic()

    client.get(f"/api/v1/jobs/{job_id}?wait=60", environ_overrides={"gunicorn.socket": ours})

    assert time.monotonic() - begun < 30
