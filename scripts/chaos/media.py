"""The inputs: a small face, two of it, a second and a half of speech, and what only looks like speech."""

import wave
from pathlib import Path

import cv2
import numpy as np

from contracts.errors import InternalError

_SAMPLES = Path(__file__).resolve().parents[2] / "samples"
_RATE = 16_000
_SPEECH_S = 1.5
_LONG_S = 12


def write_inputs(folder: Path) -> None:
    """Write face.png, pair.png, short.wav, long.wav and page.wav.

    Raises:
        InternalError: when the samples of the sources are not there.
    """
    portrait = cv2.imread(str(_SAMPLES / "portrait.png"))
    if portrait is None:
        raise InternalError(f"{_SAMPLES}/portrait.png is missing", remedy="Run this from a checkout.")
    face = portrait[:256, 100:356]
    cv2.imwrite(str(folder / "face.png"), face)
    cv2.imwrite(str(folder / "pair.png"), cv2.resize(np.hstack([face, face[:, ::-1]]), None, fx=2, fy=2))
    with wave.open(str(_SAMPLES / "voice-austen.wav")) as voice:
        samples = voice.readframes(voice.getnframes())
    _write_voice(folder / "short.wav", samples, _SPEECH_S)
    _write_voice(folder / "long.wav", samples * 2, _LONG_S)
    (folder / "page.wav").write_text("<!doctype html><title>Sign in</title>", encoding="utf-8")


def _write_voice(path: Path, samples: bytes, seconds: float) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(_RATE)
        file.writeframes(samples[: 2 * int(seconds * _RATE)])
