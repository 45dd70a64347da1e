"""The records file under many threads and processes, and when it cannot be had."""

import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from contracts.errors import StorageBusy
from storage import database
from storage.records import Records
from storage.schema import MIGRATIONS
from tests.storage.requests import NOW, a_request

pytestmark = pytest.mark.unit

LEDGER_ROW = "INSERT INTO ledger (job_id, key_id, credits, at) VALUES ('j', 'k', 1, 't')"

WRITER = """
import sys
from pathlib import Path
from storage.records import Records
from tests.storage.requests import NOW, a_request
records = Records(Path(sys.argv[1]))
for _ in range(25):
    request = a_request()
    records.jobs.add(request, NOW)
    records.jobs.mark_started(request.job_id)
records.close()
"""


def test_processes_may_open_and_write_a_new_file_at_the_same_time(tmp_path: Path) -> None:
    command = [sys.executable, "-c", WRITER, str(tmp_path / "records.db")]
    writers = [subprocess.Popen(command) for _ in range(3)]

    assert [writer.wait(timeout=60) for writer in writers] == [0, 0, 0]
    records = Records(tmp_path / "records.db")
    assert len(records.jobs.list(limit=100)) == 75
    records.close()


def test_threads_may_write_at_the_same_time(records: Records) -> None:
    numbers: list[int] = []
    threads = [
        threading.Thread(target=lambda: numbers.extend(records.jobs.add(a_request(), NOW) for _ in range(20)))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(numbers) == list(range(1, 161))


def test_records_can_be_used_again_after_closing(records: Records) -> None:
    records.jobs.add(a_request(), NOW)
    records.close()

    assert len(records.jobs.list()) == 1


def test_the_file_is_written_ahead(records: Records, tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "records.db") as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    connection.close()


def test_opening_again_finds_every_migration_applied(records: Records, tmp_path: Path) -> None:
    again = database.RecordsFile(tmp_path / "records.db", MIGRATIONS)

    assert MIGRATIONS.pending(again._connection()) == []
    again.close()


def test_a_file_that_another_writer_holds_is_a_passing_fault(
    records: Records, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    records.close()
    monkeypatch.setattr(database, "BUSY_TIMEOUT_S", 0.05)
    holder = sqlite3.connect(tmp_path / "records.db")
    holder.execute("BEGIN IMMEDIATE")

    with pytest.raises(StorageBusy):
        records.check_writable()
    holder.close()
    records.check_writable()


def test_a_failed_write_leaves_nothing_behind(records: Records) -> None:
    def write_twice() -> None:
        with records._file.writing() as connection:
            connection.execute(LEDGER_ROW)
            connection.execute(LEDGER_ROW)

    with pytest.raises(sqlite3.IntegrityError):
        write_twice()

    assert records._file.rows("SELECT * FROM ledger", {}) == []


def test_a_write_within_a_write_is_a_part_of_it(records: Records) -> None:
    def write_and_fail() -> None:
        with records._file.writing():
            with records._file.writing() as inner:
                inner.execute(LEDGER_ROW)
            raise KeyError

    with pytest.raises(KeyError):
        write_and_fail()

    assert records._file.rows("SELECT * FROM ledger", {}) == []


def test_what_is_promised_reaches_the_disk_before_it_counts(records: Records) -> None:
    def setting(*, is_urgent: bool) -> int:
        with records._file.writing(is_urgent=is_urgent) as connection:
            return int(connection.execute("PRAGMA synchronous").fetchone()[0])

    assert [setting(is_urgent=True), setting(is_urgent=False), setting(is_urgent=True)] == [2, 1, 2]
