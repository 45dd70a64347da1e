"""Files of earlier releases, of newer ones, and damaged ones."""

import json
import shutil
import sqlite3
from pathlib import Path

import pytest

from storage.database import NewerRecords, RecordsDamaged
from storage.records import Records
from tests.storage.earlier.filled import REQUESTS, answers
from tests.storage.requests import NOW, a_request, a_success

pytestmark = pytest.mark.unit

EARLIER = sorted((Path(__file__).parent / "earlier").glob("*.db"))


def _opened(path: Path, tmp_path: Path) -> Records:
    shutil.copyfile(path, tmp_path / "records.db")
    return Records(tmp_path / "records.db")


def _agrees(now: object, then: object) -> bool:
    """Whether everything that was answered then is answered still; there may be more."""
    if isinstance(now, dict) and isinstance(then, dict):
        return all(name in now and _agrees(now[name], told) for name, told in then.items())
    if isinstance(now, list) and isinstance(then, list):
        return len(now) == len(then) and all(map(_agrees, now, then))
    return now == then


@pytest.mark.parametrize("path", EARLIER, ids=lambda path: path.stem)
def test_records_of_an_earlier_release_answer_every_question_as_they_did(path: Path, tmp_path: Path) -> None:
    then = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    records = _opened(path, tmp_path)

    now = answers(records)

    assert [question for question in then if not _agrees(now.get(question), then[question])] == []
    assert all(then.values())
    records.close()


@pytest.mark.parametrize("path", EARLIER, ids=lambda path: path.stem)
def test_jobs_of_an_earlier_release_go_on_and_new_ones_are_numbered_after_them(path: Path, tmp_path: Path) -> None:
    records = _opened(path, tmp_path)
    waiting = REQUESTS["waiting"]

    records.jobs.settle(a_success(waiting), 30)
    number = records.jobs.add(a_request(), NOW)

    found = records.jobs.find(waiting.job_id)
    assert found is not None
    assert (found.status, found.credits) == ("succeeded", 30)
    assert number == len(REQUESTS) + 1
    assert records._file.faults(in_depth=True) == []
    records.close()


def test_there_is_a_file_of_an_earlier_release() -> None:
    assert "0011" in {path.stem for path in EARLIER}


def test_a_file_of_a_newer_release_is_refused_and_stays_as_it_is(tmp_path: Path) -> None:
    Records(tmp_path / "records.db").close()
    with sqlite3.connect(tmp_path / "records.db") as connection:
        connection.execute(
            "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('mouthpiece', '9999_moods', '')"
        )
    connection.close()
    before = (tmp_path / "records.db").read_bytes()

    with pytest.raises(NewerRecords, match=r"records.db was written by a newer release \(9999_moods\)") as refused:
        Records(tmp_path / "records.db")

    assert "restore a backup" in refused.value.remedy
    assert (tmp_path / "records.db").read_bytes() == before


def test_what_is_no_database_is_told_as_damage(tmp_path: Path) -> None:
    (tmp_path / "records.db").write_bytes(b"no database" * 1000)

    with pytest.raises(RecordsDamaged, match="the records are damaged"):
        Records(tmp_path / "records.db")


def test_damage_is_found(tmp_path: Path) -> None:
    records = Records(tmp_path / "records.db")
    for _ in range(50):
        request = a_request()
        records.jobs.add(request, NOW)
        records.jobs.settle(a_success(request), 30)
    assert records._file.faults(in_depth=False) == records._file.faults(in_depth=True) == []
    records.close()
    _overwrite_tables(tmp_path / "records.db")

    broken = Records(tmp_path / "records.db")

    assert broken._file.faults(in_depth=False)
    broken.close()


def test_a_copy_made_while_others_write_is_whole(records: Records, tmp_path: Path) -> None:
    request = a_request()
    records.jobs.add(request, NOW)
    with records._file.writing() as writer:
        writer.execute("UPDATE jobs SET credits = 99")
        # Another thread's connection, for this one is in the midst of it.
        Records(tmp_path / "records.db")._file.copy_to(tmp_path / "copy.db")
    copy = Records(tmp_path / "copy.db")

    found = copy.jobs.find(request.job_id)

    assert found is not None
    assert found.credits == 0
    assert copy._file.faults(in_depth=True) == []
    copy.close()


def _overwrite_tables(path: Path) -> None:
    """Put rubbish into the last pages, where rows of jobs are."""
    with path.open("r+b") as file:
        file.seek(-20_480, 2)
        file.write(b"\xff" * 8192)
