import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import ClassVar

import pytest
import requests

from contracts.errors import FetchFailed, InvalidRequest, Unavailable
from contracts.settings import Secret
from scripts.api_client import ApiClient
from scripts.listening import listening
from scripts.receiver import NothingCame, receiving
from scripts.trial import serving

pytestmark = pytest.mark.unit

SECRET = Secret("whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=")


STUDIO = {"error": "formState.audio: is missing", "remedy": "Send it."}
DEV = {"errorCode": "invalid_request", "errorMessage": "audioUrl: is missing", "remedy": "Send it."}
PROBLEM = {"title": "Unauthorized", "detail": "the key is unknown or revoked.", "remedy": "Make one."}


@contextmanager
def _answering(status: int, body: bytes) -> Iterator[ApiClient]:
    """A service that answers every order with this."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with listening(Handler) as url:
        yield ApiClient(url, Secret("key"))


class _BreaksOff(BaseHTTPRequestHandler):
    """Promises more than it sends, and keeps the headers it was sent."""

    seen: ClassVar[list[dict[str, str]]] = []

    def do_GET(self) -> None:
        self.seen.append(dict(self.headers.items()))
        self.send_response(200)
        self.send_header("Content-Length", "1000")
        self.end_headers()
        self.wfile.write(bytes(10))

    def log_message(self, format: str, *args: object) -> None:
        pass


def test_urls_are_passed_on_as_they_are() -> None:
    assert ApiClient("http://127.0.0.1:9", Secret("")).place("https://example.com/a.wav") == "https://example.com/a.wav"


def test_a_local_file_that_is_not_there_is_named() -> None:
    with pytest.raises(InvalidRequest, match="no such file"):
        ApiClient("http://127.0.0.1:9", Secret("")).place("nothing.wav")


def test_what_is_neither_a_file_nor_a_web_address_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="neither an http:// or https:// URL nor a file: ftp://x/y"):
        ApiClient("http://127.0.0.1:9", Secret("")).place("ftp://x/y")


@pytest.mark.parametrize(
    ("status", "body", "told"),
    [
        (400, STUDIO, "formState.audio: is missing (HTTP 400)"),
        (400, DEV, "audioUrl: is missing (HTTP 400)"),
        (401, PROBLEM, "the key is unknown or revoked (HTTP 401)"),
    ],
    ids=["studio", "dev", "problem"],
)
def test_a_refusal_is_told_in_the_services_words(status: int, body: dict[str, str], told: str) -> None:
    with _answering(status, json.dumps(body).encode()) as client, pytest.raises(InvalidRequest) as fault:
        client.submit("lipsync-image", {}, None)

    assert str(fault.value) == told
    assert fault.value.remedy == body["remedy"]


@pytest.mark.parametrize("status", [429, 500, 502, 503])
def test_a_refusal_that_may_pass_is_told_apart(status: int) -> None:
    with _answering(status, b"<html>") as client, pytest.raises(Unavailable, match=f"HTTP {status}"):
        client.submit("lipsync-image", {}, None)


def test_another_service_at_the_address_is_told() -> None:
    with _answering(200, b"<html>") as client, pytest.raises(InvalidRequest, match="is another service"):
        client.submit("lipsync-image", {}, None)


def test_a_download_that_breaks_off_leaves_nothing_and_says_where_the_result_is(tmp_path: Path) -> None:
    out = tmp_path / "out.mp4"
    with listening(_BreaksOff) as url, pytest.raises(Unavailable, match="broke off") as fault:
        ApiClient(url, Secret("key")).download(f"{url}/files/1", out, lambda done, total: None)

    assert list(tmp_path.iterdir()) == []
    assert f"{url}/files/1" in fault.value.remedy


def test_a_download_does_not_carry_the_key(tmp_path: Path) -> None:
    _BreaksOff.seen.clear()
    with listening(_BreaksOff) as url, pytest.raises(Unavailable):
        ApiClient(url, Secret("key")).download(f"{url}/files/1", tmp_path / "out.mp4", lambda done, total: None)

    assert "Authorization" not in _BreaksOff.seen[0]


def test_a_service_that_is_not_there_is_named() -> None:
    with pytest.raises(Unavailable, match="does not answer"):
        ApiClient("http://127.0.0.1:9", Secret("")).submit("lipsync-image", {}, None)


def test_a_download_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    (tmp_path / "file.bin").write_bytes(bytes(3_000_000))
    seen: list[tuple[int, int]] = []
    out = tmp_path / "copy.bin"

    with serving(tmp_path) as url:
        client = ApiClient(url, Secret(""))
        client.download(f"{url}/file.bin", out, lambda done, total: seen.append((done, total)))
        with pytest.raises(FetchFailed, match="HTTP 404"):
            client.download(f"{url}/none.bin", tmp_path / "none.copy", lambda done, total: None)

    assert out.read_bytes() == (tmp_path / "file.bin").read_bytes()
    assert seen[-1] == (3_000_000, 3_000_000)
    assert not (tmp_path / "none.copy").exists()


def test_the_receiver_tells_a_forged_webhook() -> None:
    with receiving(SECRET) as receiver:
        answer = requests.post(receiver.url, json={"id": "x"}, headers={"webhook-id": "m"}, timeout=10)
        received = receiver.take(5)

    assert answer.status_code == 401
    assert not received.is_signed


def test_the_receiver_gives_up_when_nothing_comes() -> None:
    with receiving(SECRET) as receiver, pytest.raises(NothingCame):
        receiver.take(0.01)
