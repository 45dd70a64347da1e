"""Two voices made one sound, streamed: memory does not grow with their length."""

import wave
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import chain, zip_longest
from pathlib import Path

import numpy as np
from av.audio.stream import AudioStream
from av.container import InputContainer
from numpy.typing import NDArray

from contracts.jobs import Role, SpeakerOrder
from engines.audio import audio_stream, heard, resampled
from engines.base import Report
from engines.containers import open_media

#: float32 (channels, up to `_BLOCK`).
Block = NDArray[np.float32]

_BLOCK = 16_384
#: Highest sample of a sum: -0.2 dB, so that lossy codecs do not clip either.
_PEAK = 0.98
_FULL_SCALE = 32_767
_MOST_CHANNELS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Mixed:
    """The sound made of two, and when each of them begins in it."""

    duration_s: float
    left_start_s: float
    right_start_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A sound file, and the request's field that it came in."""

    path: Path
    field: str


def mix(left: Source, right: Source, order: SpeakerOrder, out: Path, report: Report) -> Mixed:
    """Put two voices together as 16-bit WAV, at the higher of their rates, in stereo unless both are mono.

    Both at once are added up, and made softer only as far as the sum would clip; one after the other, the second begins
    at the sample after the first one's last.

    Raises:
        UnreadableMedia: when one of them cannot be read.
    """
    with ExitStack() as files:
        shape = _common_shape([_opened(source, files) for source in (left, right)])
    first, second = (right, left) if order is SpeakerOrder.RIGHT_LEFT else (left, right)
    peak, lengths = _measure(first, second, order, shape, report)
    gain = min(1.0, _PEAK / peak) if peak > 1.0 else 1.0
    frames = _write(_arranged(first, second, order, shape), shape, gain, out, sum(lengths), report)
    late_s = 0.0 if order is SpeakerOrder.MEANWHILE else lengths[0] / shape.rate
    report(1.0)
    return Mixed(
        duration_s=frames / shape.rate,
        left_start_s=late_s if order is SpeakerOrder.RIGHT_LEFT else 0.0,
        right_start_s=late_s if order is SpeakerOrder.LEFT_RIGHT else 0.0,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shape:
    rate: int
    channels: int

    @property
    def layout(self) -> str:
        return "mono" if self.channels == 1 else "stereo"


def _opened(source: Source, files: ExitStack) -> AudioStream:
    container = files.enter_context(open_media(source.path, Role.AUDIO, source.field))
    return audio_stream(container, source.path, source.field)


def _common_shape(streams: Sequence[AudioStream]) -> _Shape:
    return _Shape(
        rate=max(stream.rate for stream in streams),
        channels=min(_MOST_CHANNELS, max(stream.channels for stream in streams)),
    )


def _blocks(source: Source, shape: _Shape) -> Iterator[Block]:
    """The sound in blocks of `_BLOCK` samples, the last one shorter."""
    waiting: list[Block] = []
    with open_media(source.path, Role.AUDIO, source.field) as container:
        for part in _parts(container, source, shape):
            waiting.append(part)
            if sum(block.shape[1] for block in waiting) < _BLOCK:
                continue
            whole = np.concatenate(waiting, axis=1)
            full = whole.shape[1] // _BLOCK * _BLOCK
            yield from np.split(whole[:, :full], full // _BLOCK, axis=1)
            waiting = [whole[:, full:]]
    rest = np.concatenate(waiting, axis=1) if waiting else np.zeros((shape.channels, 0), np.float32)
    if rest.shape[1]:
        yield rest


def _parts(container: InputContainer, source: Source, shape: _Shape) -> Iterator[Block]:
    sound = heard(container, audio_stream(container, source.path, source.field), source.field)
    for frame in resampled(sound, "fltp", shape.layout, shape.rate):
        yield frame.to_ndarray().astype(np.float32, copy=False)


def _arranged(first: Source, second: Source, order: SpeakerOrder, shape: _Shape) -> Iterator[Block]:
    if order is not SpeakerOrder.MEANWHILE:
        return chain(_blocks(first, shape), _blocks(second, shape))
    return (_sum(one, other) for one, other in zip_longest(_blocks(first, shape), _blocks(second, shape)))


def _sum(one: Block | None, other: Block | None) -> Block:
    blocks = sorted((block for block in (one, other) if block is not None), key=lambda block: block.shape[1])
    total = blocks[-1].copy()
    for block in blocks[:-1]:
        total[:, : block.shape[1]] += block
    return total


def _measure(
    first: Source, second: Source, order: SpeakerOrder, shape: _Shape, report: Report
) -> tuple[float, tuple[int, int]]:
    """The highest sample of the whole, and the samples of each of the two, or of their sum and nothing."""
    peak, lengths = 0.0, [0, 0]
    streams = [_arranged(first, second, order, shape)]
    if order is not SpeakerOrder.MEANWHILE:
        streams = [_blocks(first, shape), _blocks(second, shape)]
    for place, stream in enumerate(streams):
        for block in stream:
            report(0.0)
            peak = max(peak, float(np.abs(block).max()))
            lengths[place] += block.shape[1]
    return peak, (lengths[0], lengths[1])


def _write(blocks: Iterator[Block], shape: _Shape, gain: float, out: Path, total: int, report: Report) -> int:
    written = 0
    with wave.open(str(out), "wb") as file:
        file.setnchannels(shape.channels)
        file.setsampwidth(2)
        file.setframerate(shape.rate)
        for block in blocks:
            samples = np.clip(block * gain, -1.0, 1.0) * _FULL_SCALE
            file.writeframes(np.rint(samples).astype("<i2").T.tobytes())
            written += block.shape[1]
            report(written / total)
    return written
