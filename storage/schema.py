"""The tables, as migrations that are only ever added to."""

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

MIGRATIONS = Migrations("mouthpiece")


@MIGRATIONS(name="0001_keys")
def keys(database: Database) -> None:
    """API keys, by the public part of their text; the secret part is kept as its hash."""
    database.table("keys").create(
        {
            "key_id": str,
            "name": str,
            "sha256": str,
            "webhook_secret": str,
            "created_at": str,
            "revoked_at": str,
        },
        pk="key_id",
        not_null={"name", "sha256", "webhook_secret", "created_at", "revoked_at"},
        strict=True,
    )


@MIGRATIONS(name="0002_jobs")
def jobs(database: Database) -> None:
    """Jobs as they were asked for and how they ended; numbers are never given twice, dropped rows included."""
    database.execute(
        """
        CREATE TABLE jobs (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            job_id TEXT NOT NULL UNIQUE,
            key_id TEXT NOT NULL,
            created_at TEXT NOT NULL,
            started INTEGER NOT NULL DEFAULT 0,
            status TEXT NOT NULL,
            started_at TEXT NOT NULL DEFAULT '',
            finished_at TEXT NOT NULL DEFAULT '',
            execution_ms INTEGER NOT NULL DEFAULT 0,
            output TEXT NOT NULL DEFAULT '',
            duration_s REAL NOT NULL DEFAULT 0,
            credits INTEGER NOT NULL DEFAULT 0,
            error_code TEXT NOT NULL DEFAULT '',
            error_message TEXT NOT NULL DEFAULT '',
            warnings TEXT NOT NULL DEFAULT '[]',
            request TEXT NOT NULL
        ) STRICT
        """
    )
    table = database.table("jobs")
    table.create_index(["key_id", "number"])
    table.create_index(["status", "number"])
    database.execute("CREATE INDEX idx_jobs_unstarted ON jobs (created_at) WHERE started = 0")


@MIGRATIONS(name="0003_ledger")
def ledger(database: Database) -> None:
    """What each job cost its key: one entry a job, however often it is settled."""
    database.table("ledger").create(
        {"job_id": str, "key_id": str, "credits": int, "at": str},
        pk="job_id",
        not_null={"key_id", "credits", "at"},
        strict=True,
    )
    database.table("ledger").create_index(["key_id", "at"])


@MIGRATIONS(name="0004_deliveries")
def deliveries(database: Database) -> None:
    """Every attempt to deliver a webhook and what came back."""
    database.table("deliveries").create(
        {
            "delivery_id": str,
            "attempt": int,
            "job_id": str,
            "key_id": str,
            "url": str,
            "body": str,
            "at": str,
            "http_status": int,
            "latency_ms": int,
            "answer": str,
        },
        pk=("delivery_id", "attempt"),
        strict=True,
    )
    database.table("deliveries").create_index(["job_id", "at"])
