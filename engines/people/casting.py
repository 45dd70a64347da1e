"""Who speaks: which face belongs to which voice, and what is said when there are too few of them."""

import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from contracts.errors import InputError, NoFace, TooFewFaces
from contracts.jobs import FaceChoice, Side
from engines.base import Spot
from engines.people.faces import Admit, Face, Pick, anyone, drivable, most_prominent
from engines.people.mesh import LIPS
from engines.people.shape import KEPT, frontal, in_profile, measure_still, sizeable
from engines.people.spot import middle, unable

#: From this value on a mask counts as bright.
_BRIGHT = 128
_REMEDY = "Send a picture or video in which a face is seen from the front, its eyes at least 30 pixels apart."
_MASK_REMEDY = "Make the mask white over the mouth of every face that is to speak, or send none."
_COUNTS = ("no", "one", "two")


def pick_of(
    side: Side,
    speakers: int,
    width: int,
    choice: FaceChoice | Spot = FaceChoice.ACTIVE,
    *,
    is_portrait: bool = False,
) -> Pick:
    """Who is followed for the voice of a side.

    Args:
        side: as the viewer sees it.
        speakers: how many voices there are; so many of the most prominent faces are theirs, from left to right.
        width: of the frames. Where fewer faces are seen, each belongs to the half of the picture that it is in.
        choice: which face a single voice's is; in a picture nobody is seen to speak, and it is the most prominent. Of
            what is pointed at in one frame it is in every frame the nearest.
        is_portrait: whether they are seen in a still picture, in which profiles can be driven.
    """
    if isinstance(choice, Spot):
        place = choice.x, choice.y
        return lambda faces: min(faces, key=lambda face: math.dist(middle(face.box), place), default=None)
    if side is Side.ONLY:
        return _edgemost(choice, _drivable_still if is_portrait else drivable)
    sign = -1 if side is Side.LEFT else 1

    def pick(faces: Sequence[Face]) -> Face | None:
        cast = faces[:speakers]
        if len(cast) < speakers:
            cast = [face for face in cast if sign * (_middle(face) - width / 2) > 0]
        return max(cast, key=lambda face: sign * _middle(face), default=None)

    return pick


def _edgemost(choice: FaceChoice, able: Callable[[Sequence[Face]], list[Face]]) -> Pick:
    """Picks who is furthest to a side of those who can be driven, or of all when nobody can."""
    if choice not in (FaceChoice.LEFT, FaceChoice.RIGHT):
        return most_prominent
    sign = -1 if choice is FaceChoice.LEFT else 1
    return lambda faces: max(able(faces) or faces, key=lambda face: sign * _middle(face), default=None)


def _drivable_still(faces: Sequence[Face]) -> list[Face]:
    """Those that can be driven in a still picture, in their order: also in profile."""
    seen = [(face, measure_still(face.landmarks[list(KEPT)].astype(np.float64))) for face in faces]
    return [
        face
        for face, size in seen
        if sizeable(size.unit)[0] > 0 and (in_profile(float(size.yaw[0])) or frontal(size.yaw)[0] > 0)
    ]


def admit_by(mask: NDArray[np.uint8] | None) -> Admit:
    """Admits the faces whose mouths lie where the mask (H, W) is bright; everyone without one."""
    if mask is None:
        return anyone

    def admit(face: Face) -> bool:
        x, y = face.landmarks[LIPS, :].mean(0)
        height, width = mask.shape
        return 0 <= x < width and 0 <= y < height and bool(mask[int(y), int(x)] >= _BRIGHT)

    return admit


def too_few(able: Sequence[bool], what: str, *, masked: bool, spot: Spot | None = None) -> InputError:
    """The fault to raise when not all speakers are.

    Args:
        able: for each voice, whether a face was found for it.
        what: of faces, why others do not count: "found" or "large and frontal enough to be driven".
        masked: whether a mask limits the choice.
        spot: what the choice pointed at, if it did.
    """
    if spot is not None:
        return unable(spot, f"is not {what}", _REMEDY)
    where = " where the mask is bright" if masked else ""
    remedy = f"{_MASK_REMEDY} {_REMEDY}" if masked else _REMEDY
    if len(able) == 1:
        return NoFace(f"no face was {what}{where}", remedy=remedy)
    count = _COUNTS[sum(able)]
    faces = "face was" if sum(able) == 1 else "faces were"
    return TooFewFaces(f"{count} {faces} {what}{where} for {_COUNTS[len(able)]} voices", remedy=remedy)


def _middle(face: Face) -> float:
    return (face.box[0] + face.box[2]) / 2
