"""One SQLite file shared by many threads and processes: a connection per thread, short write transactions, WAL."""

import fcntl
import os
import sqlite3
import threading
import weakref
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

from contracts.errors import StorageBusy

#: What a column of ours can hold.
Value = str | int | float | None
Row = dict[str, Value]

_INHERITED: list[Database] = []

#: How long a writer waits for another one, in seconds.
BUSY_TIMEOUT_S = 10.0


class RecordsFile:
    """The file, its schema, and this process's connections to it.

    A write-ahead log with `synchronous=NORMAL` survives the death of any process; a power cut may lose the last
    commits, never the file.
    """

    def __init__(self, path: Path, migrations: Migrations) -> None:
        self._path = path
        self._local = threading.local()
        self._open: weakref.WeakSet[_Connection] = weakref.WeakSet()
        path.parent.mkdir(parents=True, exist_ok=True)
        with _storage_faults(), _exclusive(path):
            database = self._connection()
            database.execute("PRAGMA journal_mode=WAL")
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
    def writing(self) -> Iterator[Database]:
        """One transaction that holds the write lock from its first line, so that what it reads stays true.

        Within another of the same thread it is a part of that one.

        Raises:
            StorageBusy: when another writer does not finish in time, or the disk is full.
        """
        with _storage_faults():
            database = self._connection()
            if database.conn.in_transaction:
                yield database
                return
            database.execute("BEGIN IMMEDIATE")
            try:
                yield database
                database.conn.commit()
            except BaseException:
                database.conn.rollback()
                raise

    def close(self) -> None:
        """Close every connection of this process; the next use opens a new one."""
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
    """Turn SQLite's passing faults into ours."""
    try:
        yield
    except sqlite3.OperationalError as fault:
        raise StorageBusy("the records cannot be reached at the moment") from fault


@contextmanager
def _exclusive(path: Path) -> Iterator[None]:
    """Let one process at a time change the file's journal mode and schema."""
    with open(path.with_name(path.name + ".lock"), "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
