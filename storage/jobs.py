"""Jobs in the records: entered before their workflow starts, settled when it ends; who owns them, and lists of them."""

import json
from dataclasses import asdict, dataclass

from temporalio.converter import value_to_type

from contracts.errors import NotFound
from contracts.jobs import Dialect, JobError, JobRequest, Status
from contracts.steps import SettleInput
from storage.database import RecordsFile, Row, Value

#: The largest number SQLite holds.
MAX_NUMBER = 2**63 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRecord:
    """A job as the records know it.

    `status` is QUEUED from submission until the job is settled: what happens between is the workflow's to tell.
    `is_started` is False until Temporal is known to have accepted the workflow.
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


class Jobs:
    """The jobs in the records."""

    def __init__(self, file: RecordsFile) -> None:
        self._file = file

    def add(self, request: JobRequest, created_at: str) -> int:
        """Enter a job as not yet started and return its number."""
        row: Row = {
            "job_id": request.job_id,
            "key_id": request.key_id,
            "created_at": created_at,
            "status": Status.QUEUED,
            "warnings": json.dumps(request.warnings),
            "request": json.dumps(asdict(request)),
        }
        with self._file.writing() as database:
            inserted = database.execute(
                "INSERT INTO jobs (job_id, key_id, created_at, status, warnings, request)"
                " VALUES (:job_id, :key_id, :created_at, :status, :warnings, :request)",
                row,
            )
            return int(inserted.lastrowid or 0)

    def mark_started(self, job_id: str) -> None:
        """Note that Temporal has accepted the job's workflow."""
        self._write("UPDATE jobs SET started = 1 WHERE job_id = :job_id", {"job_id": job_id})

    def drop(self, job_id: str) -> None:
        """Forget a job whose workflow never started."""
        self._write("DELETE FROM jobs WHERE job_id = :job_id AND started = 0", {"job_id": job_id})

    def find(self, job_id: str) -> JobRecord | None:
        """Return a job by its UUID text."""
        return self._first("SELECT * FROM jobs WHERE job_id = :job_id", {"job_id": job_id})

    def find_number(self, number: int) -> JobRecord | None:
        """Return a job by its number."""
        if not 0 < number <= MAX_NUMBER:
            return None
        return self._first("SELECT * FROM jobs WHERE number = :number", {"number": number})

    def unstarted(self, before: str) -> list[JobRecord]:
        """Return jobs submitted before a time of which it is unknown whether their workflow started."""
        rows = self._file.rows(
            "SELECT * FROM jobs WHERE started = 0 AND created_at < :before ORDER BY number", {"before": before}
        )
        return [_record(row) for row in rows]

    def list(
        self,
        key_id: str | None = None,
        status: Status | None = None,
        limit: int = 50,
        before_number: int | None = None,
    ) -> list[JobRecord]:
        """Return jobs, newest first; `before_number` continues after a page's last job."""
        rows = self._file.rows(
            "SELECT * FROM jobs"
            " WHERE (:key_id IS NULL OR key_id = :key_id)"
            " AND (:status IS NULL OR status = :status)"
            " AND number < :before_number"
            " ORDER BY number DESC LIMIT :limit",
            {
                "key_id": key_id,
                "status": status,
                "limit": limit,
                "before_number": MAX_NUMBER if before_number is None else before_number,
            },
        )
        return [_record(row) for row in rows]

    def settle(self, outcome: SettleInput, credits: int) -> None:
        """Enter how a job ended and what it cost; settling again replaces the outcome and never charges twice.

        Raises:
            NotFound: when the records hold no such job.
        """
        error = outcome.error or JobError(code="", message="")
        row: Row = {
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
        }
        with self._file.writing() as database:
            if not database.execute(SETTLE_JOB, row).rowcount:
                raise NotFound(f"no job {outcome.job_id} in the records")
            database.execute(CHARGE_JOB, row)

    def _write(self, sql: str, parameters: Row) -> None:
        with self._file.writing() as database:
            database.execute(sql, parameters)

    def _first(self, sql: str, parameters: dict[str, Value]) -> JobRecord | None:
        row = self._file.row(sql, parameters)
        return _record(row) if row else None


SETTLE_JOB = """
    UPDATE jobs SET
        started = 1, status = :status, started_at = :started_at, finished_at = :finished_at,
        execution_ms = :execution_ms, output = :output, duration_s = :duration_s, credits = :credits,
        error_code = :error_code, error_message = :error_message, warnings = :warnings
    WHERE job_id = :job_id
"""

CHARGE_JOB = """
    INSERT INTO ledger (job_id, key_id, credits, at)
    SELECT job_id, key_id, :credits, :finished_at FROM jobs WHERE job_id = :job_id
    ON CONFLICT (job_id) DO UPDATE SET credits = excluded.credits, at = excluded.at
"""


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
    )


def _error(row: Row) -> JobError | None:
    if not row["error_code"]:
        return None
    return JobError(code=str(row["error_code"]), message=str(row["error_message"]))
