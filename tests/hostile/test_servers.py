"""Servers that answer with malice: each answer ends in a clear error, in bounded time and memory."""

import random
import socket
import threading
import time
import tracemalloc
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest

from activities import exchange as exchanging
from activities.exchange import exchange
from activities.fetching import Limits, download
from contracts.allow_list import read_allow_list
from contracts.errors import FetchFailed, FetchTimeout, MediaTooLarge, MouthpieceError

pytestmark = pytest.mark.unit

ALLOWED = read_allow_list("127.0.0.1")
LIMITS = Limits(size_bytes=1_000_000, total_s=1)
OK = b"HTTP/1.1 200 OK\r\n"
#: Seeds of the mutations below; what one of them finds is added to `ANSWERS`.
FUZZ_CASES = 600

#: An answer's bytes, how often its last line is repeated, what has to come of it, and why.
ANSWERS: list[tuple[str, bytes, bytes, type[MouthpieceError]]] = [
    ("no answer at all", b"", b"", FetchTimeout),
    ("another protocol", b"SSH-2.0-OpenSSH_9.2\r\n", b"", FetchFailed),
    ("mail", b"220 mail.test ESMTP\r\n250 ok\r\n", b"", FetchFailed),
    ("HTTP 0.9, which has no head", b"RIFF....WAVEfmt ", b"", FetchFailed),
    ("a status that is no number", b"HTTP/1.1 abc OK\r\n\r\n", b"", FetchFailed),
    ("a status out of range", b"HTTP/1.1 99999 OK\r\n\r\n", b"", FetchFailed),
    ("a status below 0", b"HTTP/1.1 -200 OK\r\n\r\n", b"", FetchFailed),
    ("an unknown version", b"HTTP/9.9 200 OK\r\n\r\n", b"", FetchFailed),
    ("a first line without end", b"HTTP/1.1 200 ", b"A" * 65536, FetchFailed),
    ("a header without end", OK + b"X: ", b"A" * 65536, FetchFailed),
    ("headers without end", OK, b"X: a\r\n" * 100, FetchFailed),
    ("continuations without end", b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 100, FetchTimeout),
    ("links before an answer, without end", b"", b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 100, FetchFailed),
    ("another protocol after HTTP", b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", b"", FetchFailed),
    ("a length of thousands of digits", OK + b"Content-Length: " + b"9" * 5000 + b"\r\n\r\nabc", b"", FetchFailed),
    ("a length beyond 64 bits", OK + b"Content-Length: 99999999999999999999\r\n\r\nabc", b"", FetchFailed),
    ("a length above the limit", OK + b"Content-Length: 1000001\r\n\r\n", b"x" * 1000, MediaTooLarge),
    ("two lengths", OK + b"Content-Length: 3\r\nContent-Length: 5\r\n\r\nabc", b"", FetchFailed),
    ("a body shorter than its length", OK + b"Content-Length: 10\r\n\r\nabc", b"", FetchTimeout),
    ("a chunk that is no number", OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nabc", b"", FetchTimeout),
    ("a chunk that never comes", OK + b"Transfer-Encoding: chunked\r\n\r\nffffffff\r\n", b"", FetchTimeout),
    ("a chunk's size without end", OK + b"Transfer-Encoding: chunked\r\n\r\n", b"1" * 65536, FetchTimeout),
    ("chunk extensions without end", OK + b"Transfer-Encoding: chunked\r\n\r\n1;", b"a" * 65536, FetchTimeout),
    ("trailers without end", OK + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", b"X: a\r\n" * 1000, FetchTimeout),
    ("a length below 0", OK + b"Content-Length: -1\r\n\r\nabc", b"", FetchFailed),
    ("a length in base 16", OK + b"Content-Length: 0x3\r\n\r\nabc", b"", FetchFailed),
    (
        "chunks without end",
        OK + b"Transfer-Encoding: chunked\r\n\r\n",
        b"fff\r\n" + b"a" * 4095 + b"\r\n",
        MediaTooLarge,
    ),
    ("crumbs without end", OK + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\na\r\n" * 10000, FetchTimeout),
    ("a body without end", OK + b"\r\n", b"x" * 65536, MediaTooLarge),
    ("gzip", OK + b"Content-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc", b"", FetchFailed),
    ("brotli", OK + b"Content-Encoding: br\r\nContent-Length: 3\r\n\r\nabc", b"", FetchFailed),
    ("packed twice", OK + b"Content-Encoding: gzip, gzip\r\nContent-Length: 3\r\n\r\nabc", b"", FetchFailed),
    ("packed, said so elsewhere", OK + b"content-encoding: IDENTITY, deflate\r\n\r\nabc", b"", FetchFailed),
    ("a redirect to nowhere", b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n", b"", FetchFailed),
    ("a redirect to half an address", b"HTTP/1.1 302 Found\r\nLocation: http://[\r\n\r\n", b"", FetchFailed),
    ("a redirect in broken letters", b"HTTP/1.1 302 Found\r\nLocation: http://\xff\xfe/\r\n\r\n", b"", FetchFailed),
    ("a redirect with a body without end", b"HTTP/1.1 302 Found\r\nLocation: /\r\n\r\n", b"x" * 65536, FetchFailed),
    ("cookies without end", OK + b"Set-Cookie: a=b\r\n" * 90 + b"Content-Length: 9\r\n\r\nabc", b"", FetchTimeout),
]


@contextmanager
def answering(head: bytes, again: bytes = b"") -> Iterator[str]:
    """Answer every request with some bytes, then with others over and over until the other side hangs up."""
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with suppress(OSError):
            while True:
                connection, _ = listening.accept()
                threading.Thread(target=answer, args=(connection,), daemon=True).start()

    def answer(connection: socket.socket) -> None:
        with suppress(OSError), connection:
            connection.settimeout(5)
            connection.recv(65536)
            connection.sendall(head)
            while again:
                connection.sendall(again)

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/"
    finally:
        # Wakes the thread that waits for connections.
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()


@pytest.fixture(autouse=True)
def _impatience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchanging, "CONNECT_TIMEOUT_S", 0.5)


def _fetch(url: str, folder: Path, limits: Limits = LIMITS) -> None:
    download(url, folder / "file", "audio", ALLOWED, limits, lambda fraction: None)


@contextmanager
def taking_at_most(mib: int) -> Iterator[None]:
    """Fail when the block takes more memory at any moment."""
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < mib << 20
    finally:
        tracemalloc.stop()


def _bomb(mib: int) -> bytes:
    """Nothing but zeros, packed a thousand to one."""
    packer = zlib.compressobj(9, wbits=31)
    return b"".join([*(packer.compress(bytes(1 << 20)) for _ in range(mib)), packer.flush()])


@pytest.mark.parametrize(("head", "again", "error"), [row[1:] for row in ANSWERS], ids=[row[0] for row in ANSWERS])
def test_a_hostile_answer_is_a_clear_error(
    tmp_path: Path, head: bytes, again: bytes, error: type[MouthpieceError]
) -> None:
    # Only what is given up for its time has to be so soon; the others must not be mistaken for it on a busy machine.
    limits = LIMITS if error is FetchTimeout else replace(LIMITS, total_s=8)
    begun = time.monotonic()

    with taking_at_most(16), answering(head, again) as url, pytest.raises(error, match=r"^audio: "):
        _fetch(url, tmp_path, limits)

    assert time.monotonic() - begun < (6 if error is FetchTimeout else 9)
    assert not (tmp_path / "file").exists() or (tmp_path / "file").stat().st_size <= LIMITS.size_bytes


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_the_body_of_a_redirect_is_not_unpacked(method: str) -> None:
    bomb = _bomb(100)
    head = b"HTTP/1.1 302 Found\r\nLocation: /a\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(bomb)

    with (
        taking_at_most(8),
        answering(head + bomb) as url,
        exchange("GET" if method == "GET" else "POST", url, "audio", ALLOWED, answer_s=5, body_s=1) as answer,
    ):
        assert answer.status_code == 302


def test_a_receiver_that_packs_its_answer_is_read_as_it_comes() -> None:
    bomb = _bomb(1)
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(bomb)

    with answering(head + bomb) as url, exchange("POST", url, "", ALLOWED, body=b"{}", body_s=1) as answer:
        assert answer.raw.read1(2000) == bomb[:2000]


def test_mutated_answers_never_surprise(tmp_path: Path) -> None:
    """Every outcome is a download or one of our errors: anything else leaves `download` and fails this test."""
    chance = random.Random(6)
    seeds = [head + again[:200] for _, head, again, _ in ANSWERS if head or again]
    outcomes: dict[str, int] = {}

    for _ in range(FUZZ_CASES):
        with answering(_mutated(chance, seeds)) as url:
            try:
                _fetch(url, tmp_path)
                outcome = "downloaded"
            except MouthpieceError as fault:
                outcome = str(fault.code)
        outcomes[outcome] = outcomes.get(outcome, 0) + 1

    assert sum(outcomes.values()) == FUZZ_CASES
    assert {"fetch_failed", "fetch_timeout"} <= set(outcomes)


def _mutated(chance: random.Random, seeds: list[bytes]) -> bytes:
    """One answer with some bytes changed, dropped, doubled or taken from another."""
    made = bytearray(chance.choice(seeds))
    for _ in range(chance.randint(1, 6)):
        at = chance.randrange(len(made) + 1)
        other = chance.choice(seeds)
        begin = chance.randrange(len(other))
        piece = chance.choice(
            (
                chance.randbytes(chance.randint(1, 4)),
                other[begin : begin + chance.randint(1, 30)],
                chance.choice((b"\r\n", b"\0", b"\xff", b":", b" ", b"-1", b"0x", b"%", b"\r\n\r\n")),
            )
        )
        made[at : at + chance.choice((0, 0, len(piece), chance.randint(0, 20)))] = piece
    return bytes(made)
