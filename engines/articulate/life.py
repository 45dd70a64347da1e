"""The life of a still picture beside its mouth: eyes that blink and a head that is not nailed down.

Videos have a life of their own and get none of this.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from engines.activity import Track, ramp
from engines.articulate.blink import lid_track
from engines.articulate.driver import Articulation, sample_at
from engines.articulate.eyes import can_blink, eyes_of
from engines.articulate.sway import COLUMNS, Reach, reach_of, sway_track
from engines.base import Direction, Frame, Speech, Timeline
from engines.enhance import Oval
from engines.people.shape import Floats, in_profile, oval_of, turn_of
from engines.samples import levels_db

#: From this value on a mask is bright.
_BRIGHT = 128
#: What moves less than this with the head may lie where a mask is dark.
_LEAST_WEIGHT = 0.05
#: Loudness is that of 10 ms, from this far below the loud moments on, in dB.
_HOPS_PER_S, _LOUD_DB = 100, (-20.0, 0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """How one face of a still picture lives in T output frames.

    Attributes:
        lids: float32 (T,), 0 open .. 1 shut.
        sway: float32 (T, 3), see `sway.sway_track`.
        reach: what moves with the head.
    """

    lids: NDArray[np.float32]
    sway: NDArray[np.float32]
    reach: Reach


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A still picture and the ovals of all faces in it."""

    picture: Frame
    faces: Sequence[Oval]


def live(
    scene: Scene,
    points: Floats,
    speech: Speech,
    articulation: Articulation,
    timeline: Timeline,
    direction: Direction,
    number: int,
) -> Life:
    """Plan the life of one face.

    Args:
        scene: the picture it is in.
        points: its kept points (P, 2).
        speech: its voice.
        articulation: what that voice says.
        timeline: when which frame is shown.
        direction: seed and mask; where the mask is dark nothing is planned to move.
        number: of the voice.
    """
    frames, fps = timeline.frames, float(timeline.fps)
    speaking = sample_at(articulation.activity, (np.arange(frames) + 0.5) / fps)
    lids = lid_track(direction.seed, number, frames, fps, speaking)
    if not (can_blink(scene.picture, points) and _bright(direction.mask, eyes_of(points))):
        lids = np.zeros_like(lids)
    head = oval_of(points)
    others = [face for face in scene.faces if not _same(face, head)]
    reach, share = reach_of(scene.picture, head, others)
    if in_profile(turn_of(points)) or not _clear(direction.mask, reach):
        share = 0.0
    if not share:
        return Life(lids=lids, sway=np.zeros((frames, COLUMNS), np.float32), reach=reach)
    sway = sway_track(direction.seed, number, frames, fps, _loudness(speech, frames, fps) * speaking)
    return Life(lids=lids, sway=np.float32(share) * sway, reach=reach)


def _loudness(speech: Speech, frames: int, fps: float) -> Track:
    """How loud the voice is at each output frame, 0..1 of its loud moments; 0 after its end."""
    hop = max(round(speech.rate / _HOPS_PER_S), 1)
    levels = levels_db(speech.samples, hop)
    at = (np.arange(frames) + 0.5) / fps * speech.rate / hop
    smooth = cv2.GaussianBlur(levels[:, None], (1, 41), 1, sigmaY=7.0, borderType=cv2.BORDER_REPLICATE)[:, 0]
    heard = np.interp(at, np.arange(len(smooth)), smooth, right=-120.0).astype(np.float32)
    return ramp(heard - np.float32(np.percentile(smooth, 95)), _LOUD_DB)


def _same(one: Oval, other: Oval) -> bool:
    return float(np.linalg.norm(one.middle - other.middle)) < 0.5 * float(np.linalg.norm(other.down))


def _bright(mask: NDArray[np.uint8] | None, pixels: NDArray[np.floating]) -> bool:
    """Whether a mask is bright at all of these places (N, 2)."""
    if mask is None:
        return True
    last = np.array([mask.shape[1] - 1, mask.shape[0] - 1])
    x, y = np.clip(pixels, 0, last).astype(int).T
    return bool((mask[y, x] >= _BRIGHT).all())


def _clear(mask: NDArray[np.uint8] | None, reach: Reach) -> bool:
    """Whether a mask is bright wherever a head moves the picture: half a head would part from its other half."""
    rows, columns = np.nonzero(reach.weights > _LEAST_WEIGHT)
    return _bright(mask, np.stack([columns, rows], axis=-1) * reach.step)
