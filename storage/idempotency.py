"""Idempotency keys: the id that a request reserved before it did anything, and the answer it was given."""

import uuid
from dataclasses import dataclass

from sqlite_utils import Database

from contracts.errors import IdempotencyMismatch, InFlight
from storage.database import RecordsFile, Row

HEADER = "Idempotency-Key"

#: How long a request that gave no answer counts as running: its process may have died.
LEASE_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Reservation:
    """A request that may go on: it alone runs under its idempotency key.

    `reserved_id` is the same for every attempt, so that what an earlier one made is found again. `content` is the
    SHA-256 of the file that an earlier one sent, or "".
    """

    key_id: str
    idempotency_key: str
    reserved_id: uuid.UUID
    attempt: int
    content: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredAnswer:
    """What the first request was answered. `content` is the SHA-256 of the file that it sent, or ""."""

    status: int
    content_type: str
    body: str
    content: str = ""


class Idempotency:
    """The idempotency keys in the records, each of one API key."""

    def __init__(self, file: RecordsFile) -> None:
        self._file = file

    def begin(
        self, key_id: str, idempotency_key: str, fingerprint: str, *, now: float, ttl_s: float
    ) -> Reservation | StoredAnswer:
        """Reserve an idempotency key for a request, or return the answer that the same request was given before.

        Args:
            key_id: the API key's id.
            idempotency_key: what the client sent.
            fingerprint: of the request; the same for its repetitions alone.
            now: seconds since 1970.
            ttl_s: seconds after which an idempotency key is forgotten.

        Raises:
            IdempotencyMismatch: when it came with another request before.
            InFlight: when the first request has not been answered yet.
        """
        # What the request makes is written after this, and so never reaches the disk without it.
        with self._file.writing(is_urgent=False) as database:
            database.execute("DELETE FROM idempotency WHERE created_at <= :expiry", {"expiry": now - ttl_s})
            row = self._file.row(FIND, {"key_id": key_id, "idempotency_key": idempotency_key})
            if row is None:
                return _reserve(database, key_id, idempotency_key, fingerprint, now)
            if row["fingerprint"] != fingerprint:
                raise IdempotencyMismatch(
                    "came with another request before", field=HEADER, remedy="Use a new value for every new request."
                )
            if row["status"]:
                return _stored(row)
            if float(row["running_since"] or 0) > now - LEASE_S:
                raise InFlight(
                    "the first request with this value is still running", field=HEADER, remedy="Ask again in a moment."
                )
            return _take_over(database, row, now)

    def complete(self, reservation: Reservation, answer: StoredAnswer) -> None:
        """Keep the answer of a request that succeeded."""
        row: Row = {
            "status": answer.status,
            "content_type": answer.content_type,
            "answer": answer.body,
        }
        self._write(COMPLETE, reservation, row)

    def note_content(self, reservation: Reservation, content: str) -> None:
        """Note the SHA-256 of the file that a request sent: others are other requests."""
        self._write(NOTE_CONTENT, reservation, {"content": content})

    def older(self, before: float) -> int:
        """Count idempotency keys that came before a time, in seconds since 1970."""
        row = self._file.row("SELECT COUNT(*) AS keys FROM idempotency WHERE created_at <= :expiry", {"expiry": before})
        return int(row["keys"] or 0) if row else 0

    def forget_older(self, before: float) -> int:
        """Forget idempotency keys that came before a time, in seconds since 1970, and return how many there were."""
        with self._file.writing() as database:
            forgotten = database.execute("DELETE FROM idempotency WHERE created_at <= :expiry", {"expiry": before})
            return forgotten.rowcount

    def release(self, reservation: Reservation) -> None:
        """Let the same request be sent again at once, with the same reserved id."""
        self._write(RELEASE, reservation)

    def forget(self, reservation: Reservation) -> None:
        """Let any request use the idempotency key: this one did nothing."""
        self._write(FORGET, reservation)

    def _write(self, sql: str, reservation: Reservation, row: Row | None = None) -> None:
        identity: Row = {
            "key_id": reservation.key_id,
            "idempotency_key": reservation.idempotency_key,
            "attempt": reservation.attempt,
        }
        # A request whose answer was lost goes on, when it is sent again, with what it made.
        with self._file.writing(is_urgent=False) as database:
            database.execute(sql, identity | (row or {}))


FIND = "SELECT * FROM idempotency WHERE key_id = :key_id AND idempotency_key = :idempotency_key"

RESERVE = """
    INSERT INTO idempotency (key_id, idempotency_key, fingerprint, reserved_id, created_at, attempt, running_since)
    VALUES (:key_id, :idempotency_key, :fingerprint, :reserved_id, :now, 1, :now)
"""

TAKE_OVER = """
    UPDATE idempotency SET attempt = attempt + 1, running_since = :now
    WHERE key_id = :key_id AND idempotency_key = :idempotency_key
"""

#: These change nothing when another attempt has taken over.
COMPLETE = """
    UPDATE idempotency SET status = :status, content_type = :content_type, answer = :answer
    WHERE key_id = :key_id AND idempotency_key = :idempotency_key AND attempt = :attempt
"""
NOTE_CONTENT = """
    UPDATE idempotency SET content = :content
    WHERE key_id = :key_id AND idempotency_key = :idempotency_key AND attempt = :attempt
"""
RELEASE = """
    UPDATE idempotency SET running_since = 0
    WHERE key_id = :key_id AND idempotency_key = :idempotency_key AND attempt = :attempt
"""
FORGET = """
    DELETE FROM idempotency
    WHERE key_id = :key_id AND idempotency_key = :idempotency_key AND attempt = :attempt
"""


def _reserve(database: Database, key_id: str, idempotency_key: str, fingerprint: str, now: float) -> Reservation:
    reserved_id = uuid.uuid4()
    database.execute(
        RESERVE,
        {
            "key_id": key_id,
            "idempotency_key": idempotency_key,
            "fingerprint": fingerprint,
            "reserved_id": str(reserved_id),
            "now": now,
        },
    )
    return Reservation(key_id=key_id, idempotency_key=idempotency_key, reserved_id=reserved_id, attempt=1)


def _take_over(database: Database, row: Row, now: float) -> Reservation:
    database.execute(TAKE_OVER, row | {"now": now})
    return Reservation(
        key_id=str(row["key_id"]),
        idempotency_key=str(row["idempotency_key"]),
        reserved_id=uuid.UUID(str(row["reserved_id"])),
        attempt=int(row["attempt"] or 0) + 1,
        content=str(row["content"]),
    )


def _stored(row: Row) -> StoredAnswer:
    return StoredAnswer(
        status=int(row["status"] or 0),
        content_type=str(row["content_type"]),
        body=str(row["answer"]),
        content=str(row["content"]),
    )
