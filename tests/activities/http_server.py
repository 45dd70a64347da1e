"""A real HTTP server on loopback that answers as a test tells it to."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Answer = Callable[[BaseHTTPRequestHandler], None]


@dataclass
class Received:
    """One request, as it came in."""

    method: str
    path: str
    headers: Message
    body: bytes


@dataclass
class Site:
    """A running server: `url` without a trailing slash, and what it received."""

    port: int
    received: list[Received] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def serving(answers: Mapping[str, Answer]) -> Iterator[Site]:
    """Answer each path by its function; others are not found."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            site.received.append(Received(self.command, self.path, self.headers, body))
            with suppress(ConnectionError):
                answers.get(self.path, status(404))(self)

        do_POST = do_GET

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    site = Site(server.server_port)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def status(code: int, headers: Mapping[str, str] | None = None, body: bytes = b"") -> Answer:
    """Answer with a status, headers and a body."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(code)
        for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(body)

    return answer


def content(body: bytes, mime: str = "application/octet-stream") -> Answer:
    """Answer 200 with a body."""
    return status(200, {"Content-Type": mime}, body)


def after_interim(answer: Answer, *codes: int) -> Answer:
    """Send answers of 1xx with a header each before the one that counts."""

    def interim(handler: BaseHTTPRequestHandler) -> None:
        for code in codes:
            handler.wfile.write(f"HTTP/1.1 {code} \r\nLink: </style.css>; rel=preload\r\n\r\n".encode())
        answer(handler)

    return interim


def redirect(location: str) -> Answer:
    """Answer 302."""
    return status(302, {"Location": location})


def trickle(part: bytes, pause_s: float) -> Answer:
    """Answer 200 and send a part again and again, a pause after each, without an end."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        rest = threading.Event()
        while not rest.wait(pause_s):
            handler.wfile.write(part)
            handler.wfile.flush()

    return answer


def raw_trickle(head: bytes, part: bytes, pause_s: float) -> Answer:
    """Send the beginning of an answer as it stands, then a part again and again, a pause after each, without an end."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(head)
        rest = threading.Event()
        while not rest.wait(pause_s):
            handler.wfile.write(part)
            handler.wfile.flush()

    return answer


def broken(body: bytes, declared: int) -> Answer:
    """Answer 200, promise more bytes than come, and hang up."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(declared))
        handler.end_headers()
        handler.wfile.write(body)
        handler.close_connection = True

    return answer
