"""Requests that wait for jobs, at an API process of eight threads as it runs."""

import json
import socket
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
import requests

from tests.api.bodies import IMAGE_PATH, STUDIO
from tests.api.gunicorn_server import Server, served
from tests.api.tiny_workflows import tiny_worker

pytestmark = pytest.mark.workflow

PLACES = 4


@pytest.fixture(scope="module")
def server(temporal_address: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    unlimited = {"MOUTHPIECE_REQUESTS_PER_MIN_ENTERPRISE": "0"}
    with served(tmp_path_factory.mktemp("data"), temporal_address, workers=1, settings=unlimited) as server:
        yield server


@pytest.fixture
def job(server: Server) -> str:
    """The path of a job that waits for a worker."""
    return f"/api/v1/jobs/{server.post(IMAGE_PATH, STUDIO)['id']}"


def follow(server: Server, job: str) -> requests.Response:
    return server.session.get(f"{server.url}{job}/events", stream=True, timeout=30)


def followed_everywhere(server: Server, job: str) -> list[requests.Response]:
    """Take all places as they become free, before a heartbeat into a broken connection could free them."""
    lines: list[requests.Response] = []
    deadline = time.monotonic() + 9
    while len(lines) < PLACES:
        assert time.monotonic() < deadline, f"{len(lines)} places are free"
        line = follow(server, job)
        if line.status_code == 200:
            lines.append(line)
        else:
            line.close()
            time.sleep(0.05)
    return lines


def test_a_job_is_followed_to_its_end(server: Server, job: str, temporal_address: str) -> None:
    line = follow(server, job)
    with tiny_worker(temporal_address):
        text = line.text

    events = [block.split("\n") for block in text.strip().split("\n\n") if not block.startswith(":")]
    states = [json.loads(event[2].removeprefix("data: "))["state"] for event in events]
    assert (states[0], states[-1]) == ("queued", "succeeded")
    assert line.headers["Content-Type"].startswith("text/event-stream")


def test_a_job_is_waited_for_to_its_end(server: Server, job: str, temporal_address: str) -> None:
    with tiny_worker(temporal_address):
        assert server.get(f"{job}?wait=30")["status"] == "completed"


def test_followers_take_half_of_the_threads_and_the_others_go_on_answering(server: Server, job: str) -> None:
    lines = followed_everywhere(server, job)
    refused = [follow(server, job) for _ in range(3)]

    begun = time.monotonic()
    waited = server.get(f"{job}?wait=60")
    took_s = time.monotonic() - begun
    for line in lines + refused:
        line.close()

    assert [line.status_code for line in refused] == [503] * 3
    assert all(int(line.headers["Retry-After"]) > 0 for line in refused)
    assert waited["state"] == "queued"
    assert took_s < 20


def test_a_follower_that_hangs_up_leaves_its_place_within_seconds(server: Server, job: str) -> None:
    for _ in range(3):
        for line in followed_everywhere(server, job):
            line.close()


def test_a_waiting_client_that_hangs_up_leaves_its_place_within_seconds(server: Server, job: str) -> None:
    for line in followed_everywhere(server, job):
        line.close()
    time.sleep(4)
    address = urlsplit(server.url)
    request = f"GET {job}?wait=60 HTTP/1.1\r\nHost: x\r\nX-API-Key: {server.session.headers['X-API-Key']!s}\r\n\r\n"
    sockets = [socket.create_connection((str(address.hostname), int(address.port or 0)), timeout=30) for _ in range(4)]
    for each in sockets:
        each.sendall(request.encode())
    time.sleep(4)
    assert follow(server, job).status_code == 503

    for each in sockets:
        each.close()

    for answer in followed_everywhere(server, job):
        answer.close()
