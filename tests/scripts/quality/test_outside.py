"""Asking programs in other environments, played by small ones."""

import stat
from pathlib import Path

import pytest

from scripts.quality.outside import OutsideFailed, other_lips, recognised_phones

pytestmark = pytest.mark.unit


def _interpreter(folder: Path, does: str) -> Path:
    path = folder / "python"
    path.write_text(f"#!/bin/sh\n{does}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def test_phones_come_with_their_times(tmp_path: Path) -> None:
    python = _interpreter(tmp_path, """echo '[["m", 0.1, 0.2], ["", 0.2, 0.5]]'""")

    phones = recognised_phones(python, tmp_path / "voice.wav")

    assert [(phone.symbol, phone.start_s, phone.end_s) for phone in phones] == [("m", 0.1, 0.2), ("", 0.2, 0.5)]


def test_frames_without_a_face_are_marked(tmp_path: Path) -> None:
    lips = other_lips(_interpreter(tmp_path, "echo '[[0.1, 0.6], [NaN, NaN]]'"), tmp_path / "video.mp4")

    assert lips.seen.tolist() == [True, False]


@pytest.mark.parametrize(
    ("does", "said"),
    [
        ("echo first >&2; echo 'no such package' >&2; exit 3", "ended with 3: no such package"),
        ("echo nonsense", "gave no answer"),
        ("true", "gave no answer"),
        ("echo '[]'", "no words"),
    ],
)
def test_a_program_that_fails_is_told_with_the_reason(tmp_path: Path, does: str, said: str) -> None:
    with pytest.raises(OutsideFailed, match=said):
        recognised_phones(_interpreter(tmp_path, does), tmp_path / "voice.wav")


def test_an_interpreter_that_is_none_is_told(tmp_path: Path) -> None:
    with pytest.raises(OutsideFailed, match="gave no answer"):
        recognised_phones(tmp_path, tmp_path / "voice.wav")
