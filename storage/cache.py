"""Copies of a remote store's blobs on this host, shared by its processes; the least recently used ones go first."""

import fcntl
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path

from storage.blobs import Alive

#: Copies in use that no folder holds stay for so long after they were handed out, in seconds.
GRACE_S = 600.0

_LOCK_POLL_S = 0.1
_LOCKS = ".locks"
_UNFINISHED = ".part"

_folder: ContextVar[Path | None] = ContextVar("_folder", default=None)


@contextmanager
def lend_to(folder: Path) -> Iterator[None]:
    """Let copies that this thread asks for inside the block stay until `folder` is removed, whatever room is needed."""
    token = _folder.set(folder)
    try:
        yield
    finally:
        _folder.reset(token)


class BlobCache:
    """A folder of copies.

    Args:
        folder: where they lie.
        limit_bytes: how much they may take; more only while all of it is in use.
        alive: called while another process makes the copy that is waited for.
    """

    def __init__(self, folder: Path, limit_bytes: int, alive: Alive) -> None:
        self._folder = folder
        self._limit_bytes = limit_bytes
        self._alive = alive

    def get(self, name: str, fill: Callable[[Path], None]) -> Path:
        """Return a copy; nobody ever sees half of one.

        Args:
            name: of hexadecimal digits, with any suffix; the same name always means the same content.
            fill: writes the content to a path; called by one process at a time.

        Raises:
            OSError: when the copy cannot be written here.
        """
        kept = self._folder / name
        (self._folder / _LOCKS).mkdir(parents=True, exist_ok=True)
        with self._locked(name):
            is_new = not kept.exists()
            if is_new:
                unfinished = kept.with_name(name + _UNFINISHED)
                fill(unfinished)
                unfinished.rename(kept)
            _note_use(kept)
            lent = _lent(kept)
        if is_new:
            self._make_room()
        return lent

    def _make_room(self) -> None:
        """Remove copies, the longest unused first, until the rest is within the limit."""
        copies = list(self._copies())
        excess = sum(size for _, size, _ in copies) - self._limit_bytes
        for _, _, file in sorted(copies):
            if excess <= 0:
                return
            excess -= self._remove_unused(file)

    def _copies(self) -> Iterator[tuple[float, int, Path]]:
        """When each copy was last used, its size, and where it is."""
        for entry in os.scandir(self._folder):
            with suppress(FileNotFoundError):
                if entry.is_file():
                    found = entry.stat()
                    yield found.st_atime, found.st_size, Path(entry.path)

    def _remove_unused(self, file: Path) -> int:
        """Remove a copy unless it is in use; returns the bytes that were freed."""
        with suppress(BlockingIOError, FileNotFoundError), self._locked(file.name, wait=False):
            found = file.stat()
            if time.time() - found.st_atime > GRACE_S or found.st_nlink > 1:
                file.unlink()
                return found.st_size
        return 0

    @contextmanager
    def _locked(self, name: str, *, wait: bool = True) -> Iterator[None]:
        """Keep all others from making, handing out or removing the copy.

        Raises:
            BlockingIOError: when somebody else does and this is not to wait.
        """
        descriptor = os.open(self._folder / _LOCKS / name[:2], os.O_CREAT | os.O_RDWR)
        try:
            while not _try_lock(descriptor):
                if not wait:
                    raise BlockingIOError
                self._alive()
                time.sleep(_LOCK_POLL_S)
            yield
        finally:
            os.close(descriptor)


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _note_use(file: Path) -> None:
    # By hand, as many disks are mounted so that reading leaves no trace.
    os.utime(file, (time.time(), file.stat().st_mtime))


def _lent(file: Path) -> Path:
    """Give the copy a second name in the borrower's folder, under which it outlives its removal here."""
    folder = _folder.get()
    if folder is None:
        return file
    lent = folder / f"blob-{file.name}"
    if lent.exists():
        return lent
    try:
        os.link(file, lent)
    except OSError:
        # The folder lies on another disk.
        shutil.copyfile(file, lent)
    return lent
