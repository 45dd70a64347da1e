"""Which jobs and batches are old enough to go, and the claims that keep what still runs from losing its files."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from contracts.jobs import Status
from storage.database import RecordsFile, Row
from storage.jobs import REMOVE_JOB

_PAGE = 100
#: Bits of `expiring`: what was claimed and may still be there.
_OUTPUT, _INPUTS = 1, 2


@dataclass(frozen=True, slots=True, kw_only=True)
class OldJob:
    """A job that ended before a time. `cursor` goes on after it."""

    job_id: str
    number: int
    finished_at: str
    output: str

    @property
    def cursor(self) -> str:
        """Where a list goes on after this job."""
        return f"{self.finished_at} {self.number}"


class Expiry:
    """Old rows in the records.

    A claim is taken in one transaction before files are removed, and spares a job that is to run again and a file that
    a job names that has not ended. Until it is finished a claimed job cannot be run again, and comes up in every list.
    """

    def __init__(self, file: RecordsFile) -> None:
        self._file = file

    def ended(self, before: str, sent_before: str, cursor: str = "") -> Iterator[OldJob]:
        """Jobs that ended before a time, oldest first, without those with a pending webhook sent off since another."""
        return self._old_jobs(f"{ENDED} AND {SENT}", {"before": before, "sent_before": sent_before}, cursor)

    def with_output(self, before: str, cursor: str = "") -> Iterator[OldJob]:
        """Those whose output is still there."""
        return self._old_jobs(
            f"{ENDED} AND output != '' AND (expired_at = '' OR expiring & {_OUTPUT})", {"before": before}, cursor
        )

    def with_inputs(self, before: str, cursor: str = "") -> Iterator[OldJob]:
        """Those whose inputs may still be there."""
        return self._old_jobs(
            f"{ENDED} AND (inputs_expired_at = '' OR expiring & {_INPUTS})", {"before": before}, cursor
        )

    def claim_output(self, job: OldJob, now: str) -> bool:
        """Enter that a job's output is gone, before it goes; False when it has to stay."""
        return self._claim("expired_at = :now", _OUTPUT, job, now)

    def finish_output(self, job: OldJob) -> None:
        """Enter that a claimed output is gone by now."""
        self._finish(_OUTPUT, job)

    def claim_inputs(self, job: OldJob, now: str) -> bool:
        """Enter that a job's inputs are gone, before they go; False when they have to stay."""
        return self._claim("inputs_expired_at = :now", _INPUTS, job, now)

    def finish_inputs(self, job: OldJob) -> None:
        """Enter that claimed inputs are gone by now."""
        self._finish(_INPUTS, job)

    def claim_all(self, job: OldJob, now: str) -> bool:
        """Enter that nothing of a job is left, before it goes; False when it has to stay."""
        return self._claim("expired_at = :now, inputs_expired_at = :now", _OUTPUT | _INPUTS, job, now)

    def is_needed(self, blob_key: str) -> bool:
        """Whether a job that has not ended names a blob."""
        return self._file.row(NEEDED, {"blob": blob_key}) is not None

    def forget_source(self, blob_key: str) -> None:
        """Enter that an upload that jobs were made of is gone, before it goes."""
        with self._file.writing() as database:
            # Spelt out, the second condition lets SQLite use the index.
            database.execute("UPDATE jobs SET source = '' WHERE source = :blob AND source != ''", {"blob": blob_key})

    def statuses(self, job_ids: Sequence[str]) -> dict[str, Status]:
        """How those of some jobs stand that are in the records; one that has not ended is QUEUED."""
        row: Row = {f"id{index}": job_id for index, job_id in enumerate(job_ids)}
        names = ", ".join(f":{name}" for name in row)
        sql = f"SELECT job_id, status FROM jobs WHERE job_id IN ({names})"  # noqa: S608 # nosec B608 # :id0, :id1 ...
        rows = self._file.rows(sql, row)
        return {str(found["job_id"]): Status(str(found["status"])) for found in rows}

    def remove(self, job: OldJob) -> bool:
        """Forget a claimed job with its webhooks, as when its client deletes it; False when it is to run again."""
        with self._file.writing() as database:
            found = database.execute("SELECT status FROM jobs WHERE job_id = ?", [job.job_id]).fetchone()
            if found is None or found[0] == Status.QUEUED:
                return False
            for statement in REMOVE_JOB:
                database.execute(statement, {"job_id": job.job_id})
            return True

    def batches(self, before: str, cursor: str = "") -> Iterator[str]:
        """Batches made before a time of which no job is left."""
        while True:
            row: Row = {"before": before, "after": cursor, "limit": _PAGE}
            page = [str(found["batch_id"]) for found in self._file.rows(OLD_BATCHES, row)]
            yield from page
            if len(page) < _PAGE:
                return
            cursor = page[-1]

    def remove_batch(self, batch_id: str) -> None:
        """Forget a batch."""
        with self._file.writing() as database:
            database.execute("DELETE FROM batches WHERE batch_id = :batch_id", {"batch_id": batch_id})

    def _old_jobs(self, condition: str, times: Row, cursor: str) -> Iterator[OldJob]:
        # Page by page, as rows are changed while they are gone through.
        while True:
            finished_at, _, number = cursor.partition(" ")
            row: Row = {**times, "at": finished_at, "number": int(number or 0), "limit": _PAGE}
            page = [_old_job(found) for found in self._file.rows(OLD_JOBS.replace("CONDITION", condition), row)]
            yield from page
            if len(page) < _PAGE:
                return
            cursor = page[-1].cursor

    def _claim(self, columns: str, parts: int, job: OldJob, now: str) -> bool:
        blob = job.output or f"jobs/{job.job_id}/output.mp4"
        row: Row = {"job_id": job.job_id, "now": now, "blob": blob, "parts": parts}
        with self._file.writing() as database:
            return bool(database.execute(CLAIM.replace("COLUMNS", columns), row).rowcount)

    def _finish(self, parts: int, job: OldJob) -> None:
        with self._file.writing() as database:
            database.execute(
                "UPDATE jobs SET expiring = expiring & ~:parts WHERE job_id = :job_id",
                {"job_id": job.job_id, "parts": parts},
            )


def _old_job(row: Row) -> OldJob:
    return OldJob(
        job_id=str(row["job_id"]),
        number=int(row["number"] or 0),
        finished_at=str(row["finished_at"]),
        output=str(row["output"]),
    )


ENDED = "status != 'queued' AND finished_at != '' AND finished_at < :before"

SENT = """
    NOT EXISTS (
        SELECT 1 FROM webhooks
        WHERE webhooks.job_id = jobs.job_id AND state = 'pending' AND sent_at >= :sent_before
    )
"""

OLD_JOBS = """
    SELECT job_id, number, finished_at, output FROM jobs
    WHERE CONDITION AND (finished_at, number) > (:at, :number) ORDER BY finished_at, number LIMIT :limit
"""

#: Files that requests name, by where they stand in it.
_FIELDS = ("source", "audio", "vocal", "right_audio", "mask")
_NAMES = " OR ".join(f"json_extract(request, '$.{field}.blob') = :blob" for field in _FIELDS)

NEEDED = f"SELECT 1 FROM jobs WHERE status = 'queued' AND ({_NAMES}) LIMIT 1"  # noqa: S608 # nosec B608 # names from above
CLAIM = f"""
    UPDATE jobs SET expiring = expiring | :parts, COLUMNS
    WHERE job_id = :job_id AND status != 'queued' AND NOT EXISTS ({NEEDED})
"""  # noqa: S608 # nosec B608 # the statement above

OLD_BATCHES = """
    SELECT batch_id FROM batches WHERE created_at < :before AND batch_id > :after
        AND NOT EXISTS (SELECT 1 FROM jobs WHERE jobs.batch_id = batches.batch_id AND jobs.batch_id != '')
    ORDER BY batch_id LIMIT :limit
"""
