"""The way of a job through an engine: analyse once, render in segments; files in, files out."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from contracts.errors import EngineFault, EngineMemory
from contracts.jobs import MediaInfo, OutputOptions, Role
from contracts.steps import Segment
from engines.analysis import SavedAnalysis, load_analysis, save_analysis
from engines.audio import read_speech
from engines.base import Engine, Frame, Report, Timeline
from engines.encode import encode_segment
from engines.media import VideoSource
from engines.memory import give_back
from engines.stills import read_still
from engines.timeline import portrait_timeline, video_timeline

_NO_MEMORY = "the worker ran out of memory"
_MEMORY_REMEDY = "Give workers more memory, or run fewer of them on one machine."


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What an analysis found out: how the output is cut, and its shape."""

    segments: tuple[Segment, ...]
    frames: int
    duration_s: float
    width: int
    height: int
    warnings: tuple[str, ...]


def analyse(
    engine: Engine,
    source: Path,
    source_info: MediaInfo,
    speech: Path,
    audio_duration_s: float,
    options: OutputOptions,
    segment_s: float,
    seed: int,
    out: Path,
    report: Report,
) -> Plan:
    """Look at the source and the speech once, and write all that rendering needs.

    Args:
        engine: loaded.
        source: the portrait or video, as fetched.
        source_info: its role and field.
        speech: the sound that drives the lips.
        audio_duration_s: length of the sound that is heard; the output is as long.
        options: what the request asks of the output.
        segment_s: about how long each segment is.
        seed: decides what the speech does not.
        out: the analysis file to write.
        report: progress and cancellation.

    Raises:
        UnreadableMedia: when a file cannot be decoded.
        NoFace: when nothing in the source can speak.
        EngineMemory: when memory ran out.
    """
    try:
        pictures = _open_source(source, source_info)
        timeline = pictures.timeline(audio_duration_s, options)
        needed = np.arange(timeline.source_index.max() + 1, dtype=np.int32)
        frames = pictures.frames(needed, timeline)
        analysis = engine.analyse(frames, read_speech(speech), timeline, seed, report)
    except MemoryError as error:
        raise EngineMemory(_NO_MEMORY, remedy=_MEMORY_REMEDY) from error
    finally:
        give_back()
    save_analysis(SavedAnalysis(timeline=timeline, analysis=analysis), out)
    return Plan(
        segments=cut_segments(timeline.frames, segment_s * float(timeline.fps)),
        frames=timeline.frames,
        duration_s=float(timeline.frames / timeline.fps),
        width=timeline.width,
        height=timeline.height,
        warnings=analysis.warnings,
    )


def render(
    engine: Engine,
    source: Path,
    source_info: MediaInfo,
    analysis: Path,
    segment: Segment,
    out: Path,
    report: Report,
) -> None:
    """Render and encode one segment.

    Args:
        engine: the one that made the analysis.
        source: the portrait or video, as fetched.
        source_info: its role and field.
        analysis: the file that `analyse` wrote.
        segment: which output frames.
        out: the MP4 file to write; the same inputs give the same bytes.
        report: progress and cancellation.

    Raises:
        EngineFault: when the engine gives too few or too many frames.
        EngineMemory: when memory ran out.
    """
    saved = load_analysis(analysis)
    timeline = saved.timeline
    wanted = timeline.source_index[segment.start : segment.end]
    beat = _Beat(report, len(wanted))
    try:
        frames = _open_source(source, source_info).frames(wanted, timeline)
        rendered = engine.render_segment(frames, saved.analysis, segment.start, beat.alive)
        count = encode_segment(beat.counted(rendered), timeline.fps, (timeline.width, timeline.height), out)
    except MemoryError as error:
        raise EngineMemory(_NO_MEMORY, remedy=_MEMORY_REMEDY) from error
    finally:
        give_back()
    if count != len(wanted):
        raise EngineFault(f"the engine gave {count} frames for {len(wanted)}")
    report(1.0)


class _Beat:
    """Reports the share of a segment's frames that is done; an engine at work on one frame only says it is alive."""

    def __init__(self, report: Report, total: int) -> None:
        self._report = report
        self._total = total
        self._done = 0

    def alive(self, _fraction: float) -> None:
        self._report(self._done / self._total)

    def counted(self, frames: Iterator[Frame]) -> Iterator[Frame]:
        for frame in frames:
            self.alive(0)
            self._done = min(self._done + 1, self._total)
            yield frame


def cut_segments(frames: int, length: float) -> tuple[Segment, ...]:
    """Cut `frames` frames into equal segments of about `length` frames, at least one."""
    count = min(max(1, round(frames / length)), frames)
    bounds = [round(index * frames / count) for index in range(count + 1)]
    return tuple(Segment(index=index, start=bounds[index], end=bounds[index + 1]) for index in range(count))


class _Portrait:
    def __init__(self, path: Path, field: str) -> None:
        self._path, self._field = path, field

    def timeline(self, audio_s: float, options: OutputOptions) -> Timeline:
        height, width, _ = read_still(self._path, self._field).shape
        return portrait_timeline((width, height), audio_s, options)

    def frames(self, numbers: NDArray[np.int32], timeline: Timeline) -> Iterator[Frame]:
        picture = read_still(self._path, self._field, (timeline.width, timeline.height))
        for _ in numbers:
            yield picture


class _Video:
    def __init__(self, path: Path, field: str) -> None:
        self._video = VideoSource(path, field)

    def timeline(self, audio_s: float, options: OutputOptions) -> Timeline:
        video = self._video
        return video_timeline(video.size, video.times_s, video.duration_s, video.fps, audio_s, options)

    def frames(self, numbers: NDArray[np.int32], timeline: Timeline) -> Iterator[Frame]:
        return self._video.frames_at(numbers, (timeline.width, timeline.height))


def _open_source(path: Path, info: MediaInfo) -> _Portrait | _Video:
    return (_Portrait if info.role is Role.IMAGE else _Video)(path, info.field)
