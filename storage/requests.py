"""How often each key asks: the rate limiter's windows and the count of requests per day, in a SQLite file of their own.

All API processes share the file; one short transaction a request both decides and counts.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from limits import RateLimitItemPerMinute
from limits.storage import Storage
from limits.strategies import FixedWindowRateLimiter
from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

from contracts.errors import StorageBusy
from storage.database import RecordsFile

#: Tells the time in seconds since 1970.
Now = Callable[[], float]

MIGRATIONS = Migrations("requests")


@MIGRATIONS(name="0001_windows_and_days")
def windows_and_days(database: Database) -> None:
    """The running window of each limit, and what each key asked for on each day (UTC)."""
    database.execute(
        "CREATE TABLE windows (key TEXT PRIMARY KEY, hits INTEGER NOT NULL, expires_at REAL NOT NULL) STRICT"
    )
    database.execute(
        "CREATE TABLE days (key_id TEXT NOT NULL, day TEXT NOT NULL, requests INTEGER NOT NULL,"
        " PRIMARY KEY (key_id, day)) STRICT, WITHOUT ROWID"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """Whether a request may pass, and how the key's window stands after it. `reset_at` is in seconds since 1970."""

    is_admitted: bool
    limit: int
    remaining: int
    reset_at: float


class Requests:
    """The requests of all keys.

    Args:
        path: the file; it is made when it is missing.
        now: the clock.

    Raises:
        StorageBusy: when the file cannot be opened.
    """

    def __init__(self, path: Path, now: Now) -> None:
        # Counts of the last seconds are not worth a wait for the disk with every request.
        self._file = RecordsFile(path, MIGRATIONS, is_durable=False)
        self._now = now
        self._limiter = FixedWindowRateLimiter(_Windows(self._file, now))

    def admit(self, key_id: str, per_minute: int) -> Admission | None:
        """Count a request unless the key's minute is used up; None when its requests are not limited (0 a minute).

        A window begins with its first request and lasts for 60 seconds. Refused requests are not counted.

        Raises:
            StorageBusy: when the file is locked for too long.
        """
        with self._file.writing():
            admission = self._decide(key_id, per_minute) if per_minute else None
            if admission is None or admission.is_admitted:
                self._count(key_id)
        return admission

    def used(self, key_id: str, first_day: str = "", last_day: str = "9999") -> int:
        """Requests of a key from one day to another, both included ("2026-01-31"); all there were by default."""
        row = self._file.row(
            "SELECT total(requests) AS requests FROM days"
            " WHERE key_id = :key_id AND day BETWEEN :first_day AND :last_day",
            {"key_id": key_id, "first_day": first_day, "last_day": last_day},
        )
        return int(row["requests"] or 0) if row else 0

    def copy_to(self, target: Path) -> None:
        """Write all counts as they stand now to a new file."""
        self._file.copy_to(target)

    def close(self) -> None:
        """Close this process's connections."""
        self._file.close()

    def _decide(self, key_id: str, per_minute: int) -> Admission:
        limit = RateLimitItemPerMinute(per_minute)
        is_admitted = self._limiter.hit(limit, key_id)
        window = self._limiter.get_window_stats(limit, key_id)
        return Admission(
            is_admitted=is_admitted, limit=per_minute, remaining=window.remaining, reset_at=window.reset_time
        )

    def _count(self, key_id: str) -> None:
        day = datetime.fromtimestamp(self._now(), UTC).date().isoformat()
        with self._file.writing() as database:
            database.execute(
                "INSERT INTO days (key_id, day, requests) VALUES (:key_id, :day, 1)"
                " ON CONFLICT (key_id, day) DO UPDATE SET requests = requests + 1",
                {"key_id": key_id, "day": day},
            )


class _Windows(Storage):
    """The counters of the `limits` library."""

    STORAGE_SCHEME = None

    def __init__(self, file: RecordsFile, now: Now) -> None:
        super().__init__()
        self._file = file
        self._now = now

    @property
    def base_exceptions(self) -> type[Exception]:
        """What goes wrong here."""
        return StorageBusy

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Add to a counter, which starts over once its window has ended, and return it."""
        with self._file.writing() as database:
            row = database.execute(HIT, {"key": key, "amount": amount, "now": self._now(), "expiry": expiry})
            return int(row.fetchone()[0])

    def get(self, key: str) -> int:
        """Return a counter; 0 when its window has ended."""
        return int(self._window(key)[0])

    def get_expiry(self, key: str) -> float:
        """Return when a counter's window ends; now, when it has ended."""
        return self._window(key)[1]

    def check(self) -> bool:
        """Whether the file can be read."""
        return bool(self._file.rows("SELECT 1 AS one", {}))

    def reset(self) -> int | None:
        """Forget all counters and return how many there were."""
        with self._file.writing() as database:
            return database.execute("DELETE FROM windows").rowcount

    def clear(self, key: str) -> None:
        """Forget one counter."""
        with self._file.writing() as database:
            database.execute("DELETE FROM windows WHERE key = :key", {"key": key})

    def _window(self, key: str) -> tuple[float, float]:
        now = self._now()
        row = self._file.row(
            "SELECT hits, expires_at FROM windows WHERE key = :key AND expires_at > :now", {"key": key, "now": now}
        )
        return (float(row["hits"] or 0), float(row["expires_at"] or 0)) if row else (0.0, now)


HIT = """
    INSERT INTO windows (key, hits, expires_at) VALUES (:key, :amount, :now + :expiry)
    ON CONFLICT (key) DO UPDATE SET
        hits = iif(expires_at <= :now, excluded.hits, hits + excluded.hits),
        expires_at = iif(expires_at <= :now, excluded.expires_at, expires_at)
    RETURNING hits
"""
