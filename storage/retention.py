"""What has been kept for as long as the operator wants, phase by phase; the workflow and the command line both use it.

Every removal first takes a claim in the records, then removes files, so that a pass that dies is simply done again, and
what a job needs that has not ended is never touched.
"""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import islice

from contracts.retention import Phase, PruneResult
from contracts.settings import Settings
from contracts.webhooks import PATIENCE
from storage import leftovers, orphans
from storage.blobs import Alive, BlobStore
from storage.expiry import OldJob
from storage.records import Records

logger = logging.getLogger(__name__)

#: Files without a job, and what dead processes left, stay for so long: what they belong to may be under way.
DOUBT = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """Something whose time is over.

    Attributes:
        what: in words, for lists.
        cursor: where the phase goes on after it.
        remove: removes it, unless it is needed again; whether it did.
    """

    what: str
    cursor: str
    remove: Callable[[], bool]


class Retention:
    """One look at what a service keeps.

    Args:
        settings: say how long.
        records: hold the jobs.
        blobs: hold the files.
        clock: tells the time; ages are reckoned from now on.
        alive: called while much is gone through.
    """

    def __init__(
        self,
        settings: Settings,
        records: Records,
        blobs: BlobStore,
        clock: Callable[[], datetime],
        alive: Alive = lambda: None,
    ) -> None:
        self._settings = settings
        self._records = records
        self._blobs = blobs
        self._clock = clock
        self._now = clock()
        self._alive = alive

    def due(self, phase: Phase, cursor: str = "") -> Iterator[Due]:
        """Go through what is due of one phase, after a cursor; what is removed meanwhile is no trouble.

        Raises:
            StorageBusy: when files or records cannot be reached.
        """
        looks: dict[Phase, Callable[[str], Iterator[Due]]] = {
            Phase.RECORDS: self._due_records,
            Phase.OUTPUTS: self._due_outputs,
            Phase.INPUTS: self._due_inputs,
            Phase.BATCHES: self._due_batches,
            Phase.UPLOADS: self._due_uploads,
            Phase.ORPHANS: self._due_orphans,
            Phase.LEFTOVERS: self._due_leftovers,
        }
        return looks[phase](cursor)

    def prune(self, phase: Phase, cursor: str, most: int) -> PruneResult:
        """Remove up to `most` things of one phase, after a cursor."""
        removed, last, seen = 0, "", 0
        for due in islice(self.due(phase, cursor), most):
            self._alive()
            removed += due.remove()
            seen, last = seen + 1, due.cursor
            logger.info("expired what=%s", due.what)
        return PruneResult(removed=removed, cursor=last if seen == most else "")

    def _due_records(self, cursor: str) -> Iterator[Due]:
        before, sent_before = self._before(self._settings.keep_records_days), _text(self._now - PATIENCE)
        for job in self._records.expiry.ended(before, sent_before, cursor) if before else ():
            yield Due(what=f"job {job.number}", cursor=job.cursor, remove=partial(self._remove_job, job))

    def _due_outputs(self, cursor: str) -> Iterator[Due]:
        before = self._before(self._settings.keep_outputs_days)
        for job in self._records.expiry.with_output(before, cursor) if before else ():
            what = f"output of job {job.number}"
            yield Due(what=what, cursor=job.cursor, remove=partial(self._remove_output, job))

    def _due_inputs(self, cursor: str) -> Iterator[Due]:
        before = self._before(self._settings.keep_inputs_days)
        for job in self._records.expiry.with_inputs(before, cursor) if before else ():
            what = f"inputs of job {job.number}"
            yield Due(what=what, cursor=job.cursor, remove=partial(self._remove_inputs, job))

    def _due_batches(self, cursor: str) -> Iterator[Due]:
        before = self._before(self._settings.keep_records_days)
        for batch_id in self._records.expiry.batches(before, cursor) if before else ():
            yield Due(what=f"batch {batch_id}", cursor=batch_id, remove=partial(self._remove_batch, batch_id))

    def _due_uploads(self, cursor: str) -> Iterator[Due]:
        """Uploads whose link has expired too: nobody can name them in a new job."""
        if not self._settings.keep_inputs_days:
            return
        link = timedelta(seconds=self._settings.link_ttl_s) + DOUBT
        before = (self._now - max(timedelta(days=self._settings.keep_inputs_days), link)).timestamp()
        for blob in self._blobs.listing("uploads", cursor):
            if blob.stored_at < before and not self._records.expiry.is_needed(blob.key):
                yield Due(what=blob.key, cursor=blob.key, remove=partial(self._remove_upload, blob.key))

    def _due_orphans(self, cursor: str) -> Iterator[Due]:
        before = (self._now - DOUBT).timestamp()
        if not cursor and orphans.are_strange(self._records, self._blobs, before, self._alive):
            logger.warning("orphans_kept cause=%r", "more jobs have files without a record than with one")
            return
        for orphan in orphans.find(self._records, self._blobs, before, self._alive, cursor):
            yield Due(what=orphan.prefix, cursor=orphan.last, remove=partial(self._remove_orphan, orphan))

    def _due_leftovers(self, cursor: str) -> Iterator[Due]:
        expired = self._now.timestamp() - self._settings.idempotency_ttl_s
        if not cursor and (count := self._records.idempotency.older(expired)):
            yield Due(what=f"{count} idempotency keys", cursor=" ", remove=lambda: self._remove_keys(expired))
        # Nor does an upload go as long as its address may bring the rest of it.
        idle = max(DOUBT, timedelta(seconds=self._settings.upload_ttl_s))
        for path in leftovers.abandoned(self._settings.data_dir, (self._now - idle).timestamp()):
            what = str(path.relative_to(self._settings.data_dir))
            if what > cursor:
                yield Due(what=what, cursor=what, remove=partial(leftovers.remove, path))

    def _before(self, days: int) -> str:
        """The time before which things are too old; "" when they are kept for ever."""
        return _text(self._now - timedelta(days=days)) if days else ""

    def _remove_job(self, job: OldJob) -> bool:
        if not self._records.expiry.claim_all(job, _text(self._clock())):
            return False
        self._blobs.delete_prefix(f"jobs/{job.job_id}")
        return self._records.expiry.remove(job)

    def _remove_output(self, job: OldJob) -> bool:
        if not self._records.expiry.claim_output(job, _text(self._clock())):
            return False
        self._blobs.delete(job.output)
        self._records.expiry.finish_output(job)
        return True

    def _remove_inputs(self, job: OldJob) -> bool:
        if not self._records.expiry.claim_inputs(job, _text(self._clock())):
            return False
        for folder in ("inputs", "work"):
            self._blobs.delete_prefix(f"jobs/{job.job_id}/{folder}")
        self._records.expiry.finish_inputs(job)
        return True

    def _remove_batch(self, batch_id: str) -> bool:
        self._records.expiry.remove_batch(batch_id)
        return True

    def _remove_upload(self, key: str) -> bool:
        if self._records.expiry.is_needed(key):
            return False
        self._records.expiry.forget_source(key)
        self._blobs.delete(key)
        return True

    def _remove_orphan(self, orphan: orphans.Orphan) -> bool:
        if not orphans.is_still_one(self._records, orphan):
            return False
        self._blobs.delete_prefix(orphan.prefix)
        return True

    def _remove_keys(self, before: float) -> bool:
        return self._records.idempotency.forget_older(before) > 0


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
