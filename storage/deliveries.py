"""Webhooks: what is sent under which id, what became of it, and every attempt."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

from contracts.errors import NotFound
from contracts.steps import Delivery
from contracts.webhooks import PATIENCE
from storage.database import RecordsFile, Row

#: Longest part of a receiver's answer that is kept, in characters.
ANSWER_LIMIT = 1000
#: Attempts of a webhook that are kept, the latest; one sending has 26. A client may send as often as it likes.
MOST_ATTEMPTS = 200


class WebhookState(StrEnum):
    """What became of a webhook. A pending one has failed once the time for its attempts is over.

    A disabled one is not sent: its endpoint has answered 410 to another.
    """

    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"
    DISABLED = "disabled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One try at a delivery. `http_status` is 0 when no answer came, and `answer` then says why."""

    delivery: Delivery
    attempt: int
    at: str
    http_status: int
    latency_ms: int
    answer: str
    request_headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """A delivery, when it was made and last sent off, and what became of it.

    `next_at` is when the next attempt is due, or ""; `tried` counts attempts, and `attempts` has them where asked for.
    """

    delivery: Delivery
    created_at: str
    sent_at: str
    state: WebhookState
    next_at: str = ""
    tried: int = 0
    attempts: tuple[Attempt, ...] = field(default=())

    @property
    def place(self) -> tuple[str, str]:
        """Where it stands among all webhooks in the order of their making."""
        return self.created_at, self.delivery.delivery_id


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookFilter:
    """Which webhooks a list has; None leaves a thing open. `since` is when they were made, `after` the one before."""

    key_id: str | None = None
    state: WebhookState | None = None
    since: str | None = None
    after: tuple[str, str] | None = None


class Deliveries:
    """The webhooks in the records."""

    def __init__(self, file: RecordsFile) -> None:
        self._file = file

    def open(self, delivery: Delivery, now: str) -> WebhookState:
        """Enter a webhook that is about to be sent, and return whether it is to be: to a disabled endpoint it is not.

        Entering it again changes nothing.
        """
        row: Row = {**_row(delivery), "now": now}
        with self._file.writing() as database:
            database.execute(OPEN, row)
            state = database.execute("SELECT state FROM webhooks WHERE delivery_id = :delivery_id", row).fetchone()
        return WebhookState(state[0])

    def mark(self, delivery_id: str, state: WebhookState, sent_at: str) -> None:
        """Say how a webhook stands that was sent off at a time."""
        with self._file.writing() as database:
            database.execute(
                "UPDATE webhooks SET state = :state, sent_at = :sent_at, next_at = '' WHERE delivery_id = :delivery_id",
                {"delivery_id": delivery_id, "state": state, "sent_at": sent_at},
            )

    def settle(self, delivery_id: str, state: WebhookState) -> None:
        """Say what became of a webhook without another attempt."""
        with self._file.writing() as database:
            database.execute(
                "UPDATE webhooks SET state = :state, next_at = '' WHERE delivery_id = :delivery_id",
                {"delivery_id": delivery_id, "state": state},
            )

    def log(
        self,
        delivery: Delivery,
        at: str,
        http_status: int,
        latency_ms: int,
        answer: str,
        state: WebhookState,
        *,
        request_headers: Mapping[str, str] | None = None,
        next_at: str = "",
    ) -> int:
        """Enter an attempt, how the webhook stands after it and when the next is due; return the attempt's number.

        Attempts are numbered over all sendings of a webhook, so that sending it again hides nothing. What was delivered
        stays so until it is sent again: an attempt of an earlier sending may come to its end after that. Of more than
        `MOST_ATTEMPTS` the earliest are forgotten.

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
            "request_headers": json.dumps(dict(request_headers or {})),
            "next_at": next_at,
        }
        with self._file.writing() as database:
            entered = database.execute(LOG, row).fetchone()
            if entered is None:
                raise NotFound(f"no webhook {delivery.delivery_id} in the records")
            database.execute(FORGET_EARLIEST, {**row, "last": entered[0] - MOST_ATTEMPTS})
            database.execute(ENTER_STATE, row)
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
        """Return a webhook with its attempts."""
        row = self._file.row("SELECT * FROM webhooks WHERE delivery_id = :id", {"id": delivery_id})
        if row is None:
            return None
        attempts = self._file.rows(
            "SELECT * FROM deliveries WHERE delivery_id = :id ORDER BY attempt", {"id": delivery_id}
        )
        return _webhook(row, now, [_attempt(each) for each in attempts])

    def list_by(
        self, which: WebhookFilter, now: datetime, limit: int, *, oldest_first: bool = False
    ) -> Sequence[Webhook]:
        """Return up to `limit` webhooks in the order they were made, newest first, without their attempts."""
        place, direction = which.after or ("", ""), ("ASC", ">") if oldest_first else ("DESC", "<")
        row: Row = {
            "key_id": which.key_id,
            "since": which.since,
            "state": which.state,
            "given_up": _text(now - PATIENCE),
            "at": place[0],
            "id": place[1],
            "limit": limit,
        }
        wanted = ["key_id = :key_id"] * (which.key_id is not None) + ["created_at >= :since"] * (
            which.since is not None
        )
        wanted += [_IN_STATE.get(which.state, "state = :state")] if which.state else []
        wanted += [f"(created_at, delivery_id) {direction[1]} (:at, :id)"] if which.after else []
        conditions = " AND ".join(wanted) or "true"
        rows = self._file.rows(
            f"SELECT *, {_TRIED} FROM webhooks WHERE {conditions}"  # noqa: S608 # nosec B608 # conditions from above
            f" ORDER BY created_at {direction[0]}, delivery_id {direction[0]} LIMIT :limit",
            row,
        )
        return [_webhook(each, now) for each in rows]


_TRIED = "(SELECT MAX(attempt) FROM deliveries WHERE deliveries.delivery_id = webhooks.delivery_id) AS tried"
#: Nobody is left to say so when the last attempt's time is over.
_IN_STATE = {
    WebhookState.FAILED: "(state = 'failed' OR state = 'pending' AND sent_at < :given_up)",
    WebhookState.PENDING: "state = 'pending' AND sent_at >= :given_up",
}

OPEN = """
    INSERT INTO webhooks (delivery_id, job_id, key_id, url, body, created_at, sent_at, state)
    SELECT :delivery_id, :job_id, :key_id, :url, :body, :now, :now, iif(
        EXISTS (SELECT 1 FROM disabled_endpoints WHERE key_id = :key_id AND url = :url), 'disabled', 'pending'
    ) WHERE true
    ON CONFLICT (delivery_id) DO NOTHING
"""

LOG = """
    INSERT INTO deliveries
        (delivery_id, attempt, job_id, key_id, url, body, at, http_status, latency_ms, answer, request_headers)
    SELECT :delivery_id, (SELECT ifnull(MAX(attempt), 0) + 1 FROM deliveries WHERE delivery_id = :delivery_id),
        :job_id, :key_id, :url, :body, :at, :http_status, :latency_ms, :answer, :request_headers
    FROM webhooks WHERE delivery_id = :delivery_id
    RETURNING attempt
"""

FORGET_EARLIEST = "DELETE FROM deliveries WHERE delivery_id = :delivery_id AND attempt <= :last"

ENTER_STATE = """
    UPDATE webhooks SET state = :state, next_at = :next_at
    WHERE delivery_id = :delivery_id AND (state != 'delivered' OR :state = 'delivered')
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
        request_headers=json.loads(str(row["request_headers"])),
    )


def _webhook(row: Row, now: datetime, attempts: Sequence[Attempt] = ()) -> Webhook:
    delivery, state = _delivery(row), WebhookState(str(row["state"]))
    own = tuple(each for each in attempts if each.delivery.delivery_id == delivery.delivery_id)
    is_over = datetime.fromisoformat(str(row["sent_at"])) + PATIENCE < now
    return Webhook(
        delivery=delivery,
        created_at=str(row["created_at"]),
        sent_at=str(row["sent_at"]),
        state=WebhookState.FAILED if state is WebhookState.PENDING and is_over else state,
        next_at="" if is_over else str(row["next_at"]),
        tried=int(row.get("tried") or max((each.attempt for each in own), default=0)),
        attempts=own,
    )


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
