"""A drawn face put back into its picture, so that no edge of it is seen.

It is laid over the source through a soft mask. Its colours are first brought to those of the source: where the mask
fades, both show the same skin, and what they differ by there, smoothed, is added to all of the face (as a membrane
that is fixed at the edge; Farbman et al., "Coordinates for Instant Image Cloning", 2009). Adding keeps the contrast and
the noise of what was drawn. Networks draw no grain; where the source has some, as much is laid over the face.
"""

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from engines.base import Frame
from engines.smoothstep import smoothstep

Plane = NDArray[np.float32]

#: Standard deviation of the mask's softness, and over how much of the box it fades towards the box's edges.
_FEATHER, _EDGE = 0.035, 0.06
#: Colours that differ by more than this, of 255, are of different things.
_SAME_SKIN = 40.0
#: Points of the grid across a face on which colours are compared, and over how many of them they are smoothed.
_GRID, _REACH = 24, 4.0
#: Grain weaker than this, of 255, is none.
_LEAST_GRAIN = 0.7
_NOISE_PX = 512
#: Bits of a pixel that polygons are drawn to.
_SHIFT = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a face belongs in its picture.

    Attributes:
        box: int32 (4,), left, top, right, bottom in pixels, within the picture.
        outline: float32 (K, 2), corners of what may change within the box, in pixels.
        strength: 0..1, how much of the face is laid over the source.
        grain: standard deviation of the picture's noise, 0..1.
        number: of the source frame: each has grain of its own.
    """

    box: NDArray[np.int32]
    outline: NDArray[np.float32]
    strength: float
    grain: float
    number: int


def paste(picture: Frame, face: Frame, cut: Frame, place: Place) -> None:
    """Lay a drawn face over a picture.

    Args:
        picture: uint8 RGB (H, W, 3); changed within the box, and there within the outline and a soft edge of it.
        face: uint8 RGB (S, S, 3), as drawn.
        cut: uint8 RGB (S, S, 3), the box of the picture scaled to the face's size.
        place: where the face belongs.
    """
    left, top, right, bottom = place.box.tolist()
    size = (right - left, bottom - top)
    mask = soft_mask(place.outline, place.box, len(face))
    alike = matched(face, cut, mask)
    alpha = np.asarray(cv2.resize(mask, size), np.float32)
    rows, columns = _extent(alpha)
    drawn = _grained(np.asarray(cv2.resize(alike, size), np.uint8)[rows, columns], place)
    share = np.asarray(alpha[rows, columns] * np.float32(place.strength), np.float32)
    lay(picture[top:bottom, left:right][rows, columns], drawn, share)


def lay(part: Frame, drawn: Frame, share: Plane) -> None:
    """Lay a picture over part of another.

    Args:
        part: uint8 RGB (H, W, 3); changed, but where the share is 0.
        drawn: uint8 RGB (H, W, 3).
        share: float32 (H, W), 0..1, how much of each pixel is the drawn one's.
    """
    if part.size:
        # Its sums are rounded, so where the share is 0 the source's pixel comes through bit for bit.
        part[...] = cv2.blendLinear(np.ascontiguousarray(part), drawn, 1 - share, share)


def soft_mask(outline: NDArray[np.float32], box: NDArray[np.int32], side: int) -> Plane:
    """How much of a box's pixels is the drawn face's: float32 (side, side), 0..1; 0 along the box's edges.

    Args:
        outline: float32 (K, 2), corners in the picture.
        box: int32 (4,).
        side: pixels of the box, scaled to a square.
    """
    corners = (outline - box[:2]) * (side / (box[2:] - box[:2])) - 0.5
    filled = np.zeros((side, side), np.uint8)
    cv2.fillPoly(filled, [np.round(corners * (1 << _SHIFT)).astype(np.int32)], 255, lineType=cv2.LINE_AA, shift=_SHIFT)
    soft = cv2.GaussianBlur(filled.astype(np.float32) / 255, (0, 0), _FEATHER * side)
    return np.asarray(soft * _inner(side), np.float32)


@cache
def _inner(side: int) -> Plane:
    """1 in the middle of a square, 0 along its edges."""
    near = np.minimum(np.arange(side), np.arange(side)[::-1]) / np.float32(_EDGE * side)
    ramp = smoothstep(near)
    return np.asarray(np.minimum(ramp, ramp[:, None]), np.float32)


def matched(face: Frame, cut: Frame, mask: Plane) -> Frame:
    """A face in the colours that the source has around it: uint8 RGB (S, S, 3).

    Args:
        face: uint8 RGB (S, S, 3), as drawn.
        cut: uint8 RGB (S, S, 3), the source.
        mask: float32 (S, S), how much of each pixel will be the face's.
    """
    differing = np.subtract(cut, face, dtype=np.float32)
    farthest = np.abs(differing).max(2) / np.float32(_SAME_SKIN)
    weights = mask * (1 - mask) * np.maximum(1 - farthest * farthest, 0)
    weighted = np.dstack([differing * weights[..., None], weights])
    coarse = cv2.GaussianBlur(cv2.resize(weighted, (_GRID, _GRID), interpolation=cv2.INTER_AREA), (0, 0), _REACH)
    # Where hardly any skin can be compared, hardly anything is changed.
    change = coarse[..., :3] / (coarse[..., 3:] + np.float32(1e-3))
    return np.asarray(cv2.add(face, cv2.resize(change, face.shape[:2]), dtype=cv2.CV_8U), np.uint8)


def _extent(alpha: Plane) -> tuple[slice, slice]:
    """Rows and columns that are not all 0."""
    left, top, width, height = cv2.boundingRect(np.asarray(alpha > 0, np.uint8))
    return slice(top, top + height), slice(left, left + width)


def _grained(face: Frame, place: Place) -> Frame:
    """A face with grain of its picture's strength in its luminance."""
    deviation = 255 * place.grain
    height, width = face.shape[:2]
    if deviation < _LEAST_GRAIN or not face.size:
        return face
    noise = np.roll(_noise(), (97 * place.number, 61 * place.number), (0, 1))
    tiled = np.tile(noise, (height // _NOISE_PX + 1, width // _NOISE_PX + 1))[:height, :width]
    return np.asarray(cv2.add(face, np.dstack([tiled * np.float32(deviation)] * 3), dtype=cv2.CV_8U), np.uint8)


@cache
def _noise() -> Plane:
    """Noise of deviation 1."""
    return np.random.RandomState(0).standard_normal((_NOISE_PX, _NOISE_PX)).astype(np.float32)
