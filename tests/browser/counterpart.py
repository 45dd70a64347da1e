"""The client's own server: it has the files that jobs fetch, holds some back, and answers webhooks as it is told."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from http.server import SimpleHTTPRequestHandler
from pathlib import Path

from scripts.listening import listening

_LONGEST_HOLD_S = 100


class Counterpart:
    """Files are at `url`/NAME, and at `url`/held/NAME, which are given after `release` alone; webhooks go to `hook`.

    Attributes:
        url: where it answers, without a trailing slash.
        statuses: what webhooks to a path are answered with; 200 where nothing is said.
        received: path, headers and body of the webhooks that came.
    """

    def __init__(self) -> None:
        self.url = ""
        self.statuses: dict[str, int] = {}
        self.received: list[tuple[str, dict[str, str], bytes]] = []
        self._released = threading.Event()

    def hook(self, path: str = "/hook", status: int = 200) -> str:
        """Address for webhooks that are answered with a status."""
        self.statuses[path] = status
        return f"{self.url}{path}"

    def release(self) -> None:
        """Give out what is held back."""
        self._released.set()

    def wait(self) -> None:
        """Wait for that."""
        self._released.wait(_LONGEST_HOLD_S)


@contextmanager
def answering(folder: Path) -> Iterator[Counterpart]:
    """Run one on a free port of loopback."""
    other = Counterpart()

    class Handler(SimpleHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path.startswith("/held/"):
                other.wait()
                self.path = self.path.removeprefix("/held")
            # A job that was cancelled no longer reads.
            with suppress(ConnectionError):
                super().do_GET()

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            other.received.append((self.path, headers, body))
            status = other.statuses.get(self.path, 200)
            answer = b"thanks" if status < 300 else b"the receiver is out of order"
            self.send_response(status)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    with listening(partial(Handler, directory=str(folder))) as url:
        other.url = url
        try:
            yield other
        finally:
            other.release()
