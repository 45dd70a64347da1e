from pathlib import Path

import pytest

from contracts.settings import Settings
from scripts import doctor, installed_engines
from scripts.doctor import State
from scripts.stack import DEFAULT, read

pytestmark = pytest.mark.unit


def test_a_sound_machine_has_no_fault(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)

    findings = [look() for _, look in doctor.look(settings, {}, read(DEFAULT))]

    assert [finding for finding in findings if finding.state is State.FAULT] == []


def test_a_missing_program_is_told_with_its_remedy(tmp_path: Path) -> None:
    finding = doctor.temporal({"TEMPORAL_CLI": str(tmp_path / "none")})

    assert finding.state is State.FAULT
    assert "TEMPORAL_CLI" in finding.detail


def test_a_data_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")

    finding = doctor.data_folder(Settings(data_dir=tmp_path / "file" / "data"))

    assert finding.state is State.FAULT
    assert "MOUTHPIECE_DATA_DIR" in finding.remedy


def test_an_engine_that_is_not_installed_is_told_with_those_that_are(tmp_path: Path) -> None:
    finding = doctor.engine(Settings(data_dir=tmp_path, engine="none"))

    assert finding.state is State.FAULT
    assert "articulate" in finding.remedy


def test_an_engine_that_breaks_while_loading_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    info = tmp_path / "broken-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: broken\nVersion: 1.0\n", encoding="utf-8")
    (info / "entry_points.txt").write_text("[mouthpiece.engines]\nbroken = broken_engine:load\n", encoding="utf-8")
    (tmp_path / "broken_engine.py").write_text("load = lambda device: 1 / 0\n", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))

    found = installed_engines.look("broken", Settings(data_dir=tmp_path))

    assert found.info is None
    assert found.fault == "does not load: ZeroDivisionError: division by zero"
