"""The speakers of a source: which face is whose, how fully it can be driven, and where it cannot."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from contracts.jobs import FaceChoice, FacePoint, Side
from engines.base import Direction, Frame, Report, Speech, Spot, Timeline
from engines.people.active import speaker_among
from engines.people.casting import admit_by, pick_of, too_few
from engines.people.faces import FaceFinder
from engines.people.shape import SMALL_PX, Measures, frontal, in_profile, measure, measure_still, sizeable
from engines.people.spot import aim_at
from engines.people.stretches import flagged, smooth_within, widened
from engines.people.watch import ANOTHER, FADE_S, NOBODY, Watched, fading, watch

#: A change weaker than this is not seen.
FAINT = 0.05
#: Over how long the strength of driving is evened out.
_STEADY_S = 0.08
#: How many faces beside the first are followed to find out who speaks.
_BYSTANDERS = 2
_MOST_SPANS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Speaker:
    """One face as it can be driven.

    Attributes:
        watched: the face in N source frames.
        seen: its measures.
        strength: float32 (N,), 0..1, how fully each frame is driven.
        profile: whether it is a still picture's face in profile.
    """

    watched: Watched
    seen: Measures
    strength: NDArray[np.float32]
    profile: bool

    @property
    def drivable(self) -> bool:
        """Whether a change is seen in any frame."""
        return bool(self.strength.max() >= FAINT)


def cast(
    finder: FaceFinder,
    frames: Iterable[Frame],
    voices: Sequence[Speech],
    timeline: Timeline,
    direction: Direction,
    report: Report,
    *,
    keep_mouths: bool,
) -> list[Speaker]:
    """Find a face for each voice.

    Args:
        finder: finds and follows the faces.
        frames: source frames, uint8 RGB (H, W, 3), read once.
        voices: one, or one for each of two sides.
        timeline: which source frame is shown when.
        direction: which face is chosen, and where the mask lets faces speak.
        report: progress, 0..1, and cancellation.
        keep_mouths: whether open mouths are collected in `Watched.bank`; otherwise it is empty.

    Returns:
        The speaker of each voice.

    Raises:
        NoFace: when there is no face for a single voice, or none that can be driven; when nobody is where the direction
            points, or who is there cannot be.
        TooFewFaces: when that is so of one of several voices.
    """
    source_fps, total = float(timeline.source_fps), int(timeline.source_index.max()) + 1
    choice, spot = _choice(direction), direction.spot
    picks = [
        pick_of(speech.side, len(voices), timeline.width, choice, is_portrait=timeline.is_portrait) for speech in voices
    ]
    admit, is_alone = admit_by(direction.mask), len(voices) == 1 and not timeline.is_portrait
    bystanders = _BYSTANDERS if is_alone else 0
    aim = aim_at(spot, admit) if spot else None
    tracks = watch(finder, frames, picks, admit, total, source_fps, report, bystanders, aim, keep_mouths=keep_mouths)
    if is_alone:
        tracks = [speaker_among(tracks, choice, timeline.width)]
    watched = [track.speaker() for track in tracks]
    is_masked = direction.mask is not None
    present = [bool((face.shots >= 0).any()) for face in watched]
    if not all(present):
        raise too_few(present, "found", masked=is_masked, spot=spot)
    speakers = [speaker_of(face, is_portrait=timeline.is_portrait) for face in watched]
    able = [speaker.drivable for speaker in speakers]
    if not all(able):
        why = f": {_hindrance(speakers[0])}" if spot else ""
        raise too_few(able, f"large and frontal enough to be driven{why}", masked=is_masked, spot=spot)
    return speakers


def _choice(direction: Direction) -> FaceChoice | Spot:
    if direction.spot is None and isinstance(direction.face, FacePoint):
        raise ValueError("a point has to be made a spot of the frames")
    return direction.spot or FaceChoice(str(direction.face))


def _hindrance(speaker: Speaker) -> str:
    """Why a face that is seen is nowhere driven, in words."""
    seen = speaker.watched.shots >= 0
    widest = float(speaker.seen.unit[seen].max())
    if widest <= SMALL_PX[0]:
        return f"its eyes are {widest:.0f} pixels apart in the output, {SMALL_PX[0]:.0f} are the least"
    return "something is before its mouth" if not speaker.watched.clear[seen].any() else "it is turned away"


def speaker_of(watched: Watched, *, is_portrait: bool) -> Speaker:
    """Judge a face that was found in some frame.

    A head in profile can be driven where it does not move: in a still picture. Following one through a video, the far
    half of its mouth is guesswork.
    """
    points = watched.points.astype(np.float64)
    seen = measure_still(points[0]) if is_portrait else measure(points)
    profile = is_portrait and in_profile(float(seen.yaw[0]))
    return Speaker(
        watched=watched,
        seen=seen,
        strength=_strength(seen, watched, profile=profile),
        profile=profile,
    )


def _strength(seen: Measures, watched: Watched, *, profile: bool) -> NDArray[np.float32]:
    """How fully each source frame (N,) is driven: less where the face is small, turned away, or about to go."""
    size = sizeable(seen.unit)
    turn = np.ones_like(size) if profile else frontal(seen.yaw)
    steady = smooth_within(size * turn, watched.shots, _STEADY_S * watched.fps)
    return np.asarray(steady * watched.clear * fading(watched.shots >= 0, watched.fps), dtype=np.float32)


def warnings_of(side: Side, speaker: Speaker, timeline: Timeline) -> tuple[str, ...]:
    """A sentence for each stretch of output frames in which a speaker is not driven, and why; for people to read.

    Args:
        side: whose voice the speaker's is; named where there are two.
        speaker: as it was cast.
        timeline: which source frame is shown when.
    """
    who = "" if side is Side.ONLY else f"{side} speaker: "
    fps, shown = float(timeline.fps), timeline.source_index
    shots, hidden = speaker.watched.shots[shown], speaker.watched.clear[shown] <= 0
    absent, others = shots == NOBODY, shots == ANOTHER
    undriven = absent | others | hidden
    faint = ~undriven & (speaker.strength[shown] < FAINT) & ~widened(undriven, math.ceil(FADE_S * fps))
    said = [
        *_spans(absent, fps, "no face"),
        *_spans(others, fps, "somebody other than the speaker is seen"),
        *_spans(hidden & (shots >= 0), fps, "something is before the mouth"),
        *_spans(faint, fps, "the face is too small or turned away"),
    ]
    if speaker.profile:
        said.append("the face is seen from the side: its mouth may be misplaced")
    return tuple(who + sentence for sentence in said)


def _spans(flags: NDArray[np.bool_], fps: float, what: str) -> Iterator[str]:
    """A sentence for each stretch of flagged output frames, the first few of them."""
    spans = flagged(flags)
    for start, end in spans[:_MOST_SPANS]:
        yield f"{what} {_when(start / fps, end / fps)}: frames kept as they are"
    if len(spans) > _MOST_SPANS:
        yield f"{what} in {len(spans) - _MOST_SPANS} more places: frames kept as they are"


def _when(start_s: float, end_s: float) -> str:
    start, end = f"{start_s:.1f} s", f"{end_s:.1f} s"
    return f"from {start} to {end}" if start != end else f"at {start}"
