"""The light on a face and the noise of its picture, so that what is drawn into it belongs there."""

import cv2
import numpy as np
from numpy.typing import NDArray

from engines.articulate.shape import Floats, places
from engines.articulate.teeth import Light
from engines.base import Frame

#: Columns of a tracked light: skin red, green, blue, white, black, grain.
COLUMNS = 6

_CHEEKS = places((50, 280, 205, 425, 101, 330))
_EYES = (places((33, 133)), places((362, 263)))
_LUMA = np.array([0.2126, 0.7152, 0.0722], dtype=np.float32)


def measure_light(frame: Frame, points: Floats, unit: float) -> NDArray[np.float32]:
    """Measure one face: skin colour RGB 0..1, how bright white and black are, noise; float32 (6,), 0..1.

    Args:
        frame: uint8 RGB (H, W, 3).
        points: kept points (P, 2).
        unit: inter-ocular distance in pixels.
    """
    patches = [_patch(frame, point, 0.06 * unit) for point in points[_CHEEKS]]
    pixels = np.concatenate([patch.reshape(-1, 3) for patch in patches]).astype(np.float32) / 255
    skin = np.median(pixels, axis=0)
    both = [_patch(frame, points[eye].mean(0), 0.14 * unit).reshape(-1, 3) @ _LUMA / 255 for eye in _EYES]
    black, bright_eye = np.percentile(np.concatenate(both), [3, 95])
    white = 0.95 * max(float(np.percentile(pixels @ _LUMA, 90)), float(bright_eye))
    noise = float(np.median([_noise(patch) for patch in patches]))
    return np.array([*skin, np.clip(white, 0.05, 0.95), black, noise], dtype=np.float32)


def light_of(values: NDArray[np.float32]) -> Light:
    """The light that `measure_light` or an average of its results tells of."""
    return Light(skin=values[:3], white=float(values[3]), black=float(values[4]), grain=float(values[5]))


def _patch(frame: Frame, middle: Floats, half: float) -> Frame:
    height, width = frame.shape[:2]
    x, y = int(np.clip(middle[0], 0, width - 1)), int(np.clip(middle[1], 0, height - 1))
    reach = max(2, round(half))
    return frame[max(0, y - reach) : y + reach + 1, max(0, x - reach) : x + reach + 1]


def _noise(patch: Frame) -> float:
    """Standard deviation of what a small blur takes away, by its median (Immerkaer-like, robust to edges)."""
    luma = patch.astype(np.float32) @ _LUMA / 255
    rough = luma - cv2.GaussianBlur(luma, (0, 0), 1.0)
    return float(1.9 * np.median(np.abs(rough)))
