"""What the output shows when: its size, its rate, and the source frame behind each of its frames."""

import math
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from contracts.jobs import FacePoint, OutputOptions, SyncMode
from engines.base import Spot, Timeline

PORTRAIT_FPS = Fraction(25)
#: A portrait is scaled down to this on its shorter side unless the request says how large: photographs come far larger
#: than anyone watches, and each frame costs what its pixels do.
PORTRAIT_SHORT_SIDE_PX = 1080

#: Time stamps are rounded to the container's clock, so a frame counts as shown this much of a frame early.
_EARLY = 0.25


def portrait_timeline(size: tuple[int, int], audio_s: float, options: OutputOptions) -> Timeline:
    """The timeline of a still picture that speaks for `audio_s` seconds."""
    fps = _rate(options.fps) or PORTRAIT_FPS
    width, height = output_size(size, replace(options, short_side_px=options.short_side_px or PORTRAIT_SHORT_SIDE_PX))
    index = np.zeros(frame_count(audio_s, fps), dtype=np.int32)
    return Timeline(fps=fps, source_fps=fps, width=width, height=height, source_index=index, is_portrait=True)


def video_timeline(
    size: tuple[int, int],
    times_s: NDArray[np.float64],
    duration_s: float,
    fps: Fraction,
    audio_s: float,
    options: OutputOptions,
) -> Timeline:
    """The timeline of a video that speaks for `audio_s` seconds: trimmed when longer, else extended as is asked.

    Args:
        size: upright width and height of the source.
        times_s: float64 (N,), when each source frame is shown, ascending from 0.
        duration_s: when the last source frame ends.
        fps: nominal rate of the source.
        audio_s: length of the driving audio.
        options: what the request asks of the output.
    """
    rate = _rate(options.fps) or fps
    width, height = output_size(size, options)
    once = _shown_once(times_s, duration_s, rate)
    index = once[_EXTENDED[options.sync_mode](frame_count(audio_s, rate), len(once))]
    return Timeline(
        fps=rate,
        source_fps=_average_rate(times_s, duration_s),
        width=width,
        height=height,
        source_index=index,
        is_portrait=False,
    )


def frame_count(duration_s: float, fps: Fraction) -> int:
    """Frames that cover `duration_s` seconds, and no more: the last one shows while the last sample is heard."""
    return max(1, math.ceil(round(duration_s * float(fps), 6)))


def output_size(size: tuple[int, int], options: OutputOptions) -> tuple[int, int]:
    """Width and height of the output, both even.

    Args:
        size: upright width and height of the source.
        options: `width_px` and `height_px` come before `short_side_px`.
    """
    width, height = size
    if options.width_px and options.height_px:
        return _even(options.width_px), _even(options.height_px)
    if options.width_px:
        return _even(options.width_px), _even(height * options.width_px / width)
    if options.height_px:
        return _even(width * options.height_px / height), _even(options.height_px)
    if 0 < options.short_side_px < min(size):
        scale = options.short_side_px / min(size)
        return _nearest_even(width * scale), _nearest_even(height * scale)
    return _even(width), _even(height)


def spot_of(
    point: FacePoint, size: tuple[int, int], timeline: Timeline, times_s: NDArray[np.float64] | None = None
) -> Spot:
    """Where a point of the source is in the frames that engines get.

    Args:
        point: in fractions of the source.
        size: upright width and height of the source, which lies in the frame's middle where their shapes differ.
        timeline: whose frames they are.
        times_s: float64 (N,), when each source frame is shown; None for a portrait.

    Returns:
        The place, in the frame shown nearest the point's time of those up to the last that the output shows.
    """
    scale = min(timeline.width / size[0], timeline.height / size[1])
    width, height = size[0] * scale, size[1] * scale
    left, top = (timeline.width - width) / 2, (timeline.height - height) / 2
    looked_at = None if times_s is None else times_s[: int(timeline.source_index.max()) + 1]
    frame = 0 if looked_at is None else int(np.abs(looked_at - point.at_s).argmin())
    return Spot(
        x=left + point.x * width,
        y=top + point.y * height,
        frame=frame,
        left=left,
        top=top,
        width=width,
        height=height,
        time_s=None if looked_at is None else float(looked_at[frame]),
        field=point.field,
    )


def _even(value: float) -> int:
    """Round down to an even number: an odd source side loses one pixel rather than being resampled."""
    return max(2, int(value) // 2 * 2)


def _nearest_even(value: float) -> int:
    return max(2, round(value / 2) * 2)


def _rate(fps: float) -> Fraction | None:
    """An exact rate from a decimal one: 29.97 means 30000/1001."""
    if fps <= 0:
        return None
    ntsc = Fraction(round(fps * 1.001) * 1000, 1001)
    if round(fps * 1.001) and abs(float(ntsc) - fps) < 0.005 and abs(fps - round(fps)) > 0.005:
        return ntsc
    return Fraction(fps).limit_denominator(1000)


def _average_rate(times_s: NDArray[np.float64], duration_s: float) -> Fraction:
    return max(Fraction(len(times_s) / duration_s).limit_denominator(1001), Fraction(1, 1001))


def _shown_once(times_s: NDArray[np.float64], duration_s: float, fps: Fraction) -> NDArray[np.int32]:
    """Source frame of each output frame while the source plays once through."""
    count = max(1, round(duration_s * float(fps)))
    moments = (np.arange(count) + _EARLY) / float(fps)
    return np.maximum(np.searchsorted(times_s, moments, side="right") - 1, 0).astype(np.int32)


def _to_and_fro(frames: int, length: int) -> NDArray[np.int64]:
    """0 1 2 ... n-1 n-2 ... 1 0 1 ...: neither end is shown twice."""
    if length == 1:
        return np.zeros(frames, dtype=np.int64)
    period = 2 * (length - 1)
    phase = np.arange(frames, dtype=np.int64) % period
    return np.minimum(phase, period - phase)


def _over_and_over(frames: int, length: int) -> NDArray[np.int64]:
    """0 1 2 ... n-1 0 1 ...."""
    return np.arange(frames, dtype=np.int64) % length


def _held(frames: int, length: int) -> NDArray[np.int64]:
    """0 1 2 ... n-1 n-1 ...."""
    return np.minimum(np.arange(frames, dtype=np.int64), length - 1)


#: Which frames of a source are shown, by the number of output frames and of frames while it plays once.
_EXTENDED: dict[SyncMode, Callable[[int, int], NDArray[np.int64]]] = {
    SyncMode.BOUNCE: _to_and_fro,
    SyncMode.LOOP: _over_and_over,
    SyncMode.FREEZE: _held,
}
