from pathlib import Path

import pytest
import torch

from contracts.engine_keys import read_engine_keys
from contracts.settings import Secret, Settings
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


def test_a_data_folder_that_others_may_enter_is_noted(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)

    finding = doctor.data_folder(Settings(data_dir=tmp_path))

    assert (finding.state, finding.remedy) == (State.NOTE, f"chmod 700 {tmp_path}, unless meant.")


def test_the_threads_of_the_setting_are_told(tmp_path: Path) -> None:
    finding = doctor.compute(Settings(data_dir=tmp_path, device="cpu", torch_threads=3))

    assert finding.detail == "CPU, threads of an engine: 3, setting cpu"


def test_a_gpu_that_is_asked_for_and_not_there_is_told_by_doctor_and_by_the_engine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    settings = Settings(data_dir=tmp_path, device="cuda")

    assert doctor.compute(settings).state is State.FAULT
    assert installed_engines.tried("articulate", settings).fault == "no GPU, but the setting asks for one"


def test_a_gpus_encoder_that_is_asked_for_and_does_not_work_is_told(tmp_path: Path) -> None:
    finding = doctor.encoder(Settings(data_dir=tmp_path, video_encoder="h264_videotoolbox"))

    assert finding.state is State.FAULT
    assert "MOUTHPIECE_VIDEO_ENCODER=libx264" in finding.remedy
    assert doctor.encoder(Settings(data_dir=tmp_path)).detail == "libx264, setting libx264"


def test_an_engine_that_is_not_installed_is_told_with_those_that_are(tmp_path: Path) -> None:
    finding = doctor.engine(Settings(data_dir=tmp_path, engine="none"))

    assert finding.state is State.FAULT
    assert "articulate" in finding.remedy


def test_an_engine_that_breaks_while_loading_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    info = tmp_path / "broken-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: broken\nVersion: 1.0\n", encoding="utf-8")
    (info / "entry_points.txt").write_text("[mouthpiece.engines]\nbroken = broken_engine:Broken\n", encoding="utf-8")
    (tmp_path / "broken_engine.py").write_text("1 / 0\n", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))

    found = installed_engines.tried("broken", Settings(data_dir=tmp_path))

    assert found.info is None
    assert found.fault == "the engine 'broken' does not load: ZeroDivisionError"
    assert found.remedy.startswith("It says: division by zero. ")


def test_settings_that_name_no_installed_engine_are_noted() -> None:
    slips = Settings(engine_keys=read_engine_keys("wave2lip=key_1"), accept_licences=frozenset({"wav2lip", "wav2lp"}))

    finding = doctor.engine_names(slips)

    assert (finding.state, finding.detail) == (State.NOTE, "not installed here: wav2lp, wave2lip")
    assert "MOUTHPIECE_ENGINE_KEYS" in finding.remedy


def test_a_blob_store_that_cannot_be_reached_is_told(tmp_path: Path) -> None:
    settings = Settings(
        data_dir=tmp_path,
        s3_bucket="media",
        s3_endpoint="http://127.0.0.1:1",
        s3_access_key_id="k",
        s3_secret_access_key=Secret("s"),
    )

    finding = doctor.blob_store(settings)

    assert finding.state is State.FAULT
    assert finding.detail == "bucket media: the file store cannot be used at the moment"
    assert "MOUTHPIECE_S3_" in finding.remedy


def test_a_blob_store_that_works_keeps_nothing_of_the_look(tmp_path: Path) -> None:
    assert doctor.blob_store(Settings(data_dir=tmp_path)).state is State.OK
    assert [path for path in (tmp_path / "blobs").rglob("*") if path.is_file()] == []
