"""The light on a face and the noise of its picture, so that what is drawn into it belongs there."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from engines.base import Frame
from engines.people.shape import LOWER_LIDS, UPPER_LIDS, Floats, places

#: Columns of a tracked light: skin red, green, blue, white red, green, blue, black, grain.
COLUMNS = 8
#: How the scene's light is told: so much by the whites of the eyes where they are seen, the rest by half of the skin's
#: colour. Whites of more colour than this are none.
_BY_EYES, _MOST_COLOUR = 0.65, 0.45
#: Which of the pixels between the lids are white, by their brightness: above are highlights.
_WHITES = 85, 98

_CHEEKS = places((50, 280, 205, 425, 101, 330))
_EYES = (places((33, 133)), places((362, 263)))
_LUMA = np.array([0.2126, 0.7152, 0.0722], dtype=np.float32)


@dataclass(frozen=True, slots=True, kw_only=True)
class Light:
    """What a mouth is lit by, 0..1: skin RGB, white RGB, how bright black is, the picture's noise."""

    skin: NDArray[np.float32]
    white: NDArray[np.float32]
    black: float
    grain: float


def measure_light(frame: Frame, points: Floats, unit: float) -> NDArray[np.float32]:
    """Measure one face: skin RGB, white RGB, how bright black is, noise; float32 (8,), 0..1.

    Args:
        frame: uint8 RGB (H, W, 3).
        points: kept points (P, 2).
        unit: inter-ocular distance in pixels.
    """
    patches = [_patch(frame, point, 0.06 * unit) for point in points[_CHEEKS]]
    pixels = np.concatenate([patch.reshape(-1, 3) for patch in patches]).astype(np.float32) / 255
    skin = np.median(pixels, axis=0)
    both = [_patch(frame, points[eye].mean(0), 0.14 * unit).reshape(-1, 3) for eye in _EYES]
    eyes = np.concatenate(both).astype(np.float32) / 255
    black, bright_eye = np.percentile(eyes @ _LUMA, [3, 95])
    white = 0.95 * max(float(np.percentile(pixels @ _LUMA, 90)), float(bright_eye))
    noise = float(np.median([_noise(patch) for patch in patches]))
    tint = _tint(_inside(frame, points), skin.astype(np.float32))
    bright = np.clip(white, 0.05, 0.95) * tint
    return np.asarray([*skin, *bright, black, noise], dtype=np.float32)


def _tint(eyes: NDArray[np.float32], skin: NDArray[np.float32]) -> NDArray[np.float32]:
    """The colour of white RGB, of luma 1, in the light that falls on eyes (N, 3) and skin (3,)."""
    by_skin = 0.5 + 0.5 * skin / max(float(skin.max()), 1e-3)
    tint = by_skin / (by_skin @ _LUMA)
    luma = eyes @ _LUMA
    if len(eyes) < 8:
        return np.asarray(tint, dtype=np.float32)
    low, high = np.percentile(luma, _WHITES)
    colour = np.median(eyes[(luma >= low) & (luma <= high)], axis=0)
    most = max(float(colour.max()), 1e-3)
    trust = _BY_EYES * float(np.clip(2 * (1 - (most - float(colour.min())) / most / _MOST_COLOUR), 0, 1))
    return np.asarray(tint + trust * (colour / max(float(colour @ _LUMA), 1e-3) - tint), dtype=np.float32)


def _inside(frame: Frame, points: Floats) -> NDArray[np.float32]:
    """All pixels between the lids of both eyes, (N, 3), 0..1."""
    found: list[Frame] = []
    for upper, lower in zip(UPPER_LIDS, LOWER_LIDS, strict=True):
        ring = np.concatenate([points[places(upper)], points[places(lower)][-2:0:-1]])
        low = np.clip(np.floor(ring.min(0)), 0, [frame.shape[1], frame.shape[0]]).astype(int)
        high = np.clip(np.ceil(ring.max(0)), 0, [frame.shape[1], frame.shape[0]]).astype(int)
        part = frame[low[1] : high[1], low[0] : high[0]]
        mask = np.zeros(part.shape[:2], dtype=np.uint8)
        if mask.size:
            cv2.fillPoly(mask, [np.round((ring - low - 0.5) * 16).astype(np.int32)], 1, shift=4)
        found.append(part[mask > 0])
    return np.asarray(np.concatenate(found) / 255, dtype=np.float32)


def light_of(values: NDArray[np.float32]) -> Light:
    """The light that `measure_light` or an average of its results tells of."""
    return Light(skin=values[:3], white=values[3:6], black=float(values[6]), grain=float(values[7]))


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
