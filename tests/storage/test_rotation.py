from pathlib import Path

import pytest
from click.testing import CliRunner

from scripts.cli import cli
from storage.backup import MANIFEST
from storage.records import Records
from storage.rotation import rotate

pytestmark = pytest.mark.unit


def _made(folder: Path, name: str, *, is_whole: bool = True) -> Path:
    (folder / name).mkdir(parents=True)
    if is_whole:
        (folder / name / MANIFEST).write_text("{}", encoding="utf-8")
    return folder / name


def test_the_newest_backups_stay(tmp_path: Path) -> None:
    made = [_made(tmp_path, f"2026-01-0{day}T033000Z") for day in range(1, 6)]

    assert rotate(tmp_path, 2) == made[:3]
    assert sorted(tmp_path.iterdir()) == made[3:]


def test_what_is_no_backup_stays_however_old(tmp_path: Path) -> None:
    others = [
        _made(tmp_path, "monday"),
        _made(tmp_path, "2020-01-01T000000Z", is_whole=False),
        _made(tmp_path, "2026-01-09T000000Z.unfinished", is_whole=False),
    ]
    _made(tmp_path, "2026-01-08T000000Z")

    assert rotate(tmp_path, 1) == []
    assert all(path.is_dir() for path in others)


def test_what_never_became_whole_goes_once_a_newer_one_has(tmp_path: Path) -> None:
    broken = _made(tmp_path, "2026-01-07T000000Z.unfinished", is_whole=False)
    _made(tmp_path, "2026-01-08T000000Z")

    assert rotate(tmp_path, 3) == [broken]


def test_a_folder_of_backups_is_added_to_and_kept_short(tmp_path: Path) -> None:
    Records(tmp_path / "data" / "records.db").close()
    out = tmp_path / "backups"
    old = [_made(out, f"2026-01-0{day}T033000Z") for day in (1, 2)]

    answer = CliRunner().invoke(cli, ["backup", str(out), "--keep", "2", "--data", str(tmp_path / "data")])

    assert answer.exit_code == 0, answer.output
    assert f"removed {old[0]}" in answer.stdout
    assert len(list(out.iterdir())) == 2
