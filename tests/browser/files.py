"""Files that jobs of these tests are made of."""

import wave
from pathlib import Path

import cv2

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
_RATE = 16_000


def write_files(folder: Path) -> None:
    """Write a small portrait, `face.png`, and a voice of 1.5 s, `short.wav`."""
    portrait = cv2.imread(str(SAMPLES / "portrait.png"))
    assert portrait is not None
    cv2.imwrite(str(folder / "face.png"), portrait[:256, 100:356])
    with wave.open(str(SAMPLES / "voice-austen.wav")) as voice, wave.open(str(folder / "short.wav"), "wb") as short:
        short.setparams(voice.getparams())
        short.writeframes(voice.readframes(_RATE * 3 // 2))
