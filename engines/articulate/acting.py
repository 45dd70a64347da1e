"""One speaker's performance: what was seen of the face and heard of the voice, put together."""

import numpy as np
from numpy.typing import NDArray

from engines.articulate.driver import Articulation
from engines.articulate.motion import Acting, Manner, commands, manner_of, resting_width
from engines.articulate.performance import Performance
from engines.articulate.retrieval import DRAWN, Looks, choose, choose_still
from engines.base import Timeline
from engines.people.cast import Speaker
from engines.people.shape import Measures
from engines.people.stretches import smooth_within
from engines.people.watch import Watched, fading

#: A person is judged by all their frames in a shot, if they are seen in it for so long.
_ACQUAINTED_S = 2.0
#: Contrast of an open mouth's inside to the lips, at least and compared with the same shot's clearest.
_LEAST_CONTRAST, _SHARE_OF_CONTRAST = 0.18, 0.75


def perform(speaker: Speaker, articulation: Articulation, timeline: Timeline, acting: Acting) -> Performance:
    """Plan what one face does in every output frame.

    Args:
        speaker: the face.
        articulation: what the voice says.
        timeline: which source frame is shown when.
        acting: style and chance.
    """
    source_fps, shown = float(timeline.source_fps), timeline.source_index
    watched, seen = speaker.watched, speaker.seen
    manners, who = _manners(seen, watched.shots, source_fps, is_portrait=timeline.is_portrait)
    width = resting_width(seen, watched.shots, source_fps)
    poses = commands(
        articulation, float(timeline.fps), width[shown], speaker.strength[shown], manners, who[shown], acting
    )
    return Performance(
        watched=watched,
        shown=shown,
        poses=poses,
        choices=choices_for(speaker, poses, shown),
        light=smooth_within(watched.light.astype(np.float64), watched.shots, 0.4 * source_fps),
        presence=fading(watched.shots[shown] >= 0, float(timeline.fps)),
    )


def _manners(
    seen: Measures, shots: NDArray[np.int32], source_fps: float, *, is_portrait: bool
) -> tuple[list[Manner], NDArray[np.int32]]:
    """The manner of each shot's speaker, and which of them each source frame (N,) shows."""
    everyone = manner_of(seen.gap[shots >= 0], is_portrait=is_portrait)
    manners = []
    for shot in range(int(shots.max()) + 1):
        gaps = seen.gap[shots == shot]
        known = len(gaps) >= _ACQUAINTED_S * source_fps
        manners.append(manner_of(gaps, is_portrait=is_portrait) if known else everyone)
    return manners, np.maximum(shots, 0)


def choices_for(speaker: Speaker, poses: NDArray[np.float32], shown: NDArray[np.int32]) -> NDArray[np.int32]:
    """Which of the speaker's mouths each output frame (T,) shows in a pose (T, 9); see `retrieval.choose`."""
    watched, seen = speaker.watched, speaker.seen
    if speaker.profile:
        return np.full(len(shown), DRAWN, dtype=np.int32)
    looks = Looks(gap=seen.gap * _truly_open(watched, seen), width=seen.width, yaw=seen.yaw, pitch=seen.pitch)
    if len(watched.shots) == 1:
        return choose_still(float(looks.gap[0]), len(shown))
    own = looks[shown]
    wanted = Looks(
        gap=poses[:, 0].astype(np.float64), width=poses[:, 1].astype(np.float64), yaw=own.yaw, pitch=own.pitch
    )
    number = watched.bank.number
    return choose(wanted, own, watched.shots[shown], looks[number], watched.shots[number])


def _truly_open(watched: Watched, seen: Measures) -> NDArray[np.bool_]:
    """Frames (N,) whose open mouth is seen to be open, and not so by the landmarks' error."""
    threshold = np.full(len(watched.shots), _LEAST_CONTRAST)
    for shot in range(int(watched.shots.max()) + 1):
        wide = (watched.shots == shot) & (seen.gap > 0.05)
        if wide.any():
            usual = np.percentile(watched.contrast[wide], 90)
            threshold[watched.shots == shot] = max(_LEAST_CONTRAST, _SHARE_OF_CONTRAST * usual)
    return np.asarray(watched.contrast >= threshold)
