"""Square windows of a picture, turned and scaled for a network, and the way back from window to picture.

Coordinates are continuous: (0, 0) is the picture's top left corner, pixel i covers [i, i + 1).
"""

import math
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from engines.base import Frame

Points = NDArray[np.float32]

# The mesh was trained on windows half as large again as its face.
_MARGIN = 1.5
#: Landmarks of the eyes' outer corners.
RIGHT_EYE_CORNER, LEFT_EYE_CORNER = 33, 263


class Window(NamedTuple):
    """A square of a picture.

    Attributes:
        x, y: its centre, in pixels.
        side: its length, in pixels.
        angle: how far it is turned clockwise, in radians.
    """

    x: float
    y: float
    side: float
    angle: float = 0.0

    def axes(self, size: int) -> NDArray[np.float64]:
        """The 2x2 matrix from steps in a window of size x size pixels to steps in the picture."""
        step = self.side / size
        cosine, sine = math.cos(self.angle) * step, math.sin(self.angle) * step
        return np.array([[cosine, -sine], [sine, cosine]])

    def to_picture(self, points: Points, size: int) -> Points:
        """Points (..., 2) of a window of size x size pixels, in the picture's pixels."""
        moved = (points.astype(np.float64) - size / 2) @ self.axes(size).T + (self.x, self.y)
        return moved.astype(np.float32)


def around_keypoints(box: Points, keypoints: Points) -> Window:
    """The window for the mesh around a detected face.

    Args:
        box: (4,), centre x, centre y, width, height in pixels.
        keypoints: (K, 2) in pixels, right eye and left eye first.
    """
    eyes = keypoints[1] - keypoints[0]
    return Window(float(box[0]), float(box[1]), float(box[2:].max()) * _MARGIN, math.atan2(eyes[1], eyes[0]))


def around_landmarks(landmarks: Points) -> Window:
    """The window for the mesh around landmarks (468, 2) that it found before."""
    eyes = landmarks[LEFT_EYE_CORNER] - landmarks[RIGHT_EYE_CORNER]
    angle = math.atan2(eyes[1], eyes[0])
    turn = Window(0.0, 0.0, 1.0, angle).axes(1)
    upright = landmarks @ turn
    low, high = upright.min(0), upright.max(0)
    x, y = turn @ ((low + high) / 2)
    return Window(float(x), float(y), float((high - low).max()) * _MARGIN, angle)


def cut(picture: Frame, window: Window, size: int, *, repeat_edge: bool) -> Frame:
    """Sample a window as size x size pixels.

    Args:
        picture: uint8 RGB (H, W, 3).
        window: may reach beyond the picture.
        size: side of the result.
        repeat_edge: whether pixels beyond the picture repeat its edge; else they are black.
    """
    part, origin, shrink = _reduced(picture, window, size)
    axes = window.axes(size)
    corner = np.array([window.x, window.y]) - axes.sum(1) * ((size - 1) / 2)
    to_part = np.column_stack([axes * shrink[:, None], (corner - origin) * shrink - 0.5])
    border = cv2.BORDER_REPLICATE if repeat_edge else cv2.BORDER_CONSTANT
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpAffine(part, to_part, (size, size), flags=flags, borderMode=border), np.uint8)


def _reduced(picture: Frame, window: Window, size: int) -> tuple[Frame, NDArray[np.float64], NDArray[np.float64]]:
    """The part of the picture under the window, averaged down to at most twice the wanted resolution.

    Bilinear sampling alone would skip pixels, and its landmarks would tremble with the skipped detail.

    Returns:
        The part, its origin (x, y) in the picture, and its scale along x and y.
    """
    factor = int(window.side / size)
    if factor < 2:
        return picture, np.zeros(2), np.ones(2)
    height, width = picture.shape[:2]
    reach = window.side / 2 * (abs(math.cos(window.angle)) + abs(math.sin(window.angle))) + factor
    left, top = (
        int(min(max(centre - reach, 0), limit - 1)) for centre, limit in ((window.x, width), (window.y, height))
    )
    right, bottom = math.ceil(min(window.x + reach, width)), math.ceil(min(window.y + reach, height))
    part = picture[top : max(bottom, top + 1), left : max(right, left + 1)]
    small = (max(part.shape[1] // factor, 1), max(part.shape[0] // factor, 1))
    shrink = np.array([small[0] / part.shape[1], small[1] / part.shape[0]])
    reduced = cv2.resize(part, small, interpolation=cv2.INTER_AREA)
    return np.asarray(reduced, np.uint8), np.array([left, top], np.float64), shrink
