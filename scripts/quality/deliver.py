"""The published file: whether it is as long as its sound, in time with it, and of the source's colour."""

import wave
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engines import join
from engines.audio import read_speech
from engines.base import Speech
from engines.media import VideoSource
from engines.people.shape import Floats
from engines.timeline import frame_count
from scripts.quality.halves import Halves
from scripts.quality.pixels import untouched

_EVERY = 10
_LONGEST_LAG_S = 0.5
_RATE = 16_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """What was measured of a published file.

    Attributes:
        frames, frames_due: how many pictures it has, and how many its sound asks for.
        starts_s: when its first picture is shown.
        sound_late_ms: how much later its sound comes than the voice it was made of.
        colour_pct: how far the colour of what was not driven is from the source's, in percent of white.
    """

    frames: int
    frames_due: int
    starts_s: float
    sound_late_ms: float
    colour_pct: float


def write_voice(voice: Speech, out: Path) -> None:
    """Write a voice as 16-bit WAV."""
    with wave.open(str(out), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(voice.rate)
        sound.writeframes(np.rint(voice.samples * 32767).astype("<i2").tobytes())


def deliver(halves: Halves, faces: Sequence[Floats | None], pictures: Path, voice: Path, out: Path) -> Delivery:
    """Publish encoded pictures with the voice, as a job is, and measure the file.

    Args:
        halves: the clip.
        faces: kept points (P, 2) of the face that was driven in each frame, if any.
        pictures: the encoded frames.
        voice: the sound.
        out: the MP4 file to write.
    """
    join.publish([pictures], voice, halves.timeline.frames / halves.fps, out, lambda _fraction: None)
    video = VideoSource(out)
    heard = read_speech(out).samples
    return Delivery(
        frames=len(video),
        frames_due=frame_count(len(halves.voice.samples) / halves.voice.rate, halves.timeline.fps),
        starts_s=float(video.times_s[0]),
        sound_late_ms=1000 * lateness(heard, halves.voice.samples) / _RATE,
        colour_pct=_colour_error(halves, faces, video),
    )


def lateness(heard: NDArray[np.float32], voice: NDArray[np.float32]) -> int:
    """By how many samples one recording comes later than another, at most half a second: where they are most alike."""
    length = len(heard) + len(voice)
    both = np.fft.irfft(np.fft.rfft(heard, length) * np.fft.rfft(voice, length).conj(), length)
    reach = round(_LONGEST_LAG_S * _RATE)
    around = np.concatenate([both[-reach:], both[: reach + 1]])
    return int(around.argmax()) - reach


def _colour_error(halves: Halves, faces: Sequence[Floats | None], video: VideoSource) -> float:
    """Mean difference of the mean colour outside mouth and jaw, over some frames."""
    numbers = np.arange(0, min(len(video), halves.timeline.frames), _EVERY, dtype=np.int32)
    shown = video.frames_at(numbers, halves.size)
    sources = halves.source.frames_at(halves.timeline.source_index[numbers], halves.size)
    errors = []
    for number, drawn, source in zip(numbers, shown, sources, strict=True):
        face = faces[int(number)]
        kept = np.ones(source.shape[:2], bool) if face is None else untouched(source, face)
        errors.append(np.abs(drawn[kept].mean(0) - source[kept].mean(0)).mean() / 2.55)
    return float(np.mean(errors))
