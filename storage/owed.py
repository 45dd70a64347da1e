"""What was promised before the records were restored, and what a new queue knows nothing of: runs, and webhooks."""

from contracts.jobs import Status
from storage.database import RecordsFile
from storage.deliveries import WebhookState

_PAGE = 100


class Owed:
    """Jobs and webhooks in the records that are to be started again, whatever the queue knows of them."""

    def __init__(self, file: RecordsFile) -> None:
        self._file = file

    def owe_all(self) -> tuple[int, int]:
        """Owe every accepted job that has not ended and every pending webhook; return how many there are of each."""
        with self._file.writing() as database:
            # One in doubt was promised to nobody.
            jobs = database.execute(OWE_JOBS, {"status": Status.QUEUED}).rowcount
            webhooks = database.execute(OWE_WEBHOOKS, {"state": WebhookState.PENDING}).rowcount
            return jobs, webhooks

    def jobs(self) -> list[str]:
        """Ids of jobs that are owed a run, a hundred at most; `Jobs.mark_started` ends that."""
        rows = self._file.rows("SELECT job_id FROM jobs WHERE owed = 1 ORDER BY number LIMIT :limit", {"limit": _PAGE})
        return [str(row["job_id"]) for row in rows]

    def webhooks(self) -> list[str]:
        """Ids of deliveries that are owed, a hundred at most."""
        rows = self._file.rows(
            "SELECT delivery_id FROM webhooks WHERE owed = 1 ORDER BY created_at LIMIT :limit", {"limit": _PAGE}
        )
        return [str(row["delivery_id"]) for row in rows]

    def forget_webhook(self, delivery_id: str) -> None:
        """Enter that a webhook is owed no longer."""
        with self._file.writing() as database:
            database.execute("UPDATE webhooks SET owed = 0 WHERE delivery_id = :id", {"id": delivery_id})


OWE_JOBS = "UPDATE jobs SET owed = 1, started = 0 WHERE status = :status AND started = 1"
OWE_WEBHOOKS = "UPDATE webhooks SET owed = 1 WHERE state = :state"
