"""Webhooks: what is sent under which id, what became of it, and every attempt."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from contracts.errors import NotFound
from contracts.steps import WEBHOOK_PATIENCE, Delivery
from storage.database import RecordsFile, Row

#: Longest part of a receiver's answer that is kept, in characters.
ANSWER_LIMIT = 1000


class WebhookState(StrEnum):
    """What became of a webhook. A pending one has failed once the time for its attempts is over."""

    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One try at a delivery. `http_status` is 0 when no answer came, and `answer` then says why."""

    delivery: Delivery
    attempt: int
    at: str
    http_status: int
    latency_ms: int
    answer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """A delivery, when it was made and last sent off, and what became of it."""

    delivery: Delivery
    created_at: str
    sent_at: str
    state: WebhookState
    attempts: tuple[Attempt, ...] = field(default=())


class Deliveries:
    """The webhooks in the records."""

    def __init__(self, file: RecordsFile) -> None:
        self._file = file

    def open(self, delivery: Delivery, now: str) -> None:
        """Enter a webhook that is about to be sent; entering it again changes nothing."""
        row: Row = {**_row(delivery), "now": now, "state": WebhookState.PENDING}
        with self._file.writing() as database:
            database.execute(OPEN, row)

    def mark(self, delivery_id: str, state: WebhookState, sent_at: str) -> None:
        """Say how a webhook stands that was sent off at a time."""
        with self._file.writing() as database:
            database.execute(
                "UPDATE webhooks SET state = :state, sent_at = :sent_at WHERE delivery_id = :delivery_id",
                {"delivery_id": delivery_id, "state": state, "sent_at": sent_at},
            )

    def log(
        self, delivery: Delivery, at: str, http_status: int, latency_ms: int, answer: str, state: WebhookState
    ) -> int:
        """Enter an attempt and how the webhook stands after it; return the attempt's number.

        Attempts are numbered over all sendings of a webhook, so that sending it again hides nothing.

        Raises:
            NotFound: when the webhook was removed with its job; nothing of it is entered again.
        """
        row: Row = {
            **_row(delivery),
            "at": at,
            "http_status": http_status,
            "latency_ms": latency_ms,
            "answer": answer[:ANSWER_LIMIT],
            "state": state,
        }
        with self._file.writing() as database:
            entered = database.execute(LOG, row).fetchone()
            if entered is None:
                raise NotFound(f"no webhook {delivery.delivery_id} in the records")
            database.execute("UPDATE webhooks SET state = :state WHERE delivery_id = :delivery_id", row)
        return int(entered[0])

    def list(self, job_id: str) -> list[Attempt]:
        """Return a job's attempts in the order they were made."""
        rows = self._file.rows(
            "SELECT * FROM deliveries WHERE job_id = :job_id ORDER BY at, attempt", {"job_id": job_id}
        )
        return [_attempt(row) for row in rows]

    def of_job(self, job_id: str, now: datetime) -> Sequence[Webhook]:
        """Return a job's webhooks, oldest first, each with its attempts."""
        rows = self._file.rows(
            "SELECT * FROM webhooks WHERE job_id = :job_id ORDER BY created_at, delivery_id", {"job_id": job_id}
        )
        attempts = self.list(job_id)
        return [_webhook(row, now, attempts) for row in rows]

    def find(self, delivery_id: str, now: datetime) -> Webhook | None:
        """Return a webhook, without its attempts."""
        row = self._file.row("SELECT * FROM webhooks WHERE delivery_id = :id", {"id": delivery_id})
        return _webhook(row, now) if row else None

    def failed(self, key_id: str, since: str, now: datetime) -> Sequence[Webhook]:
        """Return a key's failed webhooks made since a time, oldest first, without their attempts."""
        rows = self._file.rows(
            "SELECT * FROM webhooks WHERE key_id = :key_id AND created_at >= :since AND state != :delivered"
            " ORDER BY created_at, delivery_id",
            {"key_id": key_id, "since": since, "delivered": WebhookState.DELIVERED},
        )
        webhooks = [_webhook(row, now) for row in rows]
        return [webhook for webhook in webhooks if webhook.state is WebhookState.FAILED]


OPEN = """
    INSERT INTO webhooks (delivery_id, job_id, key_id, url, body, created_at, sent_at, state)
    VALUES (:delivery_id, :job_id, :key_id, :url, :body, :now, :now, :state)
    ON CONFLICT (delivery_id) DO NOTHING
"""

LOG = """
    INSERT INTO deliveries (delivery_id, attempt, job_id, key_id, url, body, at, http_status, latency_ms, answer)
    SELECT :delivery_id, (SELECT COUNT(*) + 1 FROM deliveries WHERE delivery_id = :delivery_id),
        :job_id, :key_id, :url, :body, :at, :http_status, :latency_ms, :answer
    FROM webhooks WHERE delivery_id = :delivery_id
    RETURNING attempt
"""


def _row(delivery: Delivery) -> Row:
    return {
        "delivery_id": delivery.delivery_id,
        "job_id": delivery.job_id,
        "key_id": delivery.key_id,
        "url": delivery.url,
        "body": delivery.body,
    }


def _delivery(row: Row) -> Delivery:
    return Delivery(
        delivery_id=str(row["delivery_id"]),
        job_id=str(row["job_id"]),
        key_id=str(row["key_id"]),
        url=str(row["url"]),
        body=str(row["body"]),
    )


def _attempt(row: Row) -> Attempt:
    return Attempt(
        delivery=_delivery(row),
        attempt=int(row["attempt"] or 0),
        at=str(row["at"]),
        http_status=int(row["http_status"] or 0),
        latency_ms=int(row["latency_ms"] or 0),
        answer=str(row["answer"]),
    )


def _webhook(row: Row, now: datetime, attempts: list[Attempt] | None = None) -> Webhook:
    delivery, state = _delivery(row), WebhookState(str(row["state"]))
    # Nobody is left to say so when the last attempt's time is over.
    is_over = datetime.fromisoformat(str(row["sent_at"])) + WEBHOOK_PATIENCE < now
    return Webhook(
        delivery=delivery,
        created_at=str(row["created_at"]),
        sent_at=str(row["sent_at"]),
        state=WebhookState.FAILED if state is WebhookState.PENDING and is_over else state,
        attempts=tuple(each for each in attempts or () if each.delivery.delivery_id == delivery.delivery_id),
    )
