"""Which of several faces in a video speaks: who is seen to, or who was chosen.

Each face's track is cut into appearances, one for each shot. The same person's are put together by their likeness, and
the speaker is the person who moves the lips most like speech for longest, near and frontal ones first: the sound that
drives the lips is seldom the one they moved to, so the lips alone must tell.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from contracts.jobs import FaceChoice
from engines.base import Spot
from engines.people.bank import Bank, merged
from engines.people.identity import Likeness, people
from engines.people.shape import Floats, frontal, measure, sizeable
from engines.people.spot import Box, nearest, unable
from engines.people.watch import ANOTHER, NOBODY, Track

T = TypeVar("T", bound=np.generic)

#: Lips that speak open and close within this; what is slower is expression.
_SYLLABLE_S = 0.35
#: What the lips' distance, in inter-ocular distances, seems to move by where they are still: of every face, and of one
#: whose eyes are a pixel apart.
_TREMOR, _TREMOR_PX = 0.002, 0.25
#: Lips that move so much surely speak; a face without any movement counts for this share of it.
_SPEAKING, _LEAST_SHARE = 0.06, 0.03


@dataclass(frozen=True, slots=True, kw_only=True)
class _Appearance:
    """One track's face in one shot.

    Attributes:
        track: index of the track.
        shot: its number there.
        frames: when it is seen, ascending.
        likeness: what it looks like.
        size: its share of the picture's width, on average, times how fully it can be driven.
        middle: its place across the picture, in pixels.
        speech: 0..1, how much like speech its lips move.
    """

    track: int
    shot: int
    frames: NDArray[np.intp]
    likeness: Likeness
    size: float
    middle: float
    speech: float


def speaker_among(tracks: Sequence[Track], choice: FaceChoice | Spot, width: int) -> Track:
    """The track of the one who speaks, put together from all tracks.

    Args:
        tracks: of the same frames; the first is the most prominent face's.
        choice: who it is to be.
        width: of the frames, in pixels.

    Returns:
        A track in whose frames only the speaker is seen; `ANOTHER` stands where others alone are.

    Raises:
        NoFace: when the face that the choice points at was not followed.
    """
    seen = [_appearance(track, index, shot, width) for index, track in enumerate(tracks) for shot in track.likenesses]
    if not seen:
        return tracks[0]
    by = FaceChoice.ACTIVE if isinstance(choice, Spot) else choice
    # Who cannot be driven comes last.
    cast = sorted(seen, key=lambda one: (one.size > 0, _worth(one, by)), reverse=True)
    if isinstance(choice, Spot):
        cast = _person_at(choice, cast, tracks)
    elif choice is FaceChoice.ACTIVE:
        cast = _best_person(cast)
    return _joined(tracks, cast)


def speech_of(gaps: Floats, unit: float, fps: float) -> float:
    """How much like speech lips move, 0..1.

    Args:
        gaps: float64 (N,), distance of the lips in inter-ocular distances, in successive frames.
        unit: inter-ocular distance in pixels.
        fps: frames per second.
    """
    half = max(1, round(_SYLLABLE_S * fps / 2))
    if len(gaps) < 2 * half + 1:
        return 0.0
    padded = np.pad(gaps, half, mode="edge")
    slow = np.convolve(padded, np.full(2 * half + 1, 1 / (2 * half + 1)), mode="valid")
    tremor = _TREMOR + _TREMOR_PX / max(unit, 1.0)
    moved = float(np.sqrt(np.mean((gaps - slow) ** 2)))
    return float(np.clip((moved - tremor) / _SPEAKING, 0, 1))


def _worth(one: _Appearance, choice: FaceChoice) -> float:
    """The more, the sooner it is the speaker's."""
    if choice is FaceChoice.ACTIVE:
        return len(one.frames) * one.size * max(one.speech, _LEAST_SHARE)
    if choice is FaceChoice.LARGEST:
        return one.size
    return -one.middle if choice is FaceChoice.LEFT else one.middle


def _appearance(track: Track, index: int, shot: int, width: int) -> _Appearance:
    watched = track.watched
    frames = np.flatnonzero(watched.shots == shot)
    points = watched.points[frames].astype(np.float64)
    seen = measure(points)
    drivable = sizeable(seen.unit) * frontal(seen.yaw)
    unit = float(np.median(seen.unit))
    return _Appearance(
        track=index,
        shot=shot,
        frames=frames,
        likeness=track.likenesses[shot],
        size=float((drivable * seen.unit).mean()) / width,
        middle=float(points[..., 0].mean()),
        speech=speech_of(seen.gap, unit, watched.fps),
    )


def _best_person(cast: Sequence[_Appearance]) -> list[_Appearance]:
    """The appearances of the person who is worth most in all of them; the cast is in the order of its worth."""
    whose = people([one.likeness for one in cast], _at_once(cast))
    sums = np.bincount(whose, weights=[_worth(one, FaceChoice.ACTIVE) for one in cast])
    best = int(sums.argmax())
    return [one for one, person in zip(cast, whose, strict=True) if person == best]


def _person_at(spot: Spot, cast: Sequence[_Appearance], tracks: Sequence[Track]) -> list[_Appearance]:
    """The appearances of the person who is pointed at."""
    there = [number for number, one in enumerate(cast) if spot.frame in one.frames]
    index = nearest(spot, [_box(tracks[cast[number].track].watched.points[spot.frame]) for number in there])
    if index is None:
        raise unable(spot, "cannot be followed")
    whose = people([one.likeness for one in cast], _at_once(cast))
    return [one for one, person in zip(cast, whose, strict=True) if person == whose[there[index]]]


def _box(points: NDArray[np.float32]) -> Box:
    (x0, y0), (x1, y1) = points.min(0).tolist(), points.max(0).tolist()
    return x0, y0, x1, y1


def _at_once(cast: Sequence[_Appearance]) -> list[set[int]]:
    """For each appearance, which others are seen in one of its frames: those of other tracks only."""
    tracks, frames = 1 + max(one.track for one in cast), 1 + max(int(one.frames[-1]) for one in cast)
    shown = np.full((tracks, frames), -1)
    for number, one in enumerate(cast):
        shown[one.track, one.frames] = number
    found: list[set[int]] = [set() for _ in cast]
    for pair in combinations(shown, 2):
        both = np.stack(pair, axis=1)
        for one_number, other_number in np.unique(both[(both >= 0).all(1)], axis=0).tolist():
            found[one_number].add(other_number)
            found[other_number].add(one_number)
    return found


def _joined(tracks: Sequence[Track], cast: Sequence[_Appearance]) -> Track:
    """One track of the cast's appearances; where two are at once, the one that comes first in the cast."""
    first = tracks[0].watched
    whose = np.full(len(first.shots), -1)
    for number, one in reversed(list(enumerate(cast))):
        whose[one.frames] = number
    if all(one.track == 0 for one in cast) and (whose >= 0).sum() == (first.shots >= 0).sum():
        return _with_others(tracks[0], tracks)
    order = sorted(set(whose[whose >= 0].tolist()), key=lambda number: int(cast[number].frames[0]))
    shots = np.full(len(whose), NOBODY, dtype=np.int32)
    track_of = np.zeros(len(whose), dtype=np.intp)
    for shot, number in enumerate(order):
        shots[whose == number] = shot
        track_of[whose == number] = cast[number].track
    watched = replace(
        first,
        points=_woven([track.watched.points for track in tracks], track_of),
        shots=shots,
        light=_woven([track.watched.light for track in tracks], track_of),
        contrast=_woven([track.watched.contrast for track in tracks], track_of),
        bank=_bank(tracks, track_of, shots),
    )
    joined = Track(
        watched=watched,
        colours=_woven([track.colours for track in tracks], track_of),
        likenesses={shot: cast[number].likeness for shot, number in enumerate(order)},
    )
    return _with_others(joined, tracks)


def _woven(values: Sequence[NDArray[T]], track_of: NDArray[np.intp]) -> NDArray[T]:
    """Of each frame the values of its track, (N, ...)."""
    result = values[0].copy()
    for index, others in enumerate(values[1:], 1):
        frames = track_of == index
        result[frames] = others[frames]
    return result


def _bank(tracks: Sequence[Track], track_of: NDArray[np.intp], shots: NDArray[np.int32]) -> Bank:
    """The mouths that are seen in the joined track, each once."""
    banks = []
    for index, track in enumerate(tracks):
        foreign = np.flatnonzero((track_of != index) | (shots < 0))
        banks.append(track.watched.bank.without(foreign))
    return merged(banks)


def _with_others(track: Track, tracks: Sequence[Track]) -> Track:
    """The track, with frames in which only others are seen marked as such."""
    shots = track.watched.shots.copy()
    others = np.any([other.watched.shots >= 0 for other in tracks], axis=0)
    shots[(shots < 0) & others] = ANOTHER
    return replace(track, watched=replace(track.watched, shots=shots))
