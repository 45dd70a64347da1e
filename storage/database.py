"""One SQLite file shared by many threads and processes: a connection per thread, short write transactions, WAL."""

import fcntl
import os
import sqlite3
import threading
import weakref
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

from contracts.errors import InternalError, StorageBusy
from storage.folders import make_private

#: What a column of ours can hold.
Value = str | int | float | None
Row = dict[str, Value]

_INHERITED: list[Database] = []

#: How long a writer waits for another one, in seconds.
BUSY_TIMEOUT_S = 10.0


class NewerRecords(InternalError):
    """The file was brought to a schema that this release does not know."""


class RecordsDamaged(InternalError):
    """The file is no database, or not a whole one."""


class RecordsFile:
    """The file, its schema, and this process's connections to it.

    Args:
        path: the file; it is made when it is missing.
        migrations: its schema.
        is_durable: let a commit reach the disk before it counts, so that a power cut takes nothing back; without, the
            last seconds may be lost, never the file. The death of a process costs nothing in either case.

    Raises:
        NewerRecords: when a newer release wrote the file.
        RecordsDamaged: when it is not a whole database.
        StorageBusy: when it cannot be opened at the moment.
    """

    def __init__(self, path: Path, migrations: Migrations, *, is_durable: bool = True) -> None:
        self._path = path
        self._is_durable = is_durable
        self._local = threading.local()
        self._open: weakref.WeakSet[_Connection] = weakref.WeakSet()
        make_private(path.parent)
        with _storage_faults(), _exclusive(path):
            database = self._connection()
            database.execute("PRAGMA journal_mode=WAL")
            _check_release(database, migrations, path)
            if migrations.pending(database):
                migrations.apply(database)

    def rows(self, sql: str, parameters: Mapping[str, Value]) -> list[Row]:
        """Run one query and return all of its rows.

        Raises:
            StorageBusy: when the file is locked for too long or cannot be read.
        """
        with _storage_faults():
            return list(self._connection().query(sql, dict(parameters)))

    def row(self, sql: str, parameters: Mapping[str, Value]) -> Row | None:
        """Return the first row of a query, if there is one."""
        return next(iter(self.rows(sql, parameters)), None)

    @contextmanager
    def writing(self, *, is_urgent: bool = True) -> Iterator[Database]:
        """One transaction that holds the write lock from its first line, so that what it reads stays true.

        Within another of the same thread it is a part of that one.

        Args:
            is_urgent: wait for the disk; else it reaches the disk with the next one that does, and in order, so that a
                power cut may take it back but nothing before it.

        Raises:
            StorageBusy: when another writer does not finish in time, or the disk is full.
        """
        with _storage_faults():
            database = self._connection()
            if database.conn.in_transaction:
                yield database
                return
            # The setting is the connection's, and has to be made outside of transactions.
            database.execute(f"PRAGMA synchronous={'FULL' if is_urgent and self._is_durable else 'NORMAL'}")
            database.execute("BEGIN IMMEDIATE")
            try:
                yield database
                database.conn.commit()
            except BaseException:
                database.conn.rollback()
                raise

    def faults(self, *, in_depth: bool) -> list[str]:
        """Look for damage and return what was found, a line each.

        Args:
            in_depth: compare indexes with their tables too, which takes several times as long.
        """
        try:
            found = self._connection().execute(f"PRAGMA {'integrity' if in_depth else 'quick'}_check").fetchall()
        except sqlite3.DatabaseError as fault:
            return [str(fault)]
        return [line for (line,) in found if line != "ok"]

    def copy_to(self, target: Path) -> None:
        """Write the file as it stands at one moment to a new one, while others go on reading and writing.

        Raises:
            StorageBusy: when the file is locked for too long, or the disk is full.
        """
        with _storage_faults(), closing(sqlite3.connect(target)) as copy:
            self._connection().conn.backup(copy)
            copy.execute("PRAGMA journal_mode=DELETE")

    def close(self) -> None:
        """Close every connection of this process, none of which may be in use; the next use opens a new one."""
        for connection in list(self._open):
            connection.close()
        self._local = threading.local()

    def _connection(self) -> Database:
        connection: _Connection | None = getattr(self._local, "connection", None)
        if connection is None or connection.process != os.getpid():
            connection = self._local.connection = _Connection(self._path)
            self._open.add(connection)
        return connection.database


class _Connection:
    """A connection that closes itself when its thread ends."""

    def __init__(self, path: Path) -> None:
        self.process = os.getpid()
        raw = sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, check_same_thread=False)
        raw.execute("PRAGMA synchronous=NORMAL")
        raw.execute("PRAGMA foreign_keys=ON")
        self.database = Database(raw, strict=True)

    def close(self) -> None:
        self.database.close()

    def __del__(self) -> None:
        # SQLite forbids even closing a connection on the other side of a fork.
        if self.process != os.getpid():
            _INHERITED.append(self.database)
        elif hasattr(self, "database"):
            self.close()


@contextmanager
def _storage_faults() -> Iterator[None]:
    """Turn SQLite's faults into ours: those that pass, and damage."""
    try:
        yield
    except sqlite3.OperationalError as fault:
        raise StorageBusy("the records cannot be reached at the moment") from fault
    except sqlite3.DatabaseError as fault:
        # Its subclasses are faults of a statement.
        if type(fault) is not sqlite3.DatabaseError:
            raise
        raise RecordsDamaged(
            "the records are damaged", remedy="See mouthpiece data check; mouthpiece restore brings a backup back."
        ) from fault


def _check_release(database: Database, migrations: Migrations, path: Path) -> None:
    """Refuse a file with migrations that are not among ours: what they changed is not known here."""
    ours = {migration.name for migration in migrations.pending(Database(memory=True))}
    newer = [migration.name for migration in migrations.applied(database) if migration.name not in ours]
    if newer:
        raise NewerRecords(
            f"{path.name} was written by a newer release ({', '.join(newer)})",
            remedy="Run that release, or restore a backup that was made before the update.",
        )


@contextmanager
def _exclusive(path: Path) -> Iterator[None]:
    """Let one process at a time change the file's journal mode and schema."""
    with open(path.with_name(path.name + ".lock"), "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
