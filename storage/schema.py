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


@MIGRATIONS(name="0005_plans")
def plans(database: Database) -> None:
    """How often a key may ask, and whether it may manage keys."""
    database.execute("ALTER TABLE keys ADD COLUMN plan TEXT NOT NULL DEFAULT 'enterprise'")
    database.execute("ALTER TABLE keys ADD COLUMN admin INTEGER NOT NULL DEFAULT 0")


@MIGRATIONS(name="0007_idempotency")
def idempotency(database: Database) -> None:
    """Idempotency keys: the request each came with, the id reserved for what it makes, and its answer once given."""
    database.execute(
        """
        CREATE TABLE idempotency (
            key_id TEXT NOT NULL,
            idempotency_key TEXT NOT NULL,
            fingerprint TEXT NOT NULL,
            reserved_id TEXT NOT NULL,
            created_at REAL NOT NULL,
            attempt INTEGER NOT NULL,
            running_since REAL NOT NULL,
            status INTEGER NOT NULL DEFAULT 0,
            content_type TEXT NOT NULL DEFAULT '',
            answer TEXT NOT NULL DEFAULT '',
            PRIMARY KEY (key_id, idempotency_key)
        ) STRICT
        """
    )
    database.table("idempotency").create_index(["created_at"])


@MIGRATIONS(name="0008_reserved_credits")
def reserved_credits(database: Database) -> None:
    """Credits that a job was told it would cost, until it is charged or refunded."""
    database.execute("ALTER TABLE ledger ADD COLUMN reserved INTEGER NOT NULL DEFAULT 0")


@MIGRATIONS(name="0009_webhooks")
def webhooks(database: Database) -> None:
    """Webhooks as they are sent, with what became of each; attempts made before this table existed make up theirs."""
    database.table("webhooks").create(
        {
            "delivery_id": str,
            "job_id": str,
            "key_id": str,
            "url": str,
            "body": str,
            "created_at": str,
            "sent_at": str,
            "state": str,
        },
        pk="delivery_id",
        not_null={"job_id", "key_id", "url", "body", "created_at", "sent_at", "state"},
        strict=True,
    )
    database.table("webhooks").create_index(["job_id", "created_at"])
    database.table("webhooks").create_index(["key_id", "created_at"])
    database.execute(
        "INSERT INTO webhooks (delivery_id, job_id, key_id, url, body, created_at, sent_at, state)"
        " SELECT delivery_id, MIN(job_id), MIN(key_id), MIN(url), MIN(body), MIN(at), MIN(at),"
        " CASE WHEN MAX(http_status BETWEEN 200 AND 299) THEN 'delivered' ELSE 'pending' END"
        " FROM deliveries GROUP BY delivery_id"
    )


@MIGRATIONS(name="0010_batches")
def batches(database: Database) -> None:
    """Jobs submitted together: the answer that the batch got, items that made no job included."""
    database.execute("ALTER TABLE jobs ADD COLUMN batch_id TEXT NOT NULL DEFAULT ''")
    database.execute("CREATE INDEX idx_jobs_batch ON jobs (batch_id, number) WHERE batch_id != ''")
    database.table("batches").create(
        {"batch_id": str, "key_id": str, "created_at": str, "items": str},
        pk="batch_id",
        not_null={"key_id", "created_at", "items"},
        strict=True,
    )


@MIGRATIONS(name="0011_states")
def states(database: Database) -> None:
    """A key's jobs in one state are found without a look at anybody else's."""
    database.table("jobs").create_index(["key_id", "status", "number"])


@MIGRATIONS(name="0012_signing")
def signing(database: Database) -> None:
    """Secrets that signed a key's webhooks before the one in `keys`, and sign beside it until they end."""
    database.execute(
        """
        CREATE TABLE old_webhook_secrets (
            number INTEGER PRIMARY KEY,
            key_id TEXT NOT NULL,
            secret TEXT NOT NULL,
            ends_at TEXT NOT NULL
        ) STRICT
        """
    )
    database.table("old_webhook_secrets").create_index(["key_id", "ends_at"])


@MIGRATIONS(name="0013_endpoints")
def endpoints(database: Database) -> None:
    """Endpoints that answered 410; what each attempt sent; when the next one is due; webhooks by their state."""
    database.table("disabled_endpoints").create(
        {"key_id": str, "url": str, "disabled_at": str, "delivery_id": str},
        pk=("key_id", "url"),
        not_null={"disabled_at", "delivery_id"},
        strict=True,
    )
    database.execute("ALTER TABLE deliveries ADD COLUMN request_headers TEXT NOT NULL DEFAULT '{}'")
    database.execute("ALTER TABLE webhooks ADD COLUMN next_at TEXT NOT NULL DEFAULT ''")
    database.table("webhooks").create_index(["key_id", "state", "created_at", "delivery_id"])
    database.table("webhooks").create_index(["state", "created_at", "delivery_id"])


@MIGRATIONS(name="0014_scopes")
def scopes(database: Database) -> None:
    """What a key may do, parted by spaces; it takes the place of `admin`, which stays for the release before."""
    database.execute("ALTER TABLE keys ADD COLUMN scopes TEXT NOT NULL DEFAULT 'submit read'")
    database.execute("UPDATE keys SET scopes = 'submit read admin' WHERE admin")


@MIGRATIONS(name="0016_expiry")
def expiry(database: Database) -> None:
    """When a job's inputs and output were removed for their age, whether that goes on; what restored records owe."""
    database.execute("ALTER TABLE jobs ADD COLUMN inputs_expired_at TEXT NOT NULL DEFAULT ''")
    database.execute("ALTER TABLE jobs ADD COLUMN expired_at TEXT NOT NULL DEFAULT ''")
    database.execute("ALTER TABLE jobs ADD COLUMN expiring INTEGER NOT NULL DEFAULT 0")
    database.execute("ALTER TABLE jobs ADD COLUMN owed INTEGER NOT NULL DEFAULT 0")
    database.execute("CREATE INDEX idx_jobs_finished ON jobs (finished_at) WHERE finished_at != ''")
    database.execute("CREATE INDEX idx_jobs_owed ON jobs (number) WHERE owed = 1")
    database.execute("ALTER TABLE webhooks ADD COLUMN owed INTEGER NOT NULL DEFAULT 0")
    database.execute("CREATE INDEX idx_webhooks_owed ON webhooks (created_at) WHERE owed = 1")


@MIGRATIONS(name="0017_upload_content")
def upload_content(database: Database) -> None:
    """What a request with an idempotency key carried as a file: the SHA-256 of its bytes."""
    database.execute("ALTER TABLE idempotency ADD COLUMN content TEXT NOT NULL DEFAULT ''")


@MIGRATIONS(name="0018_retries")
def retries(database: Database) -> None:
    """How a job that is being retried had ended, until it is known that Temporal has begun its new run; JSON."""
    database.execute("ALTER TABLE jobs ADD COLUMN before_retry TEXT NOT NULL DEFAULT ''")
    database.execute("CREATE INDEX idx_jobs_retries ON jobs (job_id) WHERE before_retry != ''")


@MIGRATIONS(name="0019_sources")
def sources(database: Database) -> None:
    """Where what an ended job was made of lies, while it is kept; uploads may be those of several jobs."""
    database.execute("ALTER TABLE jobs ADD COLUMN source TEXT NOT NULL DEFAULT ''")
    database.execute("CREATE INDEX idx_jobs_source ON jobs (source) WHERE source != ''")


@MIGRATIONS(name="0019_paces")
def paces(database: Database) -> None:
    """An engine's latest jobs are found without a look at those of others."""
    database.execute(
        "CREATE INDEX idx_jobs_pace ON jobs (json_extract(request, '$.engine'), number) WHERE status = 'succeeded'"
    )
