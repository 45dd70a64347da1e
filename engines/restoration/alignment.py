"""A face brought to where face-restoration networks expect it, and what they changed brought back.

All of them were trained on FFHQ (Karras et al., "A Style-Based Generator Architecture for Generative Adversarial
Networks", 2019): 512 x 512 pixels, with eyes, nose and corners of the mouth always near the same places.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from engines.base import Frame
from engines.people.shape import OUTER_CORNERS, places

Floats = NDArray[np.float64]
Picture = NDArray[np.float32]

#: Side of the aligned picture, in pixels.
SIDE = 512
#: Where the right and left eye, the nose's tip and the right and left corner of the mouth are in it, x and y.
TEMPLATE = np.array([(193.0, 240.0), (319.0, 240.0), (256.5, 314.0), (201.0, 371.5), (313.0, 371.5)])

_EYES = (places((33, 133)), places((362, 263)))
_NOSE_TIP, _CORNERS = places((1,)), places(OUTER_CORNERS)


def five_points(points: Floats) -> Floats:
    """Both eyes, the nose's tip and both corners of the mouth (5, 2), of kept points (P, 2).

    An eye is midway between its corners, which stay where they are when it blinks.
    """
    return np.stack([points[_EYES[0]].mean(0), points[_EYES[1]].mean(0), points[_NOSE_TIP[0]], *points[_CORNERS]])


def similarity(source: Floats, target: Floats) -> Floats:
    """The turn, scale and shift (2, 3) that bring points (N, 2) nearest to others, in the sense of least squares.

    Umeyama, "Least-Squares Estimation of Transformation Parameters Between Two Point Patterns", 1991; in the plane it
    is a division of complex numbers.
    """
    given, wanted = source @ (1, 1j), target @ (1, 1j)
    spread = given - given.mean()
    factor = np.vdot(spread, wanted - wanted.mean()) / max(float(np.vdot(spread, spread).real), 1e-9)
    shift = wanted.mean() - factor * given.mean()
    return np.array([[factor.real, -factor.imag, shift.real], [factor.imag, factor.real, shift.imag]])


@dataclass(frozen=True, slots=True, kw_only=True)
class Alignment:
    """The way between a part of a frame and the aligned picture.

    Attributes:
        rows, columns: the part of the frame that the aligned picture shows.
        matrix: (2, 3), from pixels of that part to pixels of the aligned picture.
        scale: pixels of the aligned picture for each of the frame's.
    """

    rows: slice
    columns: slice
    matrix: Floats
    scale: float

    @classmethod
    def of(cls, points: Floats, width: int, height: int) -> "Alignment | None":
        """How a face's kept points (P, 2) lie in a frame of that size; None where the face is not in it."""
        # Landmarks count from a picture's edge, OpenCV from the middle of its first pixel.
        matrix = similarity(five_points(points) - 0.5, TEMPLATE)
        back = cv2.invertAffineTransform(matrix)
        corners = np.array([(0, 0), (SIDE, 0), (0, SIDE), (SIDE, SIDE)]) @ back[:, :2].T + back[:, 2]
        low = np.clip(np.floor(corners.min(0)), 0, [width, height]).astype(int)
        high = np.clip(np.ceil(corners.max(0)), 0, [width, height]).astype(int)
        if (high - low).min() < 8:
            return None
        matrix[:, 2] += matrix[:, :2] @ low
        return cls(
            rows=slice(int(low[1]), int(high[1])),
            columns=slice(int(low[0]), int(high[0])),
            matrix=matrix,
            scale=float(np.hypot(*matrix[:, 0])),
        )

    def taken(self, frame: Frame) -> Picture:
        """The aligned picture, float32 (512, 512, 3), 0..255, of a frame (H, W, 3)."""
        part = _without_finer(np.asarray(frame[self.rows, self.columns], dtype=np.float32), self.scale)
        taken = cv2.warpAffine(part, self.matrix, (SIDE, SIDE), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)
        return np.clip(taken, 0, 255).astype(np.float32)

    def put_back(self, change: Picture) -> Picture:
        """A change of the aligned picture (512, 512, 3) as one of the part (H, W, 3); nothing beyond its edges."""
        size = self.columns.stop - self.columns.start, self.rows.stop - self.rows.start
        change = _without_finer(change, 1 / self.scale)
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        return np.asarray(cv2.warpAffine(change, self.matrix, size, flags=flags), dtype=np.float32)


def _without_finer(picture: Picture, scale: float) -> Picture:
    """The picture less the detail that is lost when it is scaled so, which would flicker otherwise."""
    if scale >= 1:
        return picture
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), 0.5 * np.sqrt(1 / scale**2 - 1) + 1e-3), dtype=np.float32)
