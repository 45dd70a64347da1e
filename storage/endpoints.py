"""Endpoints that want no more webhooks: they answered 410, and get none until they are enabled again."""

from collections.abc import Sequence
from dataclasses import dataclass

from storage.database import RecordsFile, Row

#: Longest list of disabled endpoints; where every job names a URL of its own there is no end to them.
MOST_LISTED = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class DisabledEndpoint:
    """A URL that one key's webhooks are not sent to; `delivery_id` is the webhook that was answered so."""

    key_id: str
    url: str
    disabled_at: str
    delivery_id: str


class Endpoints:
    """The disabled endpoints in the records; every process sees a change at once."""

    def __init__(self, file: RecordsFile) -> None:
        self._file = file

    def disable(self, key_id: str, url: str, delivery_id: str, now: str) -> None:
        """Send a key's webhooks there no more; an endpoint that is disabled stays as it is."""
        row: Row = {"key_id": key_id, "url": url, "disabled_at": now, "delivery_id": delivery_id}
        with self._file.writing() as database:
            database.execute(
                "INSERT INTO disabled_endpoints (key_id, url, disabled_at, delivery_id)"
                " VALUES (:key_id, :url, :disabled_at, :delivery_id) ON CONFLICT (key_id, url) DO NOTHING",
                row,
            )

    def enable(self, key_id: str, url: str) -> bool:
        """Send a key's webhooks there again; whether it was disabled."""
        with self._file.writing() as database:
            removed = database.execute(
                "DELETE FROM disabled_endpoints WHERE key_id = :key_id AND url = :url", {"key_id": key_id, "url": url}
            )
            return bool(removed.rowcount)

    def is_disabled(self, key_id: str, url: str) -> bool:
        """Whether a key's webhooks are not sent there."""
        sql = "SELECT 1 FROM disabled_endpoints WHERE key_id = :key_id AND url = :url"
        return self._file.row(sql, {"key_id": key_id, "url": url}) is not None

    def disabled(self, key_id: str | None = None) -> Sequence[DisabledEndpoint]:
        """Return a key's disabled endpoints, or everybody's: the latest first, up to `MOST_LISTED`."""
        rows = self._file.rows(
            "SELECT * FROM disabled_endpoints WHERE key_id = ifnull(:key_id, key_id)"
            " ORDER BY disabled_at DESC, url LIMIT :limit",
            {"key_id": key_id, "limit": MOST_LISTED},
        )
        return [
            DisabledEndpoint(
                key_id=str(row["key_id"]),
                url=str(row["url"]),
                disabled_at=str(row["disabled_at"]),
                delivery_id=str(row["delivery_id"]),
            )
            for row in rows
        ]
