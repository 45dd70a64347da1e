"""The log of webhook attempts."""

from dataclasses import dataclass

from contracts.steps import Delivery
from storage.database import RecordsFile, Row

#: Longest part of a receiver's answer that is kept, in characters.
ANSWER_LIMIT = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One try at a delivery. `http_status` is 0 when no answer came, and `answer` then says why."""

    delivery: Delivery
    attempt: int
    at: str
    http_status: int
    latency_ms: int
    answer: str


class Deliveries:
    """The webhook attempts in the records."""

    def __init__(self, file: RecordsFile) -> None:
        self._file = file

    def log(self, delivery: Delivery, attempt: int, at: str, http_status: int, latency_ms: int, answer: str) -> None:
        """Enter an attempt; entering the same one again replaces it."""
        row: Row = {
            "delivery_id": delivery.delivery_id,
            "job_id": delivery.job_id,
            "key_id": delivery.key_id,
            "url": delivery.url,
            "body": delivery.body,
            "attempt": attempt,
            "at": at,
            "http_status": http_status,
            "latency_ms": latency_ms,
            "answer": answer[:ANSWER_LIMIT],
        }
        with self._file.writing() as database:
            database.execute(
                "INSERT OR REPLACE INTO deliveries"
                " (delivery_id, attempt, job_id, key_id, url, body, at, http_status, latency_ms, answer) VALUES"
                " (:delivery_id, :attempt, :job_id, :key_id, :url, :body, :at, :http_status, :latency_ms, :answer)",
                row,
            )

    def list(self, job_id: str) -> list[Attempt]:
        """Return a job's attempts in the order they were made."""
        rows = self._file.rows(
            "SELECT * FROM deliveries WHERE job_id = :job_id ORDER BY at, attempt", {"job_id": job_id}
        )
        return [_attempt(row) for row in rows]


def _attempt(row: Row) -> Attempt:
    delivery = Delivery(
        delivery_id=str(row["delivery_id"]),
        job_id=str(row["job_id"]),
        key_id=str(row["key_id"]),
        url=str(row["url"]),
        body=str(row["body"]),
    )
    return Attempt(
        delivery=delivery,
        attempt=int(row["attempt"] or 0),
        at=str(row["at"]),
        http_status=int(row["http_status"] or 0),
        latency_ms=int(row["latency_ms"] or 0),
        answer=str(row["answer"]),
    )
