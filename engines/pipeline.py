"""The way of a job through an engine: analyse once, render in segments; files in, files out."""

from collections.abc import Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from contracts.engines import EngineInfo
from contracts.errors import EngineFault, EngineMemory
from contracts.jobs import FacePoint, MediaInfo, OutputOptions, Role
from contracts.settings import SOFTWARE_ENCODER
from contracts.steps import Segment
from engines.ahead import made_ahead, taken_behind
from engines.analysis import SavedAnalysis, load_analysis, require_version, save_analysis
from engines.base import Direction, Engine, Frame, Report, Speech, Spot, Timeline, Waiting
from engines.encode import encode_segment
from engines.mask import masked, read_mask
from engines.memory import give_back
from engines.stills import read_still
from engines.timeline import portrait_timeline, spot_of, video_timeline
from engines.told import Told
from engines.video_apart import VideoApart

_NO_MEMORY = "the worker ran out of memory"
#: A longer video is cut into longer segments: Temporal takes 2,000 steps of a job at once, and 51,200 events, of which
#: each segment makes six where they end one by one.
MOST_SEGMENTS = 1000
_MEMORY_REMEDY = "Give workers more memory, or run fewer of them on one machine."


@dataclass(frozen=True, slots=True, kw_only=True)
class MaskFile:
    """A mask, as fetched, and the request's field it came in."""

    path: Path
    field: str


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
    voices: Sequence[Speech],
    audio_duration_s: float,
    options: OutputOptions,
    segment_s: float,
    direction: Direction,
    out: Path,
    report: Report,
    mask: MaskFile | None = None,
    encoder: str = SOFTWARE_ENCODER,
) -> Plan:
    """Look at the source and the speech once, and write all that rendering needs.

    Args:
        engine: loaded.
        source: the portrait or video, as fetched.
        source_info: its role and field.
        voices: what drives the lips.
        audio_duration_s: length of the sound that is heard; the output is as long.
        options: what the request asks of the output.
        segment_s: about how long each segment is.
        direction: how to act and look; its mask is made of `mask`, its spot of the point that its face may be.
        out: the analysis file to write.
        report: progress and cancellation.
        mask: a picture whose dark parts must not change.
        encoder: what all segments are to be encoded with.

    Raises:
        UnreadableMedia: when a file cannot be decoded, or the mask is of another aspect than the source.
        NoFace, TooFewFaces: when too little in the source can speak.
        EngineFault: when the engine cannot take such a source, or so many voices.
        EngineMemory: when memory ran out.
    """
    _require_able(engine.info, source_info.role, voices)
    lacking = _lacking(engine.info, direction)
    told = Told(report)
    with _memory():
        pictures = _open_source(source, source_info, told.again)
        timeline = pictures.timeline(audio_duration_s, options)
        if mask:
            size = (timeline.width, timeline.height)
            direction = replace(direction, mask=read_mask(mask.path, mask.field, pictures.size, size))
        if isinstance(direction.face, FacePoint):
            direction = replace(direction, spot=pictures.spot(direction.face, timeline))
        needed = np.arange(timeline.source_index.max() + 1, dtype=np.int32)
        with closing(pictures.frames(needed, timeline)) as frames:
            analysis = engine.analyse(frames, voices, timeline, direction, told)
    saved = SavedAnalysis(
        timeline=timeline,
        analysis=analysis,
        mask=direction.mask,
        encoder=encoder,
        engine_version=engine.info.analysis_version,
    )
    save_analysis(saved, out)
    return Plan(
        segments=cut_segments(timeline.frames, segment_s * float(timeline.fps)),
        frames=timeline.frames,
        duration_s=float(timeline.frames / timeline.fps),
        width=timeline.width,
        height=timeline.height,
        warnings=lacking + analysis.warnings,
    )


def _require_able(engine: EngineInfo, source: Role, voices: Sequence[Speech]) -> None:
    """Refuse what the engine cannot do and the request cannot go without."""
    able = engine.capabilities
    if not (able.portrait if source is Role.IMAGE else able.video):
        raise EngineFault(
            f"the engine {engine.name!r} takes no {source} as its source",
            remedy="Use an engine that does, such as articulate.",
        )
    if len(voices) > 1 and not able.several_faces:
        raise EngineFault(
            f"the engine {engine.name!r} drives one face, and the request has {len(voices)} voices",
            remedy="Use an engine that drives several faces, such as articulate, or send one voice.",
        )


def _lacking(engine: EngineInfo, direction: Direction) -> tuple[str, ...]:
    """What the request asks of the engine that it cannot do and may go without."""
    able = engine.capabilities
    asked = (
        (direction.prompt and not able.prompt, "the prompt changes nothing"),
        (direction.enhance and not able.enhance, "faces are not enhanced"),
    )
    return tuple(f"{what}: the engine {engine.name!r} cannot do that" for lacks, what in asked if lacks)


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
        AnalysisOutdated: when an earlier release made the analysis, and this one cannot render it.
        Unavailable: when the encoder chosen for the job does not work here, or a later release made the analysis.
    """
    saved = load_analysis(analysis)
    require_version(saved.engine_version, engine.info.analysis_version)
    timeline = saved.timeline
    wanted = timeline.source_index[segment.start : segment.end]
    beat = _Beat(report, len(wanted))
    with _memory(), closing(_open_source(source, source_info, beat.again).frames(wanted, timeline)) as frames:
        rendered = masked(
            frames,
            saved.mask,
            lambda shown: engine.render_segment(shown, saved.analysis, segment.start, beat.alive),
        )
        count = taken_behind(
            beat.counted(rendered),
            lambda drawn: encode_segment(drawn, timeline.fps, (timeline.width, timeline.height), out, saved.encoder),
        )
    if count != len(wanted):
        raise EngineFault(f"the engine gave {count} frames for {len(wanted)}")
    report(1.0)


@contextmanager
def _memory() -> Iterator[None]:
    """Tell want of memory as such, and give back what was freed."""
    try:
        yield
    except MemoryError as error:
        raise EngineMemory(_NO_MEMORY, remedy=_MEMORY_REMEDY) from error
    except torch.OutOfMemoryError as error:
        raise EngineMemory("the GPU ran out of memory", remedy="Run one GPU worker on each GPU.") from error
    finally:
        give_back()


class _Beat:
    """Reports the share of a segment's frames that is done; an engine at work on one frame only says it is alive."""

    def __init__(self, report: Report, total: int) -> None:
        self._report = report
        self._total = total
        self._done = 0

    def alive(self, _fraction: float) -> None:
        self.again()

    def again(self) -> None:
        self._report(self._done / self._total)

    def counted(self, frames: Iterator[Frame]) -> Iterator[Frame]:
        for frame in frames:
            self.again()
            self._done = min(self._done + 1, self._total)
            yield frame


def cut_segments(frames: int, length: float) -> tuple[Segment, ...]:
    """Cut `frames` frames into equal segments of about `length` frames: at least one, and at most `MOST_SEGMENTS`."""
    count = min(max(1, round(frames / length)), frames, MOST_SEGMENTS)
    bounds = [round(index * frames / count) for index in range(count + 1)]
    return tuple(Segment(index=index, start=bounds[index], end=bounds[index + 1]) for index in range(count))


class _Portrait:
    def __init__(self, path: Path, field: str) -> None:
        self._path, self._field = path, field

    @cached_property
    def size(self) -> tuple[int, int]:
        height, width, _ = read_still(self._path, self._field).shape
        return width, height

    def timeline(self, audio_s: float, options: OutputOptions) -> Timeline:
        return portrait_timeline(self.size, audio_s, options)

    def spot(self, point: FacePoint, timeline: Timeline) -> Spot:
        return spot_of(point, self.size, timeline)

    def frames(self, numbers: NDArray[np.int32], timeline: Timeline) -> Generator[Frame, None, None]:
        picture = read_still(self._path, self._field, (timeline.width, timeline.height))
        for _ in numbers:
            yield picture


class _Video:
    def __init__(self, path: Path, field: str, waiting: Waiting) -> None:
        self._video = VideoApart(path, field, waiting)
        self._waiting = waiting

    @property
    def size(self) -> tuple[int, int]:
        return self._video.size

    def timeline(self, audio_s: float, options: OutputOptions) -> Timeline:
        video = self._video
        return video_timeline(video.size, video.times_s, video.duration_s, video.fps, audio_s, options)

    def spot(self, point: FacePoint, timeline: Timeline) -> Spot:
        return spot_of(point, self.size, timeline, self._video.times_s)

    def frames(self, numbers: NDArray[np.int32], timeline: Timeline) -> Generator[Frame, None, None]:
        size = (timeline.width, timeline.height)
        yield from made_ahead(lambda alive: self._video.frames_at(numbers, size, alive), self._waiting)


def _open_source(path: Path, info: MediaInfo, waiting: Waiting) -> _Portrait | _Video:
    if info.role is Role.IMAGE:
        return _Portrait(path, info.field)
    return _Video(path, info.field, waiting)
