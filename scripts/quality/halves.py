"""A clip cut in two: its first half is driven, its second half tells what a real mouth does to that sound."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from contracts.errors import UnreadableMedia
from contracts.jobs import OutputOptions, Side
from engines.audio import read_speech
from engines.base import Frame, Speech, Timeline
from engines.media import VideoSource
from engines.timeline import video_timeline
from scripts.quality.clips import Clip

_LEAST_S = 1.0
_WHITE = np.uint8(255)


@dataclass(frozen=True, slots=True, kw_only=True)
class Halves:
    """A clip, cut.

    Attributes:
        clip: which.
        source: its frames.
        timeline: of the first half, T output frames.
        later: int32 (T,), the source frames of the second half.
        voice: what is heard to the second half, moved by the clip's offset, exactly as long as T frames.
        heard: how many of the T frames have a sound.
        mask: bright where the speaker is, None for everywhere.
    """

    clip: Clip
    source: VideoSource
    timeline: Timeline
    later: NDArray[np.int32]
    voice: Speech
    heard: int
    mask: NDArray[np.uint8] | None

    @property
    def fps(self) -> float:
        """Output frames per second."""
        return float(self.timeline.fps)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self.timeline.width, self.timeline.height

    def first_frames(self) -> Iterator[Frame]:
        """The first half, as output frames."""
        return self.source.frames_at(self.timeline.source_index, self.size)

    def later_frames(self) -> Iterator[Frame]:
        """The second half, as output frames."""
        return self.source.frames_at(self.later, self.size)


def cut_in_half(clip: Clip) -> Halves:
    """Open a clip.

    Raises:
        UnreadableMedia: when it is no video, has no sound, or too little of it in its second half.
    """
    source = VideoSource(clip.path)
    whole = video_timeline(
        source.size, source.times_s, source.duration_s, source.fps, source.duration_s, OutputOptions()
    )
    frames = whole.frames // 2
    speech = read_speech(clip.path)
    start_s = frames / float(whole.fps) + clip.late_ms / 1000
    samples = voice_from(speech, start_s, frames / float(whole.fps))
    sounding_s = len(speech.samples) / speech.rate - start_s
    if min(sounding_s, frames / float(whole.fps)) < _LEAST_S:
        raise UnreadableMedia(
            "less than a second of the second half has a sound", remedy="Judge clips of three seconds or more."
        )
    return Halves(
        clip=clip,
        source=source,
        timeline=replace(whole, source_index=whole.source_index[:frames]),
        later=whole.source_index[frames : 2 * frames],
        voice=Speech(samples=samples, rate=speech.rate),
        heard=min(frames, int(sounding_s * float(whole.fps) + 1e-6)),
        mask=_mask_of(clip.side, whole.width, whole.height),
    )


def voice_from(speech: Speech, start_s: float, length_s: float) -> NDArray[np.float32]:
    """A stretch of a voice, silent before its start and after its end: float32 (length_s * rate,)."""
    start, length = round(start_s * speech.rate), round(length_s * speech.rate)
    stretch = np.zeros(length, np.float32)
    taken = speech.samples[max(start, 0) : max(start + length, 0)]
    before = max(-start, 0)
    stretch[before : before + len(taken)] = taken[: length - before]
    return stretch


def _mask_of(side: Side, width: int, height: int) -> NDArray[np.uint8] | None:
    if side is Side.ONLY:
        return None
    mask = np.zeros((height, width), np.uint8)
    half = slice(0, width // 2) if side is Side.LEFT else slice(width // 2, width)
    mask[:, half] = _WHITE
    return mask
