"""A first look at a source, before any job: whose faces are in it, and what a job would make of its length."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from contracts.inspections import FaceSeen, LengthPlan, SourceUse, SurveyResult
from contracts.jobs import MediaInfo, OutputOptions, Role, SyncMode
from engines.base import Frame, Report, Timeline, Waiting
from engines.people.cast import FAINT
from engines.people.faces import Face, FaceFinder
from engines.people.shape import KEPT, SMALL_PX, frontal, in_profile, measure, measure_still, sizeable
from engines.pipeline import cut_segments
from engines.stills import read_still
from engines.timeline import PORTRAIT_SHORT_SIDE_PX, output_size, portrait_timeline, video_timeline
from engines.video_apart import VideoApart

#: Frames of a video that are looked at, evenly spaced from the first on.
FRAMES = 8

#: From one of these frames to another a person stays within so many widths of their face.
_SAME_PLACE = 1.0

#: When it is shown, in seconds, and a frame at the output's size.
_Shown = tuple[float, Frame]


@dataclass(frozen=True, slots=True)
class _Sighting:
    """One face in one frame: x0, y0, x1, y1 in source pixels, why it cannot be driven, and when it is shown."""

    box: tuple[float, float, float, float]
    score: float
    reason: str
    at_s: float

    @property
    def width(self) -> float:
        return self.box[2] - self.box[0]

    @property
    def height(self) -> float:
        return self.box[3] - self.box[1]

    def distance(self, other: "_Sighting") -> float:
        """Between the boxes' middles, in pixels."""
        (ax0, ay0, ax1, ay1), (bx0, by0, bx1, by1) = self.box, other.box
        return float(np.hypot(ax0 + ax1 - bx0 - bx1, ay0 + ay1 - by0 - by1) / 2)


def survey(
    finder: FaceFinder,
    source: Path,
    info: MediaInfo,
    audio_s: float | None,
    options: OutputOptions,
    segment_s: float,
    report: Report,
) -> SurveyResult:
    """Look at a picture, or at a few frames of a video, and plan the output.

    Args:
        finder: loaded.
        source: the picture or video, as fetched.
        info: its role, field and size.
        audio_s: length of the sound that is to be heard, in seconds; None plans nothing.
        options: what the request asks of the output.
        segment_s: about how long each segment is.
        report: progress and cancellation.

    Raises:
        UnreadableMedia: when the file cannot be decoded.
    """
    is_portrait = info.role is Role.IMAGE
    pictures = _Portrait(source, info) if is_portrait else _Video(source, info, lambda: report(0.0))
    seen: list[_Sighting] = []
    looked_at = 0
    for looked_at, (at_s, frame) in enumerate(pictures.shown(options), 1):
        seen += [_sighting(face, frame, info, at_s, is_portrait=is_portrait) for face in finder.find(frame)]
        report(min(looked_at / FRAMES, 1.0))
    faces = tuple(_face(person) for person in _people(seen))
    return SurveyResult(
        faces=faces,
        plan=None if audio_s is None else pictures.plan(audio_s, options, segment_s),
        warnings=tuple(_warnings(faces, looked_at)),
    )


class _Portrait:
    def __init__(self, path: Path, info: MediaInfo) -> None:
        self._path, self._field, self._size = path, info.field, (info.width, info.height)

    def shown(self, options: OutputOptions) -> Iterator[_Shown]:
        scaled = replace(options, short_side_px=options.short_side_px or PORTRAIT_SHORT_SIDE_PX)
        yield 0.0, read_still(self._path, self._field, output_size(self._size, scaled))

    def plan(self, audio_s: float, options: OutputOptions, segment_s: float) -> LengthPlan:
        return _plan(portrait_timeline(self._size, audio_s, options), SourceUse.AS_IT_IS, segment_s)


class _Video:
    def __init__(self, path: Path, info: MediaInfo, waiting: Waiting) -> None:
        self._video = VideoApart(path, info.field, waiting)

    def shown(self, options: OutputOptions) -> Iterator[_Shown]:
        video = self._video
        count = min(FRAMES, len(video))
        numbers = [index * len(video) // count for index in range(count)]
        frames = video.frames_at(numbers, output_size(video.size, options))
        return zip(video.times_s[numbers].tolist(), frames, strict=True)

    def plan(self, audio_s: float, options: OutputOptions, segment_s: float) -> LengthPlan:
        video = self._video
        timeline = video_timeline(video.size, video.times_s, video.duration_s, video.fps, audio_s, options)
        excess_s = timeline.frames / timeline.fps - video.duration_s
        return _plan(timeline, _use(excess_s, timeline, options.sync_mode), segment_s)


_EXTENDED = {
    SyncMode.BOUNCE: SourceUse.TO_AND_FRO,
    SyncMode.LOOP: SourceUse.LOOPED,
    SyncMode.FREEZE: SourceUse.FROZEN,
}


def _use(excess_s: float, timeline: Timeline, mode: SyncMode) -> SourceUse:
    """What becomes of a source that the output exceeds by so many seconds; half a frame is no difference."""
    if abs(excess_s) <= 0.5 / timeline.fps:
        return SourceUse.AS_IT_IS
    return _EXTENDED[mode] if excess_s > 0 else SourceUse.TRIMMED


def _plan(timeline: Timeline, use: SourceUse, segment_s: float) -> LengthPlan:
    fps = float(timeline.fps)
    return LengthPlan(
        duration_s=float(timeline.frames / timeline.fps),
        fps=fps,
        width=timeline.width,
        height=timeline.height,
        segments=len(cut_segments(timeline.frames, segment_s * fps)),
        source_use=use,
    )


def _sighting(face: Face, frame: Frame, info: MediaInfo, at_s: float, *, is_portrait: bool) -> _Sighting:
    height, width, _ = frame.shape
    # A source of another shape than the output lies in its middle, between bars.
    scale = min(width / info.width, height / info.height)
    margins = np.array([width - info.width * scale, height - info.height * scale]) / 2
    corners = (np.reshape(face.box, (2, 2)) - margins) / scale
    (x0, y0), (x1, y1) = np.clip(corners, 0, (info.width, info.height)).tolist()
    return _Sighting((x0, y0, x1, y1), face.score, _reason(face, is_portrait=is_portrait), at_s)


def _reason(face: Face, *, is_portrait: bool) -> str:
    """Why a face would be left alone, or ""; a still one may be seen from the side."""
    points = face.landmarks[list(KEPT)].astype(np.float64)
    seen = measure_still(points) if is_portrait else measure(points[None])
    size = float(sizeable(seen.unit)[0])
    if size < FAINT:
        return f"too small: the eyes are {seen.unit[0]:.0f} pixels apart in the output, {SMALL_PX[0]:.0f} are the least"
    is_still_profile = is_portrait and in_profile(float(seen.yaw[0]))
    return "turned away" if not is_still_profile and size * frontal(seen.yaw)[0] < FAINT else ""


def _people(seen: Sequence[_Sighting]) -> list[list[_Sighting]]:
    """Put the sightings of each person together, in order of time; the largest person first."""
    people: list[list[_Sighting]] = []
    for sighting in seen:
        near = [
            person
            for person in people
            if person[-1].at_s < sighting.at_s
            and person[-1].distance(sighting) < _SAME_PLACE * max(person[-1].width, sighting.width)
        ]
        if near:
            min(near, key=lambda person: person[-1].distance(sighting)).append(sighting)
        else:
            people.append([sighting])
    return sorted(people, key=lambda person: max(each.width * each.height for each in person), reverse=True)


def _face(person: Sequence[_Sighting]) -> FaceSeen:
    """One person, as they were seen at their best."""
    best = max(person, key=lambda each: (not each.reason, each.width * each.height))
    return FaceSeen(
        box=(round(best.box[0]), round(best.box[1]), round(best.width), round(best.height)),
        score=round(best.score, 3),
        drivable=not best.reason,
        reason=best.reason,
        first_seen_s=round(min(each.at_s for each in person), 3),
        best_seen_s=round(best.at_s, 3),
    )


def _warnings(faces: Sequence[FaceSeen], looked_at: int) -> Iterator[str]:
    where = "the picture" if looked_at == 1 else f"the {looked_at} frames that were looked at"
    if not faces:
        yield f"no face was found in {where}"
    elif not any(face.drivable for face in faces):
        yield f"no face in {where} can be driven"
    elif len(faces) > 1:
        yield f"{len(faces)} faces were found in {where}: a single voice moves the most prominent one's mouth"
