"""Small real media files."""

import wave
from pathlib import Path

import cv2
import numpy as np


def write_voice(path: Path, seconds: float = 1.0) -> Path:
    """A tone as 16 kHz mono WAV."""
    samples = np.sin(np.arange(int(seconds * 16000)) * 0.1) * 8000
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16000)
        file.writeframes(samples.astype("<i2").tobytes())
    return path


def write_face(path: Path, width: int = 64, height: int = 48) -> Path:
    """A picture as PNG."""
    picture = np.zeros((height, width, 3), np.uint8)
    picture[:, : width // 2] = 200
    encoded = cv2.imencode(".png", picture)[1]
    path.write_bytes(encoded.tobytes())
    return path
