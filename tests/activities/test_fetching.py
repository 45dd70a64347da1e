import hashlib
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from activities.fetching import Download, Limits, download
from contracts.allow_list import AllowList
from contracts.errors import FetchFailed, FetchRefused, FetchTimeout, MediaTooLarge
from contracts.settings import Settings
from tests.activities.http_server import (
    Answer,
    after_interim,
    broken,
    content,
    raw_trickle,
    redirect,
    serving,
    status,
    trickle,
)

pytestmark = pytest.mark.unit

LOOPBACK = Settings.from_env({"MOUTHPIECE_FETCH_ALLOW": "127.0.0.1/32"}).fetch_allow
LIMITS = Limits(size_bytes=1_000_000, total_s=5)


def _silent(fraction: float) -> None:
    assert 0 <= fraction <= 1


def _fetch(
    url: str,
    out: Path,
    limits: Limits = LIMITS,
    allow: AllowList = LOOPBACK,
    report: Callable[[float], None] = _silent,
) -> Download:
    return download(url, out / "file", "audio", allow, limits, report)


def _fetch_answer(answer: Answer, out: Path, limits: Limits = LIMITS) -> Download:
    with serving({"/voice.wav": answer}) as site:
        return _fetch(f"{site.url}/voice.wav", out, limits)


def test_a_file_arrives_byte_for_byte_and_is_measured(tmp_path: Path) -> None:
    body = bytes(range(256)) * 3000

    fetched = _fetch_answer(content(body), tmp_path)

    assert (tmp_path / "file").read_bytes() == body
    assert fetched == Download(size_bytes=len(body), sha256=hashlib.sha256(body).hexdigest())


def test_the_request_names_its_host_and_asks_for_the_plain_bytes(tmp_path: Path) -> None:
    with serving({"/voice.wav": content(b"x")}) as site:
        _fetch(f"{site.url}/voice.wav", tmp_path)

    headers = site.received[0].headers
    assert headers["Host"] == f"127.0.0.1:{site.port}"
    assert headers["Accept-Encoding"] == "identity"


@pytest.mark.parametrize("codes", [(100,), (103,), (102, 100, 103, 103)])
def test_interim_answers_are_passed_over(tmp_path: Path, codes: tuple[int, ...]) -> None:
    fetched = _fetch_answer(after_interim(content(b"abc"), *codes), tmp_path)

    assert (fetched.size_bytes, (tmp_path / "file").read_bytes()) == (3, b"abc")


def test_a_proxy_of_the_environment_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")

    assert _fetch_answer(content(b"x"), tmp_path).size_bytes == 1


@pytest.mark.parametrize("code", [400, 401, 403, 404, 410])
def test_an_answer_that_stays_the_same_is_a_failure(tmp_path: Path, code: int) -> None:
    with pytest.raises(FetchFailed, match=f"audio: the other side answered {code}"):
        _fetch_answer(status(code), tmp_path)


@pytest.mark.parametrize("code", [408, 429, 500, 502, 503])
def test_an_answer_that_may_change_is_to_be_tried_again(tmp_path: Path, code: int) -> None:
    with pytest.raises(FetchTimeout, match=f"audio: the other side answered {code}"):
        _fetch_answer(status(code), tmp_path)


def test_three_redirects_are_followed(tmp_path: Path) -> None:
    answers = {"/0": redirect("/1"), "/1": redirect("2"), "/2": redirect("/3"), "/3": content(b"here")}

    with serving(answers) as site:
        fetched = _fetch(f"{site.url}/0", tmp_path)

    assert fetched.size_bytes == 4


def test_a_redirect_loop_ends(tmp_path: Path) -> None:
    with serving({"/loop": redirect("/loop")}) as site, pytest.raises(FetchFailed, match="more than 3 redirects"):
        _fetch(f"{site.url}/loop", tmp_path)

    assert len(site.received) == 4


@pytest.mark.parametrize("location", ["http://127.0.0.2/a", "http://169.254.169.254/a", "http://[::1]/a"])
def test_a_redirect_to_a_private_address_is_refused(tmp_path: Path, location: str) -> None:
    with pytest.raises(FetchRefused, match="is not a public one"):
        _fetch_answer(redirect(location), tmp_path)


def test_a_redirect_to_another_scheme_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FetchRefused, match="the URL must begin with http"):
        _fetch_answer(redirect("file:///etc/passwd"), tmp_path)


def test_nothing_is_sent_to_a_private_address(tmp_path: Path) -> None:
    with serving({"/voice.wav": content(b"x")}) as site, pytest.raises(FetchRefused):
        _fetch(f"{site.url}/voice.wav", tmp_path, allow=AllowList())

    assert site.received == []


def test_a_body_that_declares_too_much_is_refused_before_it_is_read(tmp_path: Path) -> None:
    with pytest.raises(MediaTooLarge, match="audio: larger than 1000000 bytes"):
        _fetch_answer(status(200, {"Content-Length": "1000001"}), tmp_path)

    assert not (tmp_path / "file").exists()


def test_a_body_without_a_declared_length_is_stopped_at_the_limit(tmp_path: Path) -> None:
    with pytest.raises(MediaTooLarge):
        _fetch_answer(trickle(b"x" * 100_000, pause_s=0.001), tmp_path)

    assert (tmp_path / "file").stat().st_size <= LIMITS.size_bytes


def test_a_trickle_does_not_outlast_the_time_limit(tmp_path: Path) -> None:
    begun = time.monotonic()

    with pytest.raises(FetchTimeout, match="takes too long"):
        _fetch_answer(trickle(b"x", pause_s=0.02), tmp_path, Limits(size_bytes=10**6, total_s=2))

    assert time.monotonic() - begun < 12


@pytest.mark.parametrize(
    ("head", "part"),
    [
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;", b"x"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 900000\r\n\r\n", b"x"),
    ],
)
def test_no_part_of_a_body_can_trickle_past_the_time_limit(tmp_path: Path, head: bytes, part: bytes) -> None:
    begun = time.monotonic()

    with pytest.raises(FetchTimeout, match=r"takes too long|broke off"):
        _fetch_answer(raw_trickle(head, part, pause_s=0.02), tmp_path, Limits(size_bytes=10**6, total_s=2))

    assert time.monotonic() - begun < 12


def test_a_connection_that_breaks_off_is_to_be_tried_again(tmp_path: Path) -> None:
    with pytest.raises(FetchTimeout, match="broke off"):
        _fetch_answer(broken(b"half", declared=8), tmp_path)


def test_a_compressed_body_is_a_failure(tmp_path: Path) -> None:
    with pytest.raises(FetchFailed, match="compressed"):
        _fetch_answer(status(200, {"Content-Encoding": "gzip"}, b"x"), tmp_path)


def test_a_port_where_nobody_listens_is_to_be_tried_again(tmp_path: Path) -> None:
    with serving({}) as site:
        pass

    with pytest.raises(FetchTimeout, match="cannot be reached"):
        _fetch(f"{site.url}/voice.wav", tmp_path)


def test_a_download_stops_when_its_report_says_so(tmp_path: Path) -> None:
    class Stopped(Exception):
        pass

    def report(fraction: float) -> None:
        if (tmp_path / "file").exists():
            raise Stopped

    with serving({"/a": trickle(b"x", pause_s=0.01)}) as site, pytest.raises(Stopped):
        _fetch(f"{site.url}/a", tmp_path, report=report)
