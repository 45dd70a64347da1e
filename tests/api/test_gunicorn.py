"""The API as it runs: two gunicorn processes of eight threads, a real Temporal server, a tiny worker."""

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from storage.blobs import LocalBlobs
from tests.api.bodies import ASYNC_PATH, DEV, IMAGE_PATH, RESULT_PATH, STUDIO, SUBMIT_PATH
from tests.api.gunicorn_server import Server, eventually, served
from tests.api.tiny_workflows import tiny_worker

pytestmark = pytest.mark.workflow


@pytest.fixture(scope="module")
def server(temporal_address: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    unlimited = {"MOUTHPIECE_REQUESTS_PER_MIN_ENTERPRISE": "0"}
    with served(tmp_path_factory.mktemp("data"), temporal_address, workers=2, settings=unlimited) as server:
        yield server


def test_a_job_goes_through_every_dialect(server: Server, temporal_address: str, tmp_path: Path) -> None:
    job_id = server.post(IMAGE_PATH, STUDIO)["id"]
    number = server.post(SUBMIT_PATH, DEV)["jobId"]
    data = server.post(ASYNC_PATH, DEV)["data"]
    film = tmp_path / "film"
    film.write_bytes(b"0123456789")
    LocalBlobs(server.data / "blobs").put(f"jobs/{job_id}/output.mp4", film)

    with tiny_worker(temporal_address):
        eventually(lambda: server.get(f"/api/v1/jobs/{job_id}").get("status") == "completed")
        eventually(lambda: server.get(f"/v1/lipsync/status/{number}").get("status") == "completed")
        eventually(lambda: '"status":3' in str(server.session.post(server.url + RESULT_PATH, json=data).text))

    assert server.get(f"/api/v1/lipsync/status/{number}")["creditsUsed"] == 20
    output = server.get(f"/api/v1/jobs/{job_id}")["output"]
    assert requests.get(str(output), headers={"Range": "bytes=2-4"}, timeout=30).content == b"234"


def test_processes_and_threads_number_jobs_without_gaps_or_doubles(server: Server) -> None:
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: server.post(SUBMIT_PATH, DEV)["jobId"], range(60)))

    numbers = sorted(int(str(number)) for number in answers)
    assert numbers == list(range(numbers[0], numbers[0] + 60))


def test_a_status_is_the_same_from_every_process(server: Server) -> None:
    job_id = server.post(IMAGE_PATH, STUDIO)["id"]

    answers = [server.get(f"/api/v1/jobs/{job_id}") for _ in range(20)]

    assert all(answer == answers[0] for answer in answers)


@pytest.mark.parametrize("path", [IMAGE_PATH, "/api/v1/uploads", "/nothing"])
def test_a_refused_body_does_not_cost_the_client_its_answer(server: Server, path: str) -> None:
    answer = requests.post(server.url + path, data=b" " * 3_000_000, timeout=30)

    assert answer.status_code in (401, 404)


def test_a_body_over_the_limit_is_told_so(server: Server) -> None:
    headers = {"Content-Type": "application/json"}

    answer = server.session.post(server.url + IMAGE_PATH, data=b" " * 3_000_000, headers=headers, timeout=30)

    assert answer.status_code == 413


def test_a_stream_over_the_limit_is_told_so(server: Server) -> None:
    answer = server.session.post(
        server.url + IMAGE_PATH,
        data=iter([b" " * 10_000] * 27),
        headers={"Content-Type": "application/json"},
        timeout=30,
    )

    assert answer.status_code == 413


def test_a_connection_can_be_used_on_after_a_body_was_refused(server: Server) -> None:
    for _ in range(5):
        server.session.post(f"{server.url}/nothing", data=b" " * 3_000_000, timeout=30)
        assert server.session.post(server.url + IMAGE_PATH, data=b"{", timeout=30).status_code == 400


@pytest.mark.parametrize("path", ["/nothing", "/api/v1/uploads", IMAGE_PATH])
@pytest.mark.parametrize("body", [b"zz\r\n", b"5\r\nabc"])
def test_a_malformed_chunked_body_is_refused(server: Server, path: str, body: bytes) -> None:
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    head += f"X-API-Key: {server.session.headers['X-API-Key']!s}\r\nTransfer-Encoding: chunked\r\n\r\n"
    with socket.create_connection(("127.0.0.1", int(server.url.rsplit(":", 1)[1])), timeout=30) as line:
        line.sendall(head.encode() + body)
        line.shutdown(socket.SHUT_WR)

        assert line.recv(100).startswith(b"HTTP/1.1 4")


def test_a_stream_without_a_length_can_be_uploaded(server: Server) -> None:
    answer = server.session.post(f"{server.url}/api/v1/uploads", data=iter([b"abc", b"def"]), timeout=30)

    assert answer.status_code == 201
    assert requests.get(answer.json()["url"], timeout=30).content == b"abcdef"
