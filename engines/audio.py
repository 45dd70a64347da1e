"""Sound files: their exact length, and their samples as the engines hear them."""

from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import InputContainer
from numpy.typing import NDArray

from contracts.errors import UnreadableMedia
from contracts.jobs import Role
from engines.base import Speech
from engines.containers import damaged, open_media, refuse, sniff

#: Rate at which speech is handed to engines.
SPEECH_RATE = 16_000


def read_speech(path: Path, field: str = "") -> Speech:
    """Read a sound file, or a video's sound, as one channel at 16 kHz.

    Raises:
        UnreadableMedia: when it holds no sound, or none that can be decoded.
    """
    resampler = av.AudioResampler(format="flt", layout="mono", rate=SPEECH_RATE)
    parts: list[NDArray[np.float32]] = []
    with open_media(path, Role.AUDIO, field) as container:
        for frame in decoded(container, audio_stream(container, path, field)):
            parts += _samples(resampler.resample(frame))
    parts += _samples(resampler.resample(None))
    if not parts:
        raise damaged(sniff(path), field)
    samples = np.concatenate(parts)
    return Speech(samples=np.clip(samples, -1, 1, out=samples), rate=SPEECH_RATE)


def audible_seconds(container: InputContainer, stream: AudioStream) -> float:
    """Exact length of a track, by decoding it: what containers declare may be a guess."""
    return sum(frame.samples / frame.sample_rate for frame in decoded(container, stream))


def audio_stream(container: InputContainer, path: Path, field: str) -> AudioStream:
    """The first sound track.

    Raises:
        UnreadableMedia: when there is none.
    """
    if not container.streams.audio:
        if container.streams.video:
            raise UnreadableMedia("the video has no sound", field=field, remedy="Send a file with speech in it.")
        raise refuse(Role.AUDIO, sniff(path), field)
    return container.streams.audio[0]


def decoded(container: InputContainer, stream: AudioStream) -> Iterator[AudioFrame]:
    """Decode a track, over damaged packets."""
    for packet in container.demux(stream):
        try:
            yield from packet.decode()
        except av.error.InvalidDataError:
            continue


def _samples(frames: list[AudioFrame]) -> list[NDArray[np.float32]]:
    return [frame.to_ndarray().reshape(-1).astype(np.float32, copy=False) for frame in frames]
