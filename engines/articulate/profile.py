"""The inside of a mouth that is seen from the side: a dark wedge that is open towards the front."""

import cv2
import numpy as np
from numpy.typing import NDArray

from engines.articulate.warp import Move, Region
from engines.base import Frame
from engines.people.light import Light
from engines.people.shape import INNER_CORNERS, LOWER_INNER, UPPER_INNER, Floats, places, turn_of
from engines.smoothstep import smoothstep

_UPPER, _LOWER, _CORNERS = places(UPPER_INNER), places(LOWER_INNER), places(INNER_CORNERS)
_MIDDLE = len(UPPER_INNER) // 2
_BEYOND = 2
#: The lips end between the middle of their edges and the point before it.
_FRONT_SHARE = 0.55
#: How bright the inside is to the skin, in each colour, and from which part of the way to the front the air shows.
_INSIDE = np.array([0.20, 0.12, 0.11], dtype=np.float32)
_AIR_FROM = 0.72
#: How far before the face its background is looked up.
_BEFORE_FACE = 0.3
_SOFT = 0.012


def fill_profile(canvas: Frame, region: Region, move: Move, frame: Frame, light: Light) -> None:
    """Draw what is seen between the lips of a head in profile into the warped picture of `region`, in place.

    Args:
        canvas: uint8 RGB of the region, lips already in place.
        region: where it lies in the frame.
        move: where the lips are now.
        frame: the frame before it was warped, for the background.
        light: the face's.
    """
    sign = 1.0 if turn_of(move.source) > 0 else -1.0
    upper, lower = (_near_edge(move.target, lip, sign) for lip in (_UPPER, _LOWER))
    outline = np.concatenate([upper, lower[:0:-1]]) - region.corner
    cover = _cover(outline, region, max(0.6, _SOFT * move.basis.unit))
    pixels = np.stack(np.meshgrid(np.arange(region.width), np.arange(region.height)), axis=-1) + region.corner + 0.5
    way = sign * (pixels - upper[0]) @ move.basis.across
    front = upper[_MIDDLE] + _FRONT_SHARE * (upper[_MIDDLE + 1] - upper[_MIDDLE])
    length = max(sign * float((front - upper[0]) @ move.basis.across), 1e-6)
    air = smoothstep((way / length - _AIR_FROM) / (1 - _AIR_FROM))[..., None]
    step = sign * _BEFORE_FACE * move.basis.unit * move.basis.across
    places = (pixels + step - 0.5).astype(np.float32)
    background = cv2.remap(
        frame, places[..., 0].copy(), places[..., 1].copy(), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    inside = 255 * _INSIDE * light.skin * (1 - air) + np.asarray(background, np.float32) * air
    canvas[:] = np.rint(canvas + (inside - canvas) * cover[..., None]).astype(np.uint8)


def _near_edge(points: Floats, lip: NDArray[np.intp], sign: float) -> Floats:
    """The inner edge of a lip from the near corner to a little before the face, where shreds of the lips would show."""
    near = np.concatenate([_CORNERS[:1], lip]) if sign > 0 else np.concatenate([_CORNERS[1:], lip[::-1]])
    return np.asarray(points[near[: _MIDDLE + 2 + _BEYOND]])


def _cover(outline: Floats, region: Region, soft: float) -> NDArray[np.float32]:
    """1 inside an outline in pixels, 0 outside, with an edge as soft as a lens draws it."""
    cover = np.zeros((region.height, region.width), dtype=np.float32)
    cv2.fillPoly(cover, [np.round((outline - 0.5) * 16).astype(np.int32)], 1.0, cv2.LINE_AA, 4)
    return np.asarray(cv2.GaussianBlur(cover, (0, 0), soft), dtype=np.float32)
