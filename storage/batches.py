"""Batches: what was answered to jobs that were submitted together."""

from dataclasses import dataclass

from storage.database import RecordsFile, Row


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchRecord:
    """A batch. `items` is JSON text: what each item was answered with, jobs and refusals, in the order they came."""

    batch_id: str
    key_id: str
    created_at: str
    items: str


class Batches:
    """The batches in the records."""

    def __init__(self, file: RecordsFile) -> None:
        self._file = file

    def add(self, batch: BatchRecord) -> None:
        """Enter a batch; entering it again replaces its items."""
        row: Row = {
            "batch_id": batch.batch_id,
            "key_id": batch.key_id,
            "created_at": batch.created_at,
            "items": batch.items,
        }
        with self._file.writing() as database:
            database.execute(
                "INSERT INTO batches (batch_id, key_id, created_at, items)"
                " VALUES (:batch_id, :key_id, :created_at, :items)"
                " ON CONFLICT (batch_id) DO UPDATE SET items = excluded.items",
                row,
            )

    def find(self, batch_id: str) -> BatchRecord | None:
        """Return a batch by its UUID text."""
        row = self._file.row("SELECT * FROM batches WHERE batch_id = :batch_id", {"batch_id": batch_id})
        if row is None:
            return None
        return BatchRecord(
            batch_id=str(row["batch_id"]),
            key_id=str(row["key_id"]),
            created_at=str(row["created_at"]),
            items=str(row["items"]),
        )
