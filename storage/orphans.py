"""Where files and records part: files of no known job, inspections' too, late work, and outputs that are not there."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import groupby, islice

from contracts.jobs import Status
from storage.blobs import Alive, BlobInfo, BlobStore
from storage.jobs import JobFilter
from storage.records import Records

#: So many folders without a record, once they are more than those with one, tell of a wrong store or of old records.
FEW = 10

_AT_ONCE = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Orphan:
    """A folder to remove. `last` is the key where a list goes on after it."""

    job_id: str
    prefix: str
    last: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Folder:
    """What lies below `jobs/<job_id>`."""

    job_id: str
    last: str
    stored_at: float
    has_work: bool

    def orphaned(self, status: Status | None) -> str:
        """The part of it that belongs to nobody; "" for none. A failed job keeps its work for a retry."""
        if status is None:
            return f"jobs/{self.job_id}"
        is_over = status in (Status.SUCCEEDED, Status.CANCELLED)
        return f"jobs/{self.job_id}/work" if is_over and self.has_work else ""


def find(records: Records, blobs: BlobStore, before: float, alive: Alive, after: str = "") -> Iterator[Orphan]:
    """Go through folders of which nothing was stored since `before`, in seconds since 1970."""
    for folder, status in _standing(records, blobs, alive, after):
        prefix = folder.orphaned(status)
        if prefix and folder.stored_at < before:
            yield Orphan(job_id=folder.job_id, prefix=prefix, last=folder.last)


def are_strange(records: Records, blobs: BlobStore, before: float, alive: Alive) -> bool:
    """Whether so much has no record that the records may not be those of this store: then nothing is to be removed."""
    known = unknown = 0
    for folder, status in _standing(records, blobs, alive):
        known += status is not None
        unknown += status is None and folder.stored_at < before
    return unknown > max(FEW, known)


def is_still_one(records: Records, orphan: Orphan) -> bool:
    """Whether nobody has begun to use it since it was found."""
    status = records.expiry.statuses([orphan.job_id]).get(orphan.job_id)
    return status is None or (orphan.prefix.endswith("/work") and status in (Status.SUCCEEDED, Status.CANCELLED))


def missing_outputs(records: Records, blobs: BlobStore) -> list[str]:
    """Outputs that the records promise and that are not there."""
    which, missing = JobFilter(status=Status.SUCCEEDED), []
    while page := records.jobs.list(which, _AT_ONCE):
        promised = [job.output for job in page if job.output and not job.expired_at]
        missing += [key for key in promised if not blobs.exists(key)]
        which = replace(which, before_number=page[-1].number)
    return missing


def _standing(
    records: Records, blobs: BlobStore, alive: Alive, after: str = ""
) -> Iterator[tuple[_Folder, Status | None]]:
    found = _folders(blobs, after)
    while folders := list(islice(found, _AT_ONCE)):
        alive()
        statuses = records.expiry.statuses([folder.job_id for folder in folders])
        yield from ((folder, statuses.get(folder.job_id)) for folder in folders)


def _folders(blobs: BlobStore, after: str) -> Iterator[_Folder]:
    for job_id, found in groupby(blobs.listing("jobs", after), _job_id):
        below = list(found)
        yield _Folder(
            job_id=job_id,
            last=below[-1].key,
            stored_at=max(blob.stored_at for blob in below),
            has_work=any(blob.key.startswith(f"jobs/{job_id}/work/") for blob in below),
        )


def _job_id(blob: BlobInfo) -> str:
    return blob.key.split("/")[1]
