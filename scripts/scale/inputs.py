"""What the measured jobs are made of."""

import wave
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

#: A small picture costs milliseconds to decode and encode; ten frames a second is the least a video keeps.
_SIDE_PX = 64
_FPS = 10
_KEYFRAME_EVERY = 4 * _FPS
_RATE_HZ = 8000


def write_long_video(folder: Path, seconds: int) -> None:
    """Write long.mp4, a drifting pattern, and long.m4a, silence, both of so many seconds."""
    _write_video(folder / "long.mp4", seconds)
    _write_silence(folder / "long.m4a", seconds)


def write_short_inputs(folder: Path) -> None:
    """Write face.png, a small picture, and voice.wav, a second of soft noise."""
    cv2.imwrite(str(folder / "face.png"), cv2.resize(_pattern(16), (_SIDE_PX, _SIDE_PX)))
    samples = np.random.default_rng(7).integers(-3000, 3000, _RATE_HZ, np.int16)
    with wave.open(str(folder / "voice.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(_RATE_HZ)
        file.writeframes(samples.tobytes())


def write_speech(path: Path, sample: Path, seconds: int) -> None:
    """Write so many seconds of a sample's speech, again and again."""
    with wave.open(str(sample)) as source, wave.open(str(path), "wb") as file:
        file.setparams(source.getparams())
        speech = source.readframes(source.getnframes())
        wanted = seconds * source.getframerate() * source.getsampwidth() * source.getnchannels()
        file.writeframes((speech * (wanted // len(speech) + 1))[:wanted])


def _pattern(side: int) -> NDArray[np.uint8]:
    return np.random.default_rng(7).integers(0, 255, (side, side, 3), np.uint8)


def _write_video(path: Path, seconds: int) -> None:
    pattern = np.repeat(np.repeat(_pattern(8), _SIDE_PX // 8, axis=0), _SIDE_PX // 8, axis=1)
    with av.open(str(path), "w") as file:
        track = file.add_stream("libx264", rate=_FPS, options={"preset": "ultrafast", "g": str(_KEYFRAME_EVERY)})
        track.width = track.height = _SIDE_PX
        track.pix_fmt = "yuv420p"
        for number in range(seconds * _FPS):
            frame: NDArray[np.uint8] = np.roll(pattern, number, axis=1)
            file.mux(track.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        file.mux(track.encode(None))


def _write_silence(path: Path, seconds: int) -> None:
    with av.open(str(path), "w") as file:
        track = file.add_stream("aac", rate=_RATE_HZ)
        track.layout = "mono"
        for number in range(seconds):
            silence = av.AudioFrame.from_ndarray(np.zeros((1, _RATE_HZ), np.float32), "fltp", "mono")
            silence.rate, silence.pts = _RATE_HZ, number * _RATE_HZ
            file.mux(track.encode(silence))
        file.mux(track.encode(None))
