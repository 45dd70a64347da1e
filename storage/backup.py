"""A copy of everything a service has to keep, made while it runs, and a data folder made of such a copy.

    backup.json   when it was made, and the records' SHA-256
    records.db    as they stood at one moment
    limits.db, secret
    blobs.txt     key and length of every file
    blobs/        the files, if they were in a folder and were asked for

The records are copied before the files: an output that they name is there then. What became of jobs meanwhile is in the
copy of neither, and such a job runs again. Temporal's database is left out, for it would be of another moment.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from contracts.errors import InternalError
from contracts.settings import Settings
from storage.blobs import Alive, BlobMissing, BlobStore, open_blobs
from storage.folders import make_private
from storage.records import Records
from storage.requests import Requests

MANIFEST = "backup.json"
#: Changes when an older release could not read a backup any more.
FORMAT = 1

_RECORDS, _LIMITS, _SECRET, _BLOBS, _LIST = "records.db", "limits.db", "secret", "blobs", "blobs.txt"
#: What `mouthpiece up` puts into any folder it looks at.
_LOCKS = {"stack.lock"}


class NotABackup(InternalError):
    """A folder is no backup, not a whole one, or one of a newer release."""


class FolderTaken(InternalError):
    """Something is there already that would be overwritten."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a backup says of itself. `has_blobs` is False when it only lists the files."""

    format: int
    made_at: str
    records_sha256: str
    has_blobs: bool
    blobs: int
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """What a restored folder begins with: jobs and webhooks that are started again with the service."""

    manifest: Manifest
    jobs: int
    webhooks: int


def make(settings: Settings, target: Path, now: datetime, alive: Alive, *, with_blobs: bool) -> Manifest:
    """Write a backup to a new folder, which appears only once it is whole.

    Args:
        settings: of the service, which may be running.
        target: the folder to make.
        now: the time.
        alive: called for every file.
        with_blobs: copy files too; those in a bucket are only listed.

    Raises:
        FolderTaken: when the folder is there already.
        StorageBusy: when records or files cannot be read at the moment.
        OSError: when the copy cannot be written.
    """
    aside = target.with_name(f"{target.name}.unfinished")
    for folder in (target, aside):
        if folder.exists():
            raise FolderTaken(f"{folder} is there already", remedy="Name another, or remove it.")
    aside.mkdir(parents=True, mode=0o700)
    with closing(Records(settings.data_dir / _RECORDS)) as records:
        records.copy_to(aside / _RECORDS)
    with closing(Requests(settings.data_dir / _LIMITS, now.timestamp)) as requests:
        requests.copy_to(aside / _LIMITS)
    _copy_if_there(settings.data_dir / _SECRET, aside / _SECRET)
    is_copied = with_blobs and not settings.s3_bucket
    count, size = _keep_blobs(open_blobs(settings), aside, alive, is_copied=is_copied)
    manifest = Manifest(
        format=FORMAT,
        made_at=now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        records_sha256=_sha256(aside / _RECORDS),
        has_blobs=is_copied,
        blobs=count,
        bytes=size,
    )
    (aside / MANIFEST).write_text(json.dumps(asdict(manifest), indent=1) + "\n", encoding="utf-8")
    os.sync()
    aside.rename(target)
    return manifest


def restore(source: Path, data_dir: Path) -> Restored:
    """Make a data folder of a backup; what had not ended when it was made begins again with the service.

    Raises:
        NotABackup: when the source is no whole backup.
        FolderTaken: when the data folder holds anything.
        NewerRecords, RecordsDamaged: when the records cannot be used here.
        OSError: when the folder cannot be written.
    """
    manifest = _read(source)
    held = {path.name for path in data_dir.iterdir()} - _LOCKS if data_dir.is_dir() else set()
    if held:
        raise FolderTaken(
            f"{data_dir} is not empty ({', '.join(sorted(held)[:3])})", remedy="Name a folder that is new, or empty it."
        )
    make_private(data_dir)
    with _aside(source, data_dir) as aside:
        with closing(Records(aside)) as records:
            jobs, webhooks = records.owed.owe_all()
        for name in (_LIMITS, _SECRET):
            _copy_if_there(source / name, data_dir / name)
        if manifest.has_blobs:
            shutil.copytree(source / _BLOBS, data_dir / _BLOBS)
        os.sync()
        # Last, so that a folder that was not finished has no records and is not taken for a service's.
        aside.rename(data_dir / _RECORDS)
    return Restored(manifest=manifest, jobs=jobs, webhooks=webhooks)


@contextmanager
def _aside(source: Path, data_dir: Path) -> Iterator[Path]:
    """Copy the records under another name, of which nothing stays."""
    aside = data_dir / f"{_RECORDS}.unfinished"
    try:
        shutil.copyfile(source / _RECORDS, aside)
        yield aside
    finally:
        for path in data_dir.glob(f"{aside.name}*"):
            path.unlink()


def _read(source: Path) -> Manifest:
    try:
        manifest = Manifest(**json.loads((source / MANIFEST).read_text(encoding="utf-8")))
        is_same = _sha256(source / _RECORDS) == manifest.records_sha256
    except (OSError, ValueError, TypeError) as fault:
        raise NotABackup(f"{source} is no backup, or not a whole one", remedy="Name a folder of backup.") from fault
    if manifest.format > FORMAT:
        raise NotABackup(f"{source} was made by a newer release", remedy="Restore it with that release.")
    if not is_same:
        raise NotABackup(f"{source / _RECORDS} is not what was backed up", remedy="Take another backup.")
    return manifest


def _keep_blobs(blobs: BlobStore, folder: Path, alive: Alive, *, is_copied: bool) -> tuple[int, int]:
    """List every file, copy it if asked to, and return how many there are and their length together."""
    count = size = 0
    (folder / _BLOBS).mkdir()
    with (folder / _LIST).open("w", encoding="utf-8") as listed:
        for blob in blobs.listing(""):
            alive()
            if is_copied and not _copied(blobs, blob.key, folder / _BLOBS / blob.key):
                continue
            listed.write(f"{blob.key}\t{blob.size}\n")
            count, size = count + 1, size + blob.size
    return count, size


def _copied(blobs: BlobStore, key: str, target: Path) -> bool:
    """Copy a file with its time; False when it was removed meanwhile."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        shutil.copy2(blobs.local(key), target)
    except (BlobMissing, FileNotFoundError):
        return False
    return True


def _copy_if_there(source: Path, target: Path) -> None:
    if source.exists():
        # Its mode goes along: the secret is nobody else's.
        shutil.copy2(source, target)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
