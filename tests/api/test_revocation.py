"""A revoked key, in four API processes over a real Temporal server: nothing it could do goes on."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from api.waiting import LOOK_EVERY_S
from storage.blobs import LocalBlobs
from storage.records import Records
from tests.api.bodies import IMAGE_PATH, STUDIO, changed
from tests.api.gunicorn_server import Server, eventually, served
from tests.api.tiny_workflows import tiny_worker

pytestmark = pytest.mark.workflow

NOW = "2026-01-01T00:00:00Z"
#: Longest time that anything may go on after a revocation on a busy machine, in seconds: less than a silent stream's
#: pause between signs of life, and than the waits below.
SOON_S = 8.0


@dataclass(frozen=True)
class Holder:
    """Somebody with a key of their own."""

    server: Server
    key_id: str
    headers: dict[str, str]

    def get(self, path: str) -> requests.Response:
        """Ask over a connection of its own, so that any of the processes may answer."""
        return requests.get(self.server.url + path, headers=self.headers, timeout=60)

    def post(self, path: str, body: object) -> dict[str, str]:
        answer = requests.post(self.server.url + path, json=body, headers=self.headers, timeout=60)
        assert answer.ok, answer.text
        made: dict[str, str] = answer.json()
        return made

    def revoke(self) -> None:
        """Revoke the key as the command line does: in a process that is none of the API's."""
        records = Records(self.server.data / "records.db")
        assert records.keys.revoke(self.key_id, NOW)
        records.close()


@pytest.fixture(scope="module")
def server(temporal_address: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    unlimited = {"MOUTHPIECE_REQUESTS_PER_MIN_ENTERPRISE": "0"}
    with served(tmp_path_factory.mktemp("data"), temporal_address, workers=4, settings=unlimited) as server:
        yield server


@pytest.fixture
def holder(server: Server) -> Holder:
    records = Records(server.data / "records.db")
    key, text = records.keys.create("", NOW)
    records.close()
    return Holder(server, key.key_id, {"X-API-Key": str(text)})


def test_what_waits_looks_several_times_within_the_second_that_the_page_promises() -> None:
    assert LOOK_EVERY_S <= 0.5


def test_no_process_answers_the_key_from_the_next_request_on(holder: Holder) -> None:
    with ThreadPoolExecutor(16) as pool:
        before = [answer.status_code for answer in pool.map(holder.get, ["/v1/jobs"] * 48)]
        holder.revoke()
        after = [answer.status_code for answer in pool.map(holder.get, ["/v1/jobs"] * 48)]

    assert (set(before), set(after)) == ({200}, {401})


def test_an_open_stream_ends_soon(holder: Holder) -> None:
    job_id = holder.post(IMAGE_PATH, STUDIO)["id"]
    url = f"{holder.server.url}/api/v1/jobs/{job_id}/events"

    with requests.get(url, headers=holder.headers, stream=True, timeout=60) as stream:
        lines = stream.iter_lines()
        first = next(lines)
        holder.revoke()
        begun = time.monotonic()
        rest = [line for line in lines if line.startswith(b"event")]

    assert (first, rest) == (b"event: job", [])
    assert time.monotonic() - begun < SOON_S


@pytest.mark.parametrize("path", ["/api/v1/jobs/{}?wait=30", "/v1/lipsync/status/{}?wait=30"])
def test_a_request_that_waits_for_a_job_is_refused_soon(holder: Holder, path: str) -> None:
    job_id = holder.post(IMAGE_PATH, STUDIO)["id"]

    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(holder.get, path.format(job_id))
        time.sleep(0.5)
        assert not waiting.done()
        holder.revoke()
        begun = time.monotonic()
        answer = waiting.result()

    assert (answer.status_code, time.monotonic() - begun < SOON_S) == (401, True)


def test_a_request_that_waits_for_an_inspection_is_refused_soon(holder: Holder) -> None:
    body = {"source": "https://media.example/film.mp4"}
    inspection_id = holder.post("/api/v1/inspect?wait=0", body)["id"]

    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(holder.get, f"/api/v1/inspect/{inspection_id}?wait=30")
        time.sleep(0.5)
        holder.revoke()
        begun = time.monotonic()
        answer = waiting.result()

    assert (answer.status_code, time.monotonic() - begun < SOON_S) == (401, True)


def test_a_signed_upload_address_takes_nothing_more(holder: Holder) -> None:
    made = holder.post("/api/v1/uploads", {"size": 4})
    piece = {"Content-Range": "bytes 0-1/4"}
    first = requests.put(made["upload_url"], data=b"ab", headers=piece, timeout=30)

    holder.revoke()

    rest = [requests.put(made["upload_url"], data=b"abcd", timeout=30) for _ in range(8)]
    asked = requests.get(made["upload_url"], timeout=30)
    assert first.status_code == 204
    assert {answer.status_code for answer in [*rest, asked]} == {410}
    assert "revoked" in rest[0].json()["detail"]
    assert not LocalBlobs(holder.server.data / "blobs").exists(f"uploads/{holder.key_id}/{made['id']}")


def test_links_to_what_the_key_uploaded_and_made_lead_nowhere(
    holder: Holder, temporal_address: str, tmp_path: Path
) -> None:
    uploaded = requests.post(
        f"{holder.server.url}/api/v1/uploads", data=b"film", headers=holder.headers, timeout=30
    ).json()["url"]
    job_id = holder.post(IMAGE_PATH, changed(STUDIO, "formState.seed", 7))["id"]
    film = tmp_path / "film"
    film.write_bytes(b"0123456789")
    LocalBlobs(holder.server.data / "blobs").put(f"jobs/{job_id}/output.mp4", film)
    with tiny_worker(temporal_address):
        eventually(lambda: holder.get(f"/api/v1/jobs/{job_id}").json().get("status") == "completed")
    links = [uploaded, holder.get(f"/api/v1/jobs/{job_id}").json()["output"]]
    before = [requests.get(link, timeout=30).status_code for link in links]

    holder.revoke()

    after = [requests.get(link, timeout=30) for link in links for _ in range(8)]
    heads = [requests.head(link, timeout=30).status_code for link in links]
    assert before == [200, 200]
    assert {answer.status_code for answer in after} | set(heads) == {410}
    assert "revoked" in after[0].json()["detail"]


def test_another_keys_links_go_on(holder: Holder, server: Server) -> None:
    link = server.session.post(f"{server.url}/api/v1/uploads", data=b"film", timeout=30).json()["url"]

    holder.revoke()

    assert requests.get(link, timeout=30).content == b"film"
