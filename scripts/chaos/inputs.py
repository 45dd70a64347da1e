"""An input server with moods: slow, cut, broken, changing; and sounds that are not there until they are released."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from http.server import BaseHTTPRequestHandler
from pathlib import Path

from scripts.listening import listening

_PIECES = 16
_BETWEEN_PIECES_S = 0.25
_FLIP = bytes(255 - value for value in range(256))


class Mood(StrEnum):
    """How files are sent.

    CHANGING: half of what then is another file, of the same length, and the connection is cut.
    """

    GOOD = "good"
    SLOW = "slow"
    CUT = "cut"
    BROKEN = "broken"
    CHANGING = "changing"


@dataclass(slots=True)
class InputServer:
    """Serves a folder's files. `late/N/NAME` is NAME once N was released, and 404 before."""

    folder: Path
    url: str = ""
    mood: Mood = Mood.GOOD
    released: set[str] = field(default_factory=set)

    def late(self, number: int, name: str) -> str:
        """Address of a file that is not there yet."""
        return f"{self.url}/late/{number}/{name}"

    def release(self, number: int) -> None:
        """Put the files of that number there."""
        self.released.add(str(number))

    def find(self, path: str) -> bytes | None:
        """What lies at a path now."""
        parts = path.strip("/").split("/")
        if parts[0] == "late" and (len(parts) != 3 or parts[1] not in self.released):
            return None
        file = self.folder / parts[-1]
        return file.read_bytes() if file.is_file() else None


@contextmanager
def serving_inputs(folder: Path) -> Iterator[InputServer]:
    """Serve a folder until the block ends."""
    server = InputServer(folder)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            content, mood = server.find(self.path), server.mood
            if mood is Mood.BROKEN or content is None:
                self._begin(503 if mood is Mood.BROKEN else 404, 0)
                return
            self._begin(200, len(content))
            try:
                self._send(content, mood)
            except OSError:
                self.close_connection = True

        def _begin(self, status: int, length: int) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(length))
            self.end_headers()

        def _send(self, content: bytes, mood: Mood) -> None:
            if mood in (Mood.CUT, Mood.CHANGING):
                half = content[: len(content) // 2]
                self.wfile.write(half.translate(_FLIP) if mood is Mood.CHANGING else half)
                self.close_connection = True
                return
            size = len(content) if mood is Mood.GOOD else max(1, len(content) // _PIECES)
            for start in range(0, len(content), size):
                self.wfile.write(content[start : start + size])
                if mood is Mood.SLOW:
                    time.sleep(_BETWEEN_PIECES_S)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    with listening(Handler) as url:
        server.url = url
        yield server
