import json
import logging
from pathlib import Path

import pytest

from contracts.settings import Settings
from contracts.voices import BUILT_IN
from storage.voices import piper_voices, voices

pytestmark = pytest.mark.unit

CONFIG: dict[str, object] = {
    "audio": {"sample_rate": 22050},
    "espeak": {"voice": "de"},
    "language": {"code": "de_DE"},
    "phoneme_id_map": {"_": [0], "a": [1]},
}


def _add(folder: Path, name: str, config: object) -> None:
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.onnx").write_bytes(b"")
    (folder / f"{name}.onnx.json").write_text(json.dumps(config), encoding="utf-8")


def test_without_a_folder_there_are_the_voices_that_come_with_the_service(tmp_path: Path) -> None:
    assert voices(Settings(voices_dir=tmp_path / "none")) == list(BUILT_IN)


def test_a_piper_voice_is_listed_under_a_safe_name(tmp_path: Path) -> None:
    _add(tmp_path / "voices", "de_DE-Thorsten high", CONFIG)

    found = voices(Settings(voices_dir=tmp_path / "voices"))[-1]

    assert (found.voice_id, found.name) == ("piper_de_de_thorsten_high", "de_DE-Thorsten high")
    assert (found.language, found.gender, found.engine) == ("de-DE", "neutral", "piper")


def test_the_language_of_older_voices_is_that_of_their_phonemes(tmp_path: Path) -> None:
    _add(tmp_path, "old", {key: value for key, value in CONFIG.items() if key != "language"})

    assert [voice.info.language for voice in piper_voices(tmp_path)] == ["de"]


@pytest.mark.parametrize(
    "config",
    [
        [],
        "text",
        {},
        CONFIG | {"audio": {}},
        CONFIG | {"audio": {"sample_rate": 0}},
        CONFIG | {"phoneme_id_map": {}},
        CONFIG | {"phoneme_id_map": 3},
        CONFIG | {"language": {"code": "../x"}},
        CONFIG | {"language": None},
    ],
)
def test_what_is_no_voice_is_passed_over_with_a_warning(
    config: object, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    _add(tmp_path, "bad", config)
    _add(tmp_path, "good", CONFIG)

    with caplog.at_level(logging.WARNING):
        found = piper_voices(tmp_path)

    assert [voice.info.voice_id for voice in found] == ["piper_good"]
    assert "voice_skipped file=bad.onnx" in caplog.text


def test_a_model_without_its_configuration_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "alone.onnx").write_bytes(b"")

    assert piper_voices(tmp_path) == []


def test_of_two_voices_of_one_safe_name_the_first_counts(tmp_path: Path) -> None:
    _add(tmp_path, "a b", CONFIG)
    _add(tmp_path, "a-b", CONFIG)

    assert [voice.model.stem for voice in piper_voices(tmp_path)] == ["a b"]
