import json
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler
from pathlib import Path

import pytest
import requests

from contracts.errors import FetchFailed, InvalidRequest, Unavailable
from contracts.settings import Secret
from scripts.api_client import ApiClient
from scripts.receiver import NothingCame, receiving
from scripts.trial import serving

pytestmark = pytest.mark.unit

SECRET = Secret("whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=")


class _Refuses(SimpleHTTPRequestHandler):
    """Answers every order with an error as the studio dialect writes it."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = json.dumps({"error": "formState.audio: is missing", "remedy": "Send it."}).encode()
        self.send_response(400)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def refusing(tmp_path: Path) -> Iterator[ApiClient]:
    with serving(tmp_path, _Refuses) as url:
        yield ApiClient(url, Secret("key"))


def test_urls_are_passed_on_as_they_are() -> None:
    assert ApiClient("http://127.0.0.1:9", Secret("")).place("https://example.com/a.wav") == "https://example.com/a.wav"


def test_a_local_file_that_is_not_there_is_named() -> None:
    with pytest.raises(InvalidRequest, match="no such file"):
        ApiClient("http://127.0.0.1:9", Secret("")).place("nothing.wav")


def test_a_refusal_is_told_in_the_services_words(refusing: ApiClient) -> None:
    with pytest.raises(InvalidRequest, match=r"formState.audio: is missing Send it. \(HTTP 400\)"):
        refusing.submit("lipsync-image", {}, None)


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
