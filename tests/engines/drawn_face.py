"""A painted face, for tests that need one and nobody's photograph."""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

Colour = tuple[int, int, int]

_SIZE = 480
_SKIN, _SHADE, _HAIR = (225, 172, 145), (205, 150, 125), (60, 40, 30)
_LASHES, _LIPS, _MOUTH = (70, 45, 40), (185, 90, 90), (90, 30, 35)


def drawn_face(
    *,
    size: int = _SIZE,
    centre: tuple[float, float] = (_SIZE / 2, _SIZE / 2),
    scale: float = 1.0,
    angle: float = 0.0,
    opening: float = 0.0,
) -> NDArray[np.uint8]:
    """A square picture of a face.

    Args:
        size: side of the picture, in pixels.
        centre: where the middle of the face is.
        scale: 1 puts the outer corners of the eyes 117 pixels apart.
        angle: how far the head is turned clockwise in the picture, in radians.
        opening: gap between the lips at scale 1, in pixels.

    Returns:
        uint8 RGB (size, size, 3).
    """
    canvas = np.full((_SIZE, _SIZE, 3), (150, 160, 170), np.uint8)
    _draw_head(canvas)
    _draw_eye(canvas, -1)
    _draw_eye(canvas, 1)
    _draw_nose(canvas)
    _draw_mouth(canvas, opening)
    return _place(np.asarray(cv2.GaussianBlur(canvas, (0, 0), 1.6), np.uint8), size, centre, scale, angle)


def _place(
    canvas: NDArray[np.uint8], size: int, centre: tuple[float, float], scale: float, angle: float
) -> NDArray[np.uint8]:
    cosine, sine, middle = math.cos(angle) * scale, math.sin(angle) * scale, _SIZE / 2
    x, y = centre[0] - (cosine - sine) * middle, centre[1] - (sine + cosine) * middle
    matrix = np.array([[cosine, -sine, x], [sine, cosine, y]])
    return np.asarray(cv2.warpAffine(canvas, matrix, (size, size), borderMode=cv2.BORDER_REPLICATE), np.uint8)


def _ellipse(canvas: NDArray[np.uint8], x: float, y: float, width: float, height: float, colour: Colour) -> None:
    """A filled ellipse; width and height are half-axes, with sixteenths of a pixel kept."""
    place, axes = (int(x * 16), int(y * 16)), (int(width * 16), int(height * 16))
    cv2.ellipse(canvas, place, axes, 0, 0, 360, colour, -1, cv2.LINE_AA, 4)


def _draw_head(canvas: NDArray[np.uint8]) -> None:
    _ellipse(canvas, 240, 215, 112, 140, _HAIR)
    cv2.rectangle(canvas, (200, 340), (280, 440), _SHADE, -1)
    _ellipse(canvas, 240, 470, 150, 70, (50, 60, 110))
    _ellipse(canvas, 240, 250, 92, 122, _SKIN)
    _ellipse(canvas, 240, 350, 40, 12, _SHADE)
    for side in (-1, 1):
        _ellipse(canvas, 240 + side * 94, 250, 10, 24, (215, 160, 135))
        _ellipse(canvas, 240 + side * 55, 275, 20, 15, (230, 165, 145))


def _draw_eye(canvas: NDArray[np.uint8], side: int) -> None:
    x = 240 + side * 40
    _ellipse(canvas, x, 222, 27, 16, _SHADE)
    _ellipse(canvas, x, 225, 20, 9, (245, 245, 245))
    _ellipse(canvas, x, 225, 8, 8.5, (80, 55, 40))
    _ellipse(canvas, x, 225, 4, 4, (15, 10, 10))
    _ellipse(canvas, x + 2, 222, 1.5, 1.5, (255, 255, 255))
    cv2.ellipse(canvas, (x, 225), (21, 11), 0, 180, 360, _LASHES, 3, cv2.LINE_AA)
    cv2.ellipse(canvas, (x + side * 2, 206), (27, 9), side * 5, 190, 350, _HAIR, 6, cv2.LINE_AA)


def _draw_nose(canvas: NDArray[np.uint8]) -> None:
    for side in (-1, 1):
        _ellipse(canvas, 240 + side * 10, 283, 5, 3.5, (140, 90, 75))
    cv2.line(canvas, (232, 225), (228, 275), _SHADE, 3, cv2.LINE_AA)
    _ellipse(canvas, 240, 275, 14, 10, (232, 180, 155))


def _draw_mouth(canvas: NDArray[np.uint8], opening: float) -> None:
    _ellipse(canvas, 240, 318, 34, 9 + opening / 2, _LIPS)
    _ellipse(canvas, 240, 312, 12, 5, _LIPS)
    _ellipse(canvas, 240, 317, 28, 1.5 + opening / 2, _MOUTH)
