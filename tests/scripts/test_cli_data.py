"""The commands that look after what is kept."""

import sqlite3
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from contracts.settings import environment
from storage.blobs import LocalBlobs
from storage.records import Records
from tests.storage.requests import a_request, a_success

pytestmark = pytest.mark.unit

ROOT = Path(__file__).resolve().parents[2]
OLD = "2020-01-01T00:00:00Z"


def _mouthpiece(*words: str, data: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "scripts.cli", *words, "--data", str(data)]
    return subprocess.run(
        command, cwd=ROOT, env=environment() | environ, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.fixture
def output(tmp_path: Path) -> Path:
    """The output of an old job in the data folder `data`."""
    records, request = Records(tmp_path / "data" / "records.db"), a_request()
    records.jobs.add(request, OLD)
    records.jobs.settle(replace(a_success(request), finished_at=OLD), 30)
    records.close()
    (tmp_path / "film").write_bytes(b"film")
    blobs = LocalBlobs(tmp_path / "data" / "blobs")
    blobs.put(f"jobs/{request.job_id}/output.mp4", tmp_path / "film")
    return blobs.local(f"jobs/{request.job_id}/output.mp4")


def test_a_dry_run_lists_what_would_go_and_the_run_removes_it(tmp_path: Path, output: Path) -> None:
    wish = {"MOUTHPIECE_KEEP_OUTPUTS_DAYS": "7"}

    dry = _mouthpiece("data", "prune", "--dry-run", data=tmp_path / "data", **wish)
    was_there = output.exists()
    run = _mouthpiece("data", "prune", data=tmp_path / "data", **wish)
    again = _mouthpiece("data", "prune", data=tmp_path / "data", **wish)

    assert dry.stdout == run.stdout == "output of job 1\ninputs of job 1\n"
    assert dry.stderr == "would remove: outputs 1, inputs 1\n"
    assert run.stderr == "removed: outputs 1, inputs 1\n"
    assert again.stderr == "removed: nothing\n"
    assert was_there
    assert not output.exists()


def test_whole_data_is_told_so_and_an_expired_output_is_not_missed(tmp_path: Path, output: Path) -> None:
    whole = _mouthpiece("data", "check", data=tmp_path / "data")
    _mouthpiece("data", "prune", data=tmp_path / "data", MOUTHPIECE_KEEP_OUTPUTS_DAYS="7")
    expired = _mouthpiece("data", "check", data=tmp_path / "data")

    assert (whole.returncode, expired.returncode) == (0, 0)
    assert whole.stdout == expired.stdout == "records and outputs are whole\n"


def test_an_output_that_is_not_there_is_named(tmp_path: Path, output: Path) -> None:
    output.unlink()

    answer = _mouthpiece("data", "check", data=tmp_path / "data")

    assert answer.returncode == 1
    assert answer.stdout == f"jobs/{output.parent.name}/output.mp4 is missing\n"
    assert "1 outputs missing" in answer.stderr


def test_damaged_records_are_told_with_what_to_do(tmp_path: Path, output: Path) -> None:
    records = tmp_path / "data" / "records.db"
    with sqlite3.connect(records) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    records.write_bytes(records.read_bytes()[:4096] + b"\xff" * 8192)

    answer = _mouthpiece("data", "check", data=tmp_path / "data")
    looked = _mouthpiece("doctor", data=tmp_path / "data")

    assert answer.returncode == 1
    assert "mouthpiece restore" in answer.stderr
    assert "the records are damaged" in looked.stdout


def test_a_folder_without_records_is_not_backed_up(tmp_path: Path) -> None:
    answer = _mouthpiece("backup", str(tmp_path / "out"), data=tmp_path / "none")

    assert answer.returncode == 1
    assert answer.stderr.startswith(f"mouthpiece: no records in {tmp_path / 'none'}")
    assert not (tmp_path / "out").exists()


def test_what_is_no_backup_is_not_restored(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()

    answer = _mouthpiece("restore", str(tmp_path / "photos"), data=tmp_path / "new")

    assert answer.returncode == 1
    assert "photos is no backup" in answer.stderr
