"""What every step has at hand: the settings, the blobs, and a folder of its own for each attempt."""

import fcntl
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from contracts.settings import Settings
from storage.blobs import BlobStore
from storage.cache import lend_to


@dataclass(frozen=True, slots=True, kw_only=True)
class Workplace:
    """Handed to each step by the worker that runs it."""

    settings: Settings
    blobs: BlobStore

    @contextmanager
    def scratch(self, job_id: str) -> Iterator[Path]:
        """Open an empty folder for one attempt; it is gone afterwards, however the attempt ended.

        Another attempt at the same step, running or dead, never sees it. Blobs that are read inside the block stay
        readable until its end.
        """
        folder = self._scratch() / f"{job_id}.{uuid.uuid4().hex}"
        folder.mkdir(parents=True)
        try:
            with _held(folder), lend_to(folder):
                yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def sweep(self, job_id: str) -> None:
        """Remove what killed attempts at a job's steps left behind on this host; living ones keep theirs."""
        for folder in self._scratch().glob(f"{job_id}.*"):
            with suppress(OSError), _held(folder):
                shutil.rmtree(folder, ignore_errors=True)

    def _scratch(self) -> Path:
        return self.settings.data_dir / "scratch"


@contextmanager
def _held(folder: Path) -> Iterator[None]:
    """Own a folder for as long as this process lives at most.

    Raises:
        OSError: when another attempt owns it, or it is gone.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(descriptor)
