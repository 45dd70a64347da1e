"""Enhancement of drawn frames, for engines that draw faces anew: what an analysis keeps for it, and the way of frames.

Articulate keeps the same things for its own drawing, and enhances between two steps of it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from engines.base import Frame, Timeline, Waiting
from engines.people.cast import Speaker
from engines.people.stretches import smooth_within
from engines.people.watch import fading
from engines.restoration.base import Enhancer

_NAME = "clearer"
#: Seconds over which the measured noise of the picture is evened out.
_STEADY_S = 0.4


@dataclass(frozen=True, slots=True, kw_only=True)
class FaceTrack:
    """One face in N source frames, of which T output frames show some.

    Attributes:
        shown: int32 (T,), the source frame of each output frame.
        points: float32 (N, P, 2), kept points, steadied, in pixels.
        grain: float32 (N,), standard deviation of the picture's noise, 0..1.
        presence: float32 (T,), 0..1, how fully it is enhanced: 0 where it is not seen, fading around that.
    """

    shown: NDArray[np.int32]
    points: NDArray[np.float32]
    grain: NDArray[np.float32]
    presence: NDArray[np.float32]


def tracks_of(speakers: Sequence[Speaker], timeline: Timeline) -> dict[str, NDArray[np.generic]]:
    """Named arrays for an analysis of a request that wants faces enhanced: those of each speaker."""
    tensors: dict[str, NDArray[np.generic]] = {}
    for number, speaker in enumerate(speakers):
        track = _track_of(speaker, timeline)
        tensors |= {f"{_NAME}.{number}.{field.name}": getattr(track, field.name) for field in fields(FaceTrack)}
    return tensors


def _track_of(speaker: Speaker, timeline: Timeline) -> FaceTrack:
    watched, shown = speaker.watched, timeline.source_index
    light = smooth_within(watched.light, watched.shots, _STEADY_S * float(timeline.source_fps))
    return FaceTrack(
        shown=shown,
        points=watched.points,
        grain=np.asarray(light[:, -1], np.float32),
        presence=fading(watched.shots[shown] >= 0, float(timeline.fps)),
    )


def enhanced(
    frames: Iterable[Frame],
    tensors: Mapping[str, NDArray[np.generic]],
    start: int,
    enhancer: Enhancer,
    alive: Waiting,
) -> Iterator[Frame]:
    """Yield drawn frames with each speaker's face made clearer; as they are without `tracks_of` in the analysis.

    Args:
        frames: output frames start, start + 1, …, drawn; not changed.
        tensors: of the analysis.
        start: number of the first.
        enhancer: what makes faces clearer.
        alive: called at least every second of work; raises to stop it.
    """
    tracks = _unpacked(tensors)
    for number, drawn in enumerate(frames, start):
        frame = drawn
        for track in tracks:
            source, share = int(track.shown[number]), float(track.presence[number])
            if share > 0:
                points = track.points[source].astype(np.float64)
                frame = enhancer.enhance(frame, points, float(track.grain[source]), share, alive)
        yield frame


def _unpacked(tensors: Mapping[str, NDArray[np.generic]]) -> list[FaceTrack]:
    tracks: list[FaceTrack] = []
    while f"{_NAME}.{len(tracks)}.shown" in tensors:
        shown, *values = (tensors[f"{_NAME}.{len(tracks)}.{field.name}"] for field in fields(FaceTrack))
        points, grain, presence = (value.astype(np.float32, copy=False) for value in values)
        tracks.append(
            FaceTrack(shown=shown.astype(np.int32, copy=False), points=points, grain=grain, presence=presence)
        )
    return tracks
