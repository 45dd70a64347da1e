"""Pointing at somebody: whose face is at a place in one frame, and what is said when there is none."""

import math
from collections.abc import Sequence

from contracts.errors import NoFace
from engines.base import Spot
from engines.people.faces import Admit, Aim, Face

#: x0, y0, x1, y1 in pixels.
Box = tuple[float, float, float, float]

#: So far beyond a face's landmarks, in their larger extent, hair, neck and shoulders still belong to it.
_REACH = 1.0
_MOST_PLACES = 6
_MASK_REMEDY = "Make the mask white over the mouth of the face that is to speak, or send none."
_REMEDY = "Point at the middle of a face; POST /api/v1/inspect tells where the faces are."


def nearest(spot: Spot, boxes: Sequence[Box]) -> int | None:
    """Which of the faces is meant: of those that hold the place, else of those within reach, the one centred nearest.

    Args:
        spot: what is pointed at.
        boxes: the faces' boxes.

    Returns:
        Its index; None when no face is near.
    """
    near = [index for index, box in enumerate(boxes) if _beyond(spot, box) <= _REACH * max(_extent(box))]
    holding = [index for index in near if not _beyond(spot, boxes[index])]
    return min(holding or near, key=lambda index: math.dist(middle(boxes[index]), (spot.x, spot.y)), default=None)


def aim_at(spot: Spot, admit: Admit) -> Aim:
    """Take aim at who is meant; choosing raises NoFace when nobody is near, or who is there is not admitted."""

    def choose(faces: Sequence[Face]) -> Face:
        index = nearest(spot, [face.box for face in faces])
        if index is None:
            raise NoFace(_nobody(spot, faces), field=spot.field, remedy=_REMEDY)
        if not admit(faces[index]):
            raise unable(spot, "is not where the mask is bright", _MASK_REMEDY)
        return faces[index]

    return Aim(frame=spot.frame, choose=choose)


def unable(spot: Spot, what: str, remedy: str = _REMEDY) -> NoFace:
    """The fault to raise when the face that is pointed at cannot speak.

    Args:
        spot: what is pointed at.
        what: what is wrong with it, as "is too small".
        remedy: what the client can do.
    """
    return NoFace(f"the face at {_place(spot)} {what}", field=spot.field, remedy=remedy)


def middle(box: Box) -> tuple[float, float]:
    """The centre of a box."""
    return (box[0] + box[2]) / 2, (box[1] + box[3]) / 2


def _extent(box: Box) -> tuple[float, float]:
    return box[2] - box[0], box[3] - box[1]


def _beyond(spot: Spot, box: Box) -> float:
    """How far the place is from a box, in pixels; 0 within it."""
    return math.hypot(max(box[0] - spot.x, 0, spot.x - box[2]), max(box[1] - spot.y, 0, spot.y - box[3]))


def _nobody(spot: Spot, faces: Sequence[Face]) -> str:
    if not faces:
        return f"no face is at {_place(spot)}: none is seen there"
    places = ["x {:.2f}, y {:.2f}".format(*spot.fractions(*middle(face.box))) for face in faces[:_MOST_PLACES]]
    return f"no face is near {_place(spot)}: those that are seen are at {' and at '.join(places)}"


def _place(spot: Spot) -> str:
    x, y = spot.fractions(spot.x, spot.y)
    when = "" if spot.time_s is None else f" at {spot.time_s:.2f} s"
    return f"x {x:.2f}, y {y:.2f}{when}"
