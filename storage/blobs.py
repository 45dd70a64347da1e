"""Files by key, the same for every worker and for the API.

jobs/<job_id>/inputs/<role>-<sha8>    what a job fetched
jobs/<job_id>/work/...                what its steps hand each other
jobs/<job_id>/output.mp4              what links point to
uploads/<key_id>/<uuid>               what a client sent beforehand
engines/<host>.<hash>.json            what a host's gpu workers say of their engines
"""

import logging
import os
import re
import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from contracts.errors import InternalError, StorageBusy
from contracts.settings import Settings
from telemetry.catalogue import BLOB_FAULTS
from telemetry.meter import meter

logger = logging.getLogger(__name__)

#: Called while a blob is on its way, every few megabytes; raises to break it off.
Alive = Callable[[], None]
#: What a direct address is good for.
Method = Literal["GET", "HEAD"]

#: Parts of letters, digits, ".", "_" and "-", none beginning with a dot.
_KEY = re.compile(r"(?:[A-Za-z0-9_-][A-Za-z0-9._-]*/)*[A-Za-z0-9_-][A-Za-z0-9._-]*")
_KEY_LIMIT = 512


class BlobMissing(InternalError):
    """A step was told of a file that is not there: it was deleted, or never finished."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BlobInfo:
    """A blob in a list: its length in bytes and when it was stored, in seconds since 1970."""

    key: str
    size: int
    stored_at: float


class BlobStore(Protocol):
    """Where files live. Every method raises ValueError for a malformed key and StorageBusy for passing faults."""

    def put(self, key: str, source: Path) -> None:
        """Store a file under a key, whole or not at all; the caller's file is gone afterwards."""
        ...

    def local(self, key: str) -> Path:
        """Return a path where the blob can be read on this machine; it must not be written to.

        It stays for as long as the folder of `storage.cache.lend_to`, if there is one, else for ten minutes at least.

        Raises:
            BlobMissing: when there is no such blob.
        """
        ...

    def exists(self, key: str) -> bool:
        """Whether the blob is there."""
        ...

    def size(self, key: str) -> int:
        """Length in bytes.

        Raises:
            BlobMissing: when there is no such blob.
        """
        ...

    def delete(self, key: str) -> None:
        """Remove a blob; one that is not there is no fault."""
        ...

    def delete_prefix(self, prefix: str) -> None:
        """Remove every blob below a folder ("jobs/<id>/work"); none there is no fault."""
        ...

    def listing(self, prefix: str, after: str = "") -> Iterator[BlobInfo]:
        """Go through the blobs below a folder, or through all for "", in one order, and only those after a key.

        Blobs that share a folder follow one another. What is stored or removed meanwhile may or may not be seen.
        """
        ...

    def direct_url(self, key: str, method: Method, ttl_s: int) -> str:
        """Write an address at which the store itself answers `method` for `ttl_s` seconds; "" when it cannot."""
        ...


class LocalBlobs:
    """Blobs as files below one folder. Unfinished ones lie in `.incoming`, which no key can name."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._incoming = root / ".incoming"

    def put(self, key: str, source: Path) -> None:
        """Store a file: set aside on the same disk, synced, renamed into place, its folders synced."""
        target = self._path(key)
        try:
            self._incoming.mkdir(parents=True, exist_ok=True)
            aside = self._incoming / uuid.uuid4().hex
            try:
                shutil.move(source, aside)
                _sync(aside)
                _rename(aside, target)
            finally:
                aside.unlink(missing_ok=True)
            self._sync_folders(target)
        except OSError as fault:
            meter.add(BLOB_FAULTS, 1, "folder")
            raise StorageBusy("the file could not be stored at the moment") from fault

    def local(self, key: str) -> Path:
        """Return the file itself."""
        path = self._path(key)
        if not path.is_file():
            raise missing(key)
        return path

    def exists(self, key: str) -> bool:
        """Whether the file is there."""
        return self._path(key).is_file()

    def size(self, key: str) -> int:
        """Length of the file in bytes."""
        return self.local(key).stat().st_size

    def delete(self, key: str) -> None:
        """Remove the file."""
        self._path(key).unlink(missing_ok=True)

    def delete_prefix(self, prefix: str) -> None:
        """Remove the folder."""
        folder = self._path(prefix.rstrip("/"))
        try:
            shutil.rmtree(folder)
        except FileNotFoundError:
            pass
        except OSError as fault:
            raise StorageBusy("files could not be removed at the moment") from fault

    def listing(self, prefix: str, after: str = "") -> Iterator[BlobInfo]:
        """Walk the folders, names in order."""
        root = self._path(prefix.rstrip("/")) if prefix else self._root
        yield from self._walk(root, after.split("/"))

    def _walk(self, folder: Path, after: list[str]) -> Iterator[BlobInfo]:
        try:
            names = sorted(name for name in os.listdir(folder) if not name.startswith("."))
        except (FileNotFoundError, NotADirectoryError):
            return
        for name in names:
            path = folder / name
            parts = list(path.relative_to(self._root).parts)
            if path.is_dir():
                if parts >= after[: len(parts)]:
                    yield from self._walk(path, after)
            elif parts > after:
                with suppress(FileNotFoundError):
                    found = path.stat()
                    yield BlobInfo(key="/".join(parts), size=found.st_size, stored_at=found.st_mtime)

    def direct_url(self, key: str, method: Method, ttl_s: int) -> str:
        """A folder answers nobody."""
        return ""

    def _sync_folders(self, target: Path) -> None:
        """Let the names of a file and of the folders above it reach the disk: they may be as new as the file."""
        for folder in target.parents:
            # One that was removed meanwhile has no name to keep.
            with suppress(FileNotFoundError):
                _sync(folder)
            if folder == self._root:
                return

    def _path(self, key: str) -> Path:
        return self._root / checked(key)


def open_blobs(settings: Settings, alive: Alive = lambda: None) -> BlobStore:
    """Open the store that the settings ask for.

    Args:
        settings: name a bucket, or none.
        alive: called while a blob is on its way to or from another host.
    """
    if not settings.s3_bucket:
        return LocalBlobs(settings.data_dir / "blobs")
    # Not loaded where nobody needs it.
    from storage.s3 import open_s3

    return open_s3(settings, alive)


def missing(key: str) -> BlobMissing:
    """Make the error for a blob that is not there: clients may read it, so the key goes to the log alone."""
    logger.info("blob_missing key=%s", key)
    return BlobMissing("a file that this needs is gone")


def checked(key: str) -> str:
    """Return a blob key as it is.

    Raises:
        ValueError: when it is malformed.
    """
    if len(key) > _KEY_LIMIT or not _KEY.fullmatch(key):
        raise ValueError(f"not a blob key: {key[:80]!r}")
    return key


def _rename(aside: Path, target: Path) -> None:
    # The folder may vanish in between, when another job's clean-up removes what it believes to be its last file.
    for attempt in range(3):
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.replace(aside, target)
        except FileNotFoundError:
            if attempt == 2:
                raise
        else:
            return


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
