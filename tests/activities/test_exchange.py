import logging
import socket
import ssl
import subprocess
import threading
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
import requests
from temporalio.api.failure.v1 import Failure
from temporalio.converter import DefaultFailureConverter, PayloadConverter
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from activities import exchange as exchanging
from activities.addresses import Endpoint
from activities.exchange import PinnedAdapter, exchange
from contracts.allow_list import AllowList
from contracts.errors import FetchFailed, FetchTimeout, MouthpieceError
from contracts.settings import Settings
from tests.activities.http_server import content, raw_trickle, serving

pytestmark = pytest.mark.unit

ENDPOINT = Endpoint(
    scheme="https", host="media.example", port=8443, authority="media.example:8443", addresses=("192.0.2.7",)
)


LOOPBACK: AllowList = Settings.from_env({"MOUTHPIECE_FETCH_ALLOW": "127.0.0.1"}).fetch_allow


def _prepared(url: str) -> requests.PreparedRequest:
    return requests.Request("GET", url).prepare()


def test_a_connection_goes_to_the_checked_address_and_is_verified_against_the_host() -> None:
    adapter = PinnedAdapter(ENDPOINT, "192.0.2.7", [])

    pool = adapter.get_connection_with_tls_context(_prepared("https://media.example:8443/a"), verify=True)
    assert isinstance(pool, HTTPSConnectionPool)

    assert (pool.host, pool.port) == ("192.0.2.7", 8443)
    assert pool.conn_kw["server_hostname"] == "media.example"
    assert pool.cert_reqs == "CERT_REQUIRED"


def test_a_plain_connection_knows_no_certificate() -> None:
    adapter = PinnedAdapter(replace(ENDPOINT, scheme="http"), "192.0.2.7", [])

    pool = adapter.get_connection_with_tls_context(_prepared("http://media.example:8443/a"), verify=True)
    assert isinstance(pool, HTTPConnectionPool)

    assert pool.host == "192.0.2.7"
    assert "server_hostname" not in pool.conn_kw


def test_the_host_header_names_the_host_of_the_url() -> None:
    request = _prepared("https://media.example:8443/a")

    PinnedAdapter(ENDPOINT, "192.0.2.7", []).add_headers(request)

    assert request.headers["Host"] == "media.example:8443"


def test_a_certificate_that_nobody_vouches_for_is_not_accepted(tmp_path: Path) -> None:
    own, key = tmp_path / "own.pem", tmp_path / "key.pem"
    made = ("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=127.0.0.1")
    subprocess.run(["openssl", *made, "-keyout", str(key), "-out", str(own)], check=True, capture_output=True)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(own, key)

    def shake_hands() -> None:
        with suppress(OSError), tls.wrap_socket(listening.accept()[0], server_side=True) as connection:
            received.append(connection.recv(100))

    received: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = threading.Thread(target=shake_hands)
        server.start()
        url = f"https://127.0.0.1:{listening.getsockname()[1]}/"
        with (
            pytest.raises(FetchFailed, match="has no valid certificate"),
            exchange("POST", url, "audio", LOOPBACK, body=b"{}", body_s=1),
        ):
            pass
        server.join()

    assert received == []


@pytest.mark.parametrize("head", [b"HTTP/1.1 2", b"HTTP/1.1 200 OK\r\nX-Slow: "])
def test_a_head_that_trickles_in_is_given_up(head: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchanging, "CONNECT_TIMEOUT_S", 0.1)
    begun = time.monotonic()

    with (
        serving({"/": raw_trickle(head, b"0", pause_s=0.02)}) as site,
        pytest.raises(FetchTimeout, match="did not answer in time"),
        exchange("GET", f"{site.url}/", "audio", LOOPBACK, answer_s=0.2, body_s=1),
    ):
        pass

    assert time.monotonic() - begun < 30


def test_an_answer_outlives_the_time_for_its_head() -> None:
    with (
        serving({"/": content(b"x" * 100)}) as site,
        exchange("GET", f"{site.url}/", "audio", LOOPBACK, answer_s=1, body_s=30) as response,
    ):
        time.sleep(1.5)
        assert response.content == b"x" * 100


def test_no_log_line_and_no_error_holds_what_a_url_is_signed_with(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exchanging, "CONNECT_TIMEOUT_S", 0.1)
    caplog.set_level(logging.DEBUG)
    heads = (b"HTTP/1.1 200 OK\r\nno colon here\r\n\r\n", b"not http\r\n", b"HTTP/1.1 2", b"HTTP/1.1 200 OK\r\nX: ")
    with socket.create_server(("127.0.0.1", 0)) as silent, serving({}) as plain:
        faults = [_fault(f"https://127.0.0.1:{silent.getsockname()[1]}/a?signature=hush")]
        faults.append(_fault(f"https://127.0.0.1:{plain.port}/a?signature=hush"))
        for head in heads:
            with serving({"/a?signature=hush": raw_trickle(head, b"x", pause_s=0.02)}) as site:
                faults.append(_fault(f"{site.url}/a?signature=hush", 10 if head == heads[0] else 0.1))

    assert [fault is None for fault in faults] == [False, False, True, False, False, False]
    assert "hush" not in caplog.text
    for fault in filter(None, faults):
        kept = Failure()
        # It follows causes, and contexts that are not suppressed.
        DefaultFailureConverter().to_failure(fault, PayloadConverter.default, kept)
        assert "hush" not in str(kept)


def _fault(url: str, patience_s: float = 0.1) -> MouthpieceError | None:
    try:
        with exchange("GET", url, "audio", LOOPBACK, answer_s=patience_s, body_s=patience_s) as response:
            response.raw.read1(10)
    except MouthpieceError as fault:
        return fault
    return None


def test_a_session_of_the_machine_is_not_used(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password hush\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")

    with (
        serving({"/": content(b"x")}) as site,
        exchange("POST", f"{site.url}/", "audio", LOOPBACK, body=b"{}", body_s=1) as response,
    ):
        assert response.status_code == 200

    assert site.received[0].headers["Authorization"] is None
    assert site.received[0].headers["Cookie"] is None
