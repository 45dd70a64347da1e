"""The service with its blobs in a bucket of a real S3 server."""

import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from scripts.trial import TRIVIAL_ENGINE, Trial, running
from tests.e2e.client import Client, Json, client_of, until
from tests.s3_server import BUILD_TIMEOUT_S, S3Server, running_s3

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(BUILD_TIMEOUT_S)]

PIECE_BYTES = 40_000


@pytest.fixture(scope="module")
def bucket(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    with running_s3(tmp_path_factory.mktemp("s3")) as server:
        yield server


@pytest.fixture(scope="module")
def service(bucket: S3Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trial]:
    """A whole stack that draws nothing, so that what remains is storage and orchestration."""
    log = tmp_path_factory.mktemp("stack") / "service.log"
    with running(environ=TRIVIAL_ENGINE | bucket.environ(), log=log) as trial:
        yield trial


@pytest.fixture(scope="module")
def client(service: Trial) -> Client:
    return client_of(service)


def in_pieces(client: Client, path: Path) -> str:
    """Announce a file, send it piece by piece, and return the link to use in requests."""
    content = path.read_bytes()
    upload = client.post("/api/v1/uploads", {"size": len(content), "filename": path.name}).json()
    for start in range(0, len(content), PIECE_BYTES):
        piece = content[start : start + PIECE_BYTES]
        headers = {"Content-Range": f"bytes {start}-{start + len(piece) - 1}/{len(content)}"}
        answer = requests.put(upload["upload_url"], data=piece, headers=headers, timeout=30)
        assert answer.ok, answer.text
        assert requests.head(upload["upload_url"], timeout=30).headers["Upload-Offset"] == str(start + len(piece))
    assert answer.status_code == 201
    return str(upload["url"])


@pytest.fixture(scope="module")
def portrait(client: Client, folder: Path) -> str:
    return in_pieces(client, folder / "face.png")


@pytest.fixture(scope="module")
def voice(client: Client, folder: Path) -> str:
    return in_pieces(client, folder / "short.wav")


@pytest.fixture(scope="module")
def job(client: Client, portrait: str, voice: str) -> Json:
    return client.finished(client.image_job(portrait, voice))


def test_an_upload_goes_on_where_its_connection_broke(client: Client, folder: Path) -> None:
    content = (folder / "face.png").read_bytes()
    address = client.post("/api/v1/uploads", {"size": len(content)}).json()["upload_url"]

    parts = urlsplit(address)
    with socket.create_connection((parts.hostname, parts.port)) as line:
        head = f"PUT {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nContent-Length: {len(content)}\r\n\r\n"
        line.sendall(head.encode() + content[:30_000])
    arrived = until(lambda: int(requests.head(address, timeout=30).headers["Upload-Offset"]), 60)

    def sent() -> requests.Response | None:
        answer = requests.put(
            address,
            data=(content[start : start + 5000] for start in range(arrived, len(content), 5000)),
            headers={"Content-Range": f"bytes {arrived}-{len(content) - 1}/{len(content)}"},
            timeout=30,
        )
        # The request that broke off may still be giving up.
        return None if "another request" in answer.text else answer

    rest = until(sent, 60)

    assert arrived == 30_000
    assert rest.status_code == 201, rest.text
    assert requests.get(rest.json()["url"], timeout=30).content == content


def test_all_files_of_a_job_lie_in_the_bucket_and_its_work_is_gone(service: Trial, bucket: S3Server, job: Json) -> None:
    job_id = str(job["id"])
    keys = bucket.stored()

    assert {key for key in keys if key.startswith(f"jobs/{job_id}/")} == {f"jobs/{job_id}/output.mp4"}
    assert any(key.startswith("uploads/") for key in keys)
    assert bucket.unfinished() == []
    assert not (service.data / "blobs").exists()
    assert list((service.data / "uploads").iterdir()) == []


def test_a_link_leads_to_the_store_which_answers_ranges(bucket: S3Server, job: Json) -> None:
    link = str(job["output"])
    sent_on = requests.get(link, allow_redirects=False, timeout=30)
    whole = requests.get(link, timeout=30)
    part = requests.get(link, headers={"Range": "bytes=4-7"}, timeout=30)

    assert (sent_on.status_code, sent_on.headers["Cache-Control"]) == (302, "no-store")
    assert sent_on.headers["Location"].startswith(bucket.endpoint)
    assert whole.status_code == 200
    assert whole.headers["Content-Type"] == "video/mp4"
    assert whole.headers["Content-Disposition"] == f"inline; filename={job['id']}.mp4"
    assert (part.status_code, part.content) == (206, b"ftyp")
    assert requests.head(link, allow_redirects=True, timeout=30).headers["Content-Length"] == str(len(whole.content))


def test_a_file_to_save_comes_from_the_service_itself(job: Json) -> None:
    answer = requests.get(f"{job['output']}?download=1", headers={"Range": "bytes=4-7"}, timeout=30)

    assert (answer.status_code, answer.content, answer.history) == (206, b"ftyp", [])
    assert answer.headers["Content-Disposition"] == f"attachment; filename={job['id']}.mp4"


def test_an_upload_is_inspected_where_it_lies_and_nothing_else_stays(
    client: Client, bucket: S3Server, portrait: str, files: str
) -> None:
    before = bucket.stored()

    answer = client.post("/api/v1/inspect?wait=60", {"source": portrait, "audio": f"{files}/short.wav"})

    found = answer.json()
    assert answer.status_code == 200, found
    assert (found["source"]["kind"], found["source"]["width"], found["plan"]["duration_s"]) == ("image", 256, 1.52)
    assert [face["drivable"] for face in found["faces"]] == [True]
    assert found["cost"] == {"credits": 10}
    assert client.get(f"/api/v1/inspect/{found['id']}").json() == found
    until(lambda: bucket.stored() == before)


def test_a_refused_file_is_refused_as_a_job_would_and_does_not_stay(
    client: Client, bucket: S3Server, portrait: str, files: str
) -> None:
    before = bucket.stored()

    answer = client.post("/api/v1/inspect?wait=60", {"source": portrait, "audio": f"{files}/page.wav"})

    assert answer.status_code == 422, answer.text
    assert (answer.json()["code"], answer.json()["field"]) == ("unreadable_media", "audio")
    until(lambda: bucket.stored() == before)


def test_a_job_goes_on_after_the_store_was_away(
    client: Client, bucket: S3Server, portrait: str, voice: str, job: Json
) -> None:
    bucket.stop()
    try:
        away = client.post("/api/v1/lipsync-image", {"formState": {"image": portrait, "audio": voice}})
        link = requests.get(str(job["output"]), timeout=60)
    finally:
        bucket.start()

    assert (away.status_code, link.status_code) == (503, 503)
    assert client.finished(client.image_job(portrait, voice))["output"]


def test_a_job_whose_steps_met_no_store_ends_well_once_it_is_back(client: Client, bucket: S3Server, files: str) -> None:
    bucket.stop()
    try:
        job_id = client.image_job(f"{files}/face.png", f"{files}/short.wav")
        until(lambda: client.get(f"/api/v1/jobs/{job_id}").json().get("stage") == "fetch", 30)
    finally:
        bucket.start()

    assert client.finished(job_id)["output"]
