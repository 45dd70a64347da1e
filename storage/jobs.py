"""Jobs in the records: entered before their workflow starts, settled when it ends; who owns them, and lists of them."""

import json
from dataclasses import asdict, dataclass
from datetime import datetime

from temporalio.converter import value_to_type

from contracts.errors import NotFound
from contracts.jobs import Dialect, JobError, JobRequest, Status
from contracts.steps import SettleInput
from storage.database import RecordsFile, Row, Value
from storage.ledger import CHARGE, RELEASE, RESERVE
from storage.pace import PACE, PACE_OF_ALL, Pace, pace_of

#: The largest number SQLite holds.
MAX_NUMBER = 2**63 - 1

#: Another key's job takes no longer to be missed than one that does not exist: its row is not read.
OF_ID = "SELECT * FROM jobs WHERE job_id = :job_id AND :key_id IN ('', key_id)"
OF_NUMBER = "SELECT * FROM jobs WHERE number = :number AND :key_id IN ('', key_id)"


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRecord:
    """A job as the records know it.

    `status` is QUEUED from submission until the job is settled: what happens between is the workflow's to tell.
    `is_started` is False until Temporal is known to have accepted the workflow. `expired_at` and `inputs_expired_at`
    say when its output and its inputs were removed for their age; "" while they are kept. `source` is the blob
    of the picture or video that it was made of; "" until it is settled, and when that is no longer kept.
    """

    job_id: str
    number: int
    key_id: str
    dialect: Dialect
    model: str
    engine: str
    created_at: str
    is_started: bool
    status: Status
    output: str
    duration_s: float
    execution_ms: int
    credits: int
    error: JobError | None
    warnings: tuple[str, ...]
    started_at: str
    finished_at: str
    webhook_url: str
    request: JobRequest
    expired_at: str = ""
    inputs_expired_at: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobFilter:
    """Which jobs to list; what is None does not matter. Times are as `created_at` is written.

    `created_after` is the first moment that counts, `created_before` the first that no longer does; `since` and `until`
    are the same of a job's latest change: its end, or its submission while it has none. `before_number` continues
    after a page's last job.
    """

    key_id: str | None = None
    status: Status | None = None
    model: str | None = None
    batch_id: str | None = None
    created_after: str | None = None
    created_before: str | None = None
    engine: str | None = None
    error_code: str | None = None
    since: str | None = None
    until: str | None = None
    before_number: int = MAX_NUMBER


class Jobs:
    """The jobs in the records."""

    def __init__(self, file: RecordsFile) -> None:
        self._file = file

    def add(self, request: JobRequest, created_at: str) -> int:
        """Enter a job as not yet started, reserve its credits and return its number.

        Entering it again while it has not started only renews its time, so that `unstarted` lets it be.
        """
        row: Row = {
            "job_id": request.job_id,
            "key_id": request.key_id,
            "created_at": created_at,
            "status": Status.QUEUED,
            "warnings": json.dumps(request.warnings),
            "request": json.dumps(asdict(request)),
            "batch_id": request.batch_id,
        }
        with self._file.writing() as database:
            database.execute(ADD_JOB, row)
            database.execute(RESERVE, row)
            (number,) = database.execute("SELECT number FROM jobs WHERE job_id = :job_id", row).fetchone()
            return int(number)

    def mark_started(self, job_id: str) -> bool:
        """Note that Temporal has accepted the job's workflow; where that is lost it is found out again.

        Returns:
            False when there is no such job: it was dropped.
        """
        with self._file.writing(is_urgent=False) as database:
            marked = database.execute(
                "UPDATE jobs SET started = 1, owed = 0 WHERE job_id = :job_id", {"job_id": job_id}
            )
            return bool(marked.rowcount)

    def drop(self, job_id: str, before: str | None = None) -> bool:
        """Forget a job whose workflow never started, if it was submitted before a time; whether there was one."""
        row: Row = {"job_id": job_id, "before": before}
        with self._file.writing() as database:
            dropped = database.execute(DROP_JOB, row)
            database.execute(RELEASE, row)
            return bool(dropped.rowcount)

    def created_at(self, job_id: str) -> str:
        """Return when a job was submitted; "" when there is none."""
        row = self._file.row("SELECT created_at FROM jobs WHERE job_id = :job_id", {"job_id": job_id})
        return str(row["created_at"]) if row else ""

    def find(self, job_id: str, key_id: str = "") -> JobRecord | None:
        """Return a job by its UUID text; of one key alone if it is named, to whom others' do not exist."""
        return self._first(OF_ID, {"job_id": job_id, "key_id": key_id})

    def find_number(self, number: int, key_id: str = "") -> JobRecord | None:
        """Return a job by its number; of one key alone if it is named."""
        if not 0 < number <= MAX_NUMBER:
            return None
        return self._first(OF_NUMBER, {"number": number, "key_id": key_id})

    def unstarted(self, before: str) -> list[JobRecord]:
        """Return jobs submitted before a time of which it is unknown whether their workflow started."""
        rows = self._file.rows(
            "SELECT * FROM jobs WHERE started = 0 AND owed = 0 AND created_at < :before ORDER BY number",
            {"before": before},
        )
        return [_record(row) for row in rows]

    def unconfirmed(self, before: str) -> list[str]:
        """Return jobs reopened before a time of which it is unknown whether their new run has begun."""
        rows = self._file.rows(UNCONFIRMED, {"before": before})
        return [str(row["job_id"]) for row in rows]

    def list(self, which: JobFilter = JobFilter(), limit: int = 50) -> list[JobRecord]:
        """Return jobs, newest first."""
        wanted: Row = {name: value for name, value in asdict(which).items() if value is not None}
        # Only of conditions that are written out can SQLite see which index leads to the rows.
        conditions = " AND ".join(CONDITIONS[name] for name in wanted)
        rows = self._file.rows(LIST_JOBS.replace("CONDITIONS", conditions), {**wanted, "limit": limit})
        return [_record(row) for row in rows]

    def ahead(self, number: int) -> int:
        """Count the jobs before a number that have not ended, whosever they are."""
        row = self._file.row(
            "SELECT COUNT(*) AS ahead FROM jobs WHERE status = :status AND number < :number AND started = 1",
            {"status": Status.QUEUED, "number": number},
        )
        return int(row["ahead"] or 0) if row else 0

    def oldest_open(self) -> datetime | None:
        """When the oldest job that has not ended was submitted; None while all have."""
        row = self._file.row(
            "SELECT created_at FROM jobs WHERE status = :status AND started = 1 ORDER BY number LIMIT 1",
            {"status": Status.QUEUED},
        )
        return datetime.fromisoformat(str(row["created_at"])) if row else None

    def pace(self, engine: str = "") -> Pace:
        """Look at the last 20 jobs of an engine that succeeded; "" for those of all."""
        return pace_of(self._file.row(PACE if engine else PACE_OF_ALL, {"engine": engine}))

    def reopen(self, job_id: str, at: str) -> bool:
        """Enter an ended job as queued again and reserve its credits, until `confirm` or `revert`.

        Returns:
            False when it has not ended, its files are being removed for their age, or there is none.
        """
        with self._file.writing() as database:
            reopened = database.execute(REOPEN_JOB, {"job_id": job_id, "status": Status.QUEUED, "at": at})
            database.execute(RESERVE, {"job_id": job_id})
            return bool(reopened.rowcount)

    def confirm(self, job_id: str) -> None:
        """Note that Temporal has begun a reopened job's new run."""
        with self._file.writing(is_urgent=False) as database:
            database.execute("UPDATE jobs SET before_retry = '' WHERE job_id = :job_id", {"job_id": job_id})

    def revert(self, job_id: str) -> bool:
        """Enter a reopened job as it was, unless it has ended anew; whether it has not."""
        with self._file.writing() as database:
            is_reverted = bool(database.execute(REVERT_JOB, {"job_id": job_id}).rowcount)
            if is_reverted:
                ended = "SELECT credits, finished_at FROM jobs WHERE job_id = ?"
                credits, finished_at = database.execute(ended, (job_id,)).fetchone()
                database.execute(CHARGE, {"job_id": job_id, "credits": credits, "finished_at": finished_at})
            return is_reverted

    def remove(self, job_id: str) -> None:
        """Forget a job, its webhooks and their attempts; what it cost stays in the ledger, nothing stays reserved."""
        with self._file.writing() as database:
            for statement in REMOVE_JOB:
                database.execute(statement, {"job_id": job_id})

    def settle(self, outcome: SettleInput, credits: int) -> None:
        """Enter how a job ended and what it cost; settling again replaces the outcome and never charges twice.

        Raises:
            NotFound: when the records hold no such job.
        """
        if not self._settle(SETTLE_JOB, outcome, credits):
            raise NotFound(f"no job {outcome.job_id} in the records")

    def close(self, outcome: SettleInput, credits: int) -> bool:
        """Settle a job unless its end is entered already, which may have come first; whether it was not."""
        return self._settle(CLOSE_JOB, outcome, credits)

    def _settle(self, sql: str, outcome: SettleInput, credits: int) -> bool:
        row = _outcome(outcome, credits)
        with self._file.writing() as database:
            is_settled = bool(database.execute(sql, row).rowcount)
            if is_settled:
                database.execute(CHARGE, row)
            return is_settled

    def _first(self, sql: str, parameters: dict[str, Value]) -> JobRecord | None:
        row = self._file.row(sql, parameters)
        return _record(row) if row else None


ADD_JOB = """
    INSERT INTO jobs (job_id, key_id, created_at, status, warnings, request, batch_id)
    VALUES (:job_id, :key_id, :created_at, :status, :warnings, :request, :batch_id)
    ON CONFLICT (job_id) DO UPDATE SET created_at = excluded.created_at WHERE started = 0
"""

DROP_JOB = """
    DELETE FROM jobs WHERE job_id = :job_id AND started = 0 AND (:before IS NULL OR created_at < :before)
"""

LIST_JOBS = "SELECT * FROM jobs WHERE CONDITIONS ORDER BY number DESC LIMIT :limit"

#: What each field of a filter asks of a row.
CONDITIONS = {
    "key_id": "key_id = :key_id",
    "status": "status = :status",
    "model": "json_extract(request, '$.model') = :model",
    "batch_id": "batch_id = :batch_id AND batch_id != ''",
    "created_after": "created_at >= :created_after",
    "created_before": "created_at < :created_before",
    "engine": "json_extract(request, '$.engine') = :engine",
    "error_code": "error_code = :error_code",
    "since": "CASE finished_at WHEN '' THEN created_at ELSE finished_at END >= :since",
    "until": "CASE finished_at WHEN '' THEN created_at ELSE finished_at END < :until",
    "before_number": "number < :before_number",
}

#: What `REOPEN_JOB` forgets, and `REVERT_JOB` brings back.
ENDING = (
    "status",
    "started_at",
    "finished_at",
    "execution_ms",
    "output",
    "duration_s",
    "credits",
    "error_code",
    "error_message",
    "expired_at",
    "inputs_expired_at",
)

REOPEN_JOB = f"""
    UPDATE jobs SET
        before_retry = json_object('at', :at, {", ".join(f"'{name}', {name}" for name in ENDING)}),
        status = :status, started_at = '', finished_at = '', execution_ms = 0, output = '', duration_s = 0,
        credits = 0, error_code = '', error_message = '', expired_at = '', inputs_expired_at = ''
    WHERE job_id = :job_id AND status != :status AND expiring = 0
"""  # noqa: S608 # nosec B608 # columns' names alone

UNCONFIRMED = """
    SELECT job_id FROM jobs WHERE before_retry != '' AND json_extract(before_retry, '$.at') < :before ORDER BY number
"""

REVERT_JOB = f"""
    UPDATE jobs SET
        {", ".join(f"{name} = json_extract(before_retry, '$.{name}')" for name in ENDING)},
        before_retry = ''
    WHERE job_id = :job_id AND before_retry != ''
"""  # noqa: S608 # nosec B608 # columns' names alone

REMOVE_JOB = (
    "DELETE FROM deliveries WHERE job_id = :job_id",
    "DELETE FROM webhooks WHERE job_id = :job_id",
    "DELETE FROM jobs WHERE job_id = :job_id",
    "UPDATE ledger SET reserved = 0 WHERE job_id = :job_id",
)

SETTLE_JOB = """
    UPDATE jobs SET
        started = 1, status = :status, started_at = :started_at, finished_at = :finished_at,
        execution_ms = :execution_ms, output = :output, duration_s = :duration_s, credits = :credits,
        error_code = :error_code, error_message = :error_message, warnings = :warnings, before_retry = '',
        source = :source
    WHERE job_id = :job_id
"""
CLOSE_JOB = SETTLE_JOB + " AND status = 'queued'"


def _outcome(outcome: SettleInput, credits: int) -> Row:
    error = outcome.error or JobError(code="", message="")
    return {
        "job_id": outcome.job_id,
        "status": outcome.status,
        "started_at": outcome.started_at,
        "finished_at": outcome.finished_at,
        "execution_ms": outcome.execution_ms,
        "output": outcome.output,
        "duration_s": outcome.duration_s,
        "credits": credits,
        "error_code": error.code,
        "error_message": error.message,
        "warnings": json.dumps(outcome.warnings),
        "source": outcome.source,
    }


def _record(row: Row) -> JobRecord:
    request: JobRequest = value_to_type(JobRequest, json.loads(str(row["request"])))
    return JobRecord(
        job_id=request.job_id,
        number=int(row["number"] or 0),
        key_id=request.key_id,
        dialect=request.dialect,
        model=request.model,
        engine=request.engine,
        created_at=str(row["created_at"]),
        is_started=bool(row["started"]),
        status=Status(str(row["status"])),
        output=str(row["output"]),
        duration_s=float(row["duration_s"] or 0),
        execution_ms=int(row["execution_ms"] or 0),
        credits=int(row["credits"] or 0),
        error=_error(row),
        warnings=tuple(json.loads(str(row["warnings"]))),
        started_at=str(row["started_at"]),
        finished_at=str(row["finished_at"]),
        webhook_url=request.webhook_url,
        request=request,
        expired_at=str(row["expired_at"]),
        inputs_expired_at=str(row["inputs_expired_at"]),
        source="" if row["inputs_expired_at"] else str(row["source"]),
    )


def _error(row: Row) -> JobError | None:
    if not row["error_code"]:
        return None
    return JobError(code=str(row["error_code"]), message=str(row["error_message"]))
