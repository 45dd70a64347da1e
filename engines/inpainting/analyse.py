"""The analysis of engines that draw faces anew: who speaks where, and what each engine adds to that."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from contracts.jobs import Side
from engines.base import Analysis, Direction, Frame, Report, Speech, Timeline
from engines.inpainting.plan import FacePlan, pack
from engines.inpainting.region import lower_faces
from engines.inpainting.upright import upright
from engines.people.cast import Speaker, cast, warnings_of
from engines.people.casting import too_few
from engines.people.faces import FaceFinder
from engines.people.stretches import smooth_within
from engines.people.watch import Watched, fading

#: What is cut out of each source frame, int32 (N, 4) as `FacePlan.boxes`, of a face as it was watched.
Boxes = Callable[[Watched, Timeline], NDArray[np.int32]]
#: A voice as the engine's network takes it in: `FacePlan.speech` and `FacePlan.begins`.
Hear = Callable[[Speech, Timeline], tuple[NDArray[np.generic], NDArray[np.int64]]]

#: Seconds over which the measured noise of the picture is evened out.
_STEADY_S = 0.4
#: Share of the work that finding and following faces is.
_FOLLOWING = 0.95


def analysed(
    finder: FaceFinder,
    frames: Iterable[Frame],
    voices: Sequence[Speech],
    timeline: Timeline,
    direction: Direction,
    report: Report,
    *,
    boxes: Boxes,
    hear: Hear,
) -> Analysis:
    """Analyse as `engines.base.Engine` asks; the arrays are those of one `FacePlan` a voice.

    Args:
        finder: finds and follows faces.
        frames: see `engines.base.Engine.analyse`, as of the next four.
        voices: one, or one for each side.
        timeline: what the output shows when.
        direction: how to act and look.
        report: progress and cancellation.
        boxes: what the engine cuts out.
        hear: what it hears.

    Raises:
        NoFace: when there is no face for a single voice, or none that can be drawn.
        TooFewFaces: when that is so of one of several voices.
    """
    speakers = cast(
        finder, frames, voices, timeline, direction, lambda done: report(_FOLLOWING * done), keep_mouths=False
    )
    speakers = _drawable(speakers, direction)
    plans: dict[Side, FacePlan] = {}
    warnings: tuple[str, ...] = ()
    for speech, speaker in zip(voices, speakers, strict=True):
        heard, begins = hear(speech, timeline)
        plans[speech.side] = FacePlan(
            shown=timeline.source_index,
            boxes=boxes(speaker.watched, timeline),
            outlines=lower_faces(speaker.watched.points),
            strength=speaker.strength,
            grain=_grain(speaker.watched, timeline),
            speech=heard,
            begins=begins,
            **_clearer(speaker, direction, timeline),
        )
        warnings += warnings_of(speech.side, speaker, timeline)
        report(_FOLLOWING)
    report(1.0)
    return Analysis(tensors=pack(plans), warnings=warnings)


def _drawable(speakers: Sequence[Speaker], direction: Direction) -> list[Speaker]:
    """The speakers, driven less the more they lean."""
    leaning = [replace(one, strength=one.strength * upright(one.watched.points)) for one in speakers]
    able = [one.drivable for one in leaning]
    if not all(able):
        raise too_few(able, "upright enough to be drawn", masked=direction.mask is not None, spot=direction.spot)
    return leaning


def _grain(watched: Watched, timeline: Timeline) -> NDArray[np.float32]:
    light = smooth_within(watched.light, watched.shots, _STEADY_S * float(timeline.source_fps))
    return np.asarray(light[:, -1], np.float32)


def _clearer(speaker: Speaker, direction: Direction, timeline: Timeline) -> dict[str, NDArray[np.float32]]:
    """What enhancement needs to know of a face; nothing where none is asked for."""
    points = speaker.watched.points
    if not direction.enhance:
        return {"points": points[:, :0], "presence": np.zeros(len(points), np.float32)}
    return {"points": points, "presence": fading(speaker.watched.shots >= 0, float(timeline.source_fps))}
