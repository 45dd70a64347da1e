"""What each job costs its key: reserved when it is submitted, charged or given back when it ends.

One entry a job. The statements run within the transactions that enter, settle and drop the job itself, and running one
again changes nothing, so that no job is ever charged twice.
"""

from dataclasses import dataclass

from storage.database import RecordsFile

#: What a job that waits or runs is expected to cost; also when a job that failed is tried again. Takes job_id.
RESERVE = """
    INSERT INTO ledger (job_id, key_id, credits, reserved, at)
    SELECT job_id, key_id, 0, ifnull(json_extract(request, '$.estimated_credits'), 0), created_at
    FROM jobs WHERE job_id = :job_id AND status = 'queued'
    ON CONFLICT (job_id) DO UPDATE SET credits = 0, reserved = excluded.reserved
"""

#: What a job that has ended did cost; 0 gives all back. Takes job_id, credits, finished_at.
CHARGE = """
    INSERT INTO ledger (job_id, key_id, credits, reserved, at)
    SELECT job_id, key_id, :credits, 0, :finished_at FROM jobs WHERE job_id = :job_id
    ON CONFLICT (job_id) DO UPDATE SET credits = excluded.credits, reserved = 0, at = excluded.at
"""

#: A job that never ran. Takes job_id; comes after the job itself was dropped, and spares one that was not.
RELEASE = """
    DELETE FROM ledger
    WHERE job_id = :job_id AND credits = 0 AND NOT EXISTS (SELECT 1 FROM jobs WHERE job_id = :job_id)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """Credits of a key: charged for jobs that succeeded, and reserved for those that have not ended."""

    used: int = 0
    reserved: int = 0


class Ledger:
    """The credits in the records."""

    def __init__(self, file: RecordsFile) -> None:
        self._file = file

    def balance(self, key_id: str) -> Balance:
        """Add up all entries of a key."""
        row = self._file.row(
            "SELECT total(credits) AS used, total(reserved) AS reserved FROM ledger WHERE key_id = :key_id",
            {"key_id": key_id},
        )
        return Balance(used=int(row["used"] or 0), reserved=int(row["reserved"] or 0)) if row else Balance()
