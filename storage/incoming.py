"""Uploads that have begun: one file each, as long as what has arrived of it, in a folder of the API's host."""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from contracts.errors import Conflict


class Incoming:
    """The folder.

    Args:
        folder: made at the first upload.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, name: str) -> Path:
        """Where what has arrived of an upload lies."""
        return self._folder / name

    def arrived(self, name: str) -> int:
        """How many bytes of an upload have arrived."""
        try:
            return self.path(name).stat().st_size
        except FileNotFoundError:
            return 0

    @contextmanager
    def writing(self, name: str) -> Iterator[IO[bytes]]:
        """Open an upload at its end, for one writer at a time.

        Raises:
            Conflict: when another request writes to it.
            OSError: when the disk does not take it.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        with self.path(name).open("ab") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise Conflict(
                    "another request is sending this upload", remedy="Let it end, then ask with HEAD how far it came."
                ) from None
            yield file

    def hand_over(self, name: str, take: Callable[[Path], None]) -> None:
        """Let `take` have an upload's file for good, while it is open for writing here.

        Until then its own name stays where it is, so that no other request can begin it anew.

        Raises:
            OSError: when the disk does not allow it; the upload stays as it is then, whatever `take` did.
        """
        path, lent = self.path(name), self.path(f"{name}.whole")
        lent.unlink(missing_ok=True)
        os.link(path, lent)
        try:
            take(lent)
        finally:
            lent.unlink(missing_ok=True)
        path.unlink()

    def sweep(self, before: float) -> None:
        """Remove uploads to which nothing was added since `before`, in seconds since 1970."""
        if not self._folder.is_dir():
            return
        for entry in os.scandir(self._folder):
            with suppress(OSError, Conflict):
                if entry.stat().st_mtime < before:
                    with self.writing(entry.name):
                        Path(entry.path).unlink()
