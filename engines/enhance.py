"""A clearer face: less noise, sharper edges, more local contrast, and everything around it left as it is.

Each frame is treated by itself, always in the same way, so that nothing flickers beyond what the source does. Only the
luminance changes:

- an edge-preserving filter (Tomasi and Manduchi, "Bilateral Filtering for Gray and Color Images", 1998) as strong as
  the picture is noisy takes grain away,
- detail of two scales is put back stronger where it stands out from the grain (coring), and held between the darkest
  and the brightest pixel around it, so that edges grow steeper and get no halos,
- shading over larger distances is deepened a little.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from engines.base import Frame
from engines.smoothstep import smoothstep

Plane = NDArray[np.float32]

#: Scales of detail in parts of the inter-ocular distance, at least so many pixels, and how much each is strengthened.
_DETAIL = ((0.012, 0.9, 0.55), (0.03, 1.8, 0.35))
#: Detail fainter than this many deviations of the grain is left as faint as it is.
_CORING = 2.0
#: An edge may pass the pixels around it by this, of 255.
_OVERSHOOT = 1.5
_SHADING_SCALE, _SHADING = 0.25, 0.10
#: Grain weaker than this, of 255, is none.
_LEAST_GRAIN = 0.7
#: Part of the oval's radius over which the change fades out.
_FEATHER = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Oval:
    """Where a face is in a picture, in pixels.

    Attributes:
        middle: (2,), x, y.
        across, down: half axes (2,), from the middle to its side and to its chin.
        unit: inter-ocular distance.
    """

    middle: NDArray[np.float64]
    across: NDArray[np.float64]
    down: NDArray[np.float64]
    unit: float

    def box(self, width: int, height: int) -> tuple[slice, slice] | None:
        """Rows and columns of a picture that hold the oval; None where the face is not in it."""
        reach = np.hypot(self.across, self.down)
        low = np.clip(np.floor(self.middle - reach), 0, [width, height]).astype(int)
        high = np.clip(np.ceil(self.middle + reach), 0, [width, height]).astype(int)
        if (high - low).min() < 8:
            return None
        return slice(int(low[1]), int(high[1])), slice(int(low[0]), int(high[0]))

    def mask(self, rows: slice, columns: slice) -> Plane:
        """How fully each of those pixels (H, W) is enhanced: 1 in the middle of the oval, 0 on its edge and beyond."""
        x = np.arange(columns.start, columns.stop, dtype=np.float32) + np.float32(0.5 - self.middle[0])
        y = (np.arange(rows.start, rows.stop, dtype=np.float32) + np.float32(0.5 - self.middle[1]))[:, None]
        inverse = np.linalg.inv(np.stack([self.across, self.down], axis=1))
        radius = np.hypot(inverse[0, 0] * x + inverse[0, 1] * y, inverse[1, 0] * x + inverse[1, 1] * y)
        return np.asarray(smoothstep((1 - radius) / _FEATHER), dtype=np.float32)


def enhance_face(frame: Frame, oval: Oval, grain: float, share: float = 1.0) -> Frame:
    """Make a face clearer.

    Args:
        frame: uint8 RGB (H, W, 3); not changed.
        oval: the face.
        grain: standard deviation of the picture's noise, 0..1.
        share: 0..1, how much of the change is made.

    Returns:
        A new picture, the same as `frame` in every pixel outside the oval; `frame` itself where the face is not in it.
    """
    box = oval.box(frame.shape[1], frame.shape[0])
    if box is None:
        return frame
    rows, columns = box
    part = frame[rows, columns]
    luma = np.asarray(cv2.cvtColor(part, cv2.COLOR_RGB2YCrCb)[..., 0], np.float32)
    clearer = _clearer(luma, oval.unit, 255 * grain)
    change = (clearer - luma) * oval.mask(rows, columns) * np.float32(share)
    result = frame.copy()
    result[rows, columns] = np.clip(np.rint(part + change[..., None]), 0, 255).astype(np.uint8)
    return result


def _clearer(luma: Plane, unit: float, grain: float) -> Plane:
    smooth = _without_grain(luma, grain)
    result = smooth
    for scale, least_px, gain in _DETAIL:
        sigma = max(least_px, scale * unit)
        detail = smooth - cv2.GaussianBlur(smooth, (0, 0), sigma)
        result = result + gain * _cored(detail, _CORING * grain * 0.4)
    around = np.ones((3, 3), np.uint8) if unit < 120 else np.ones((5, 5), np.uint8)
    darkest, brightest = cv2.erode(smooth, around), cv2.dilate(smooth, around)
    result = np.clip(result, darkest - _OVERSHOOT, brightest + _OVERSHOOT)
    shading = cv2.GaussianBlur(smooth, (0, 0), 0.04 * unit) - cv2.GaussianBlur(smooth, (0, 0), _SHADING_SCALE * unit)
    return np.asarray(result + _SHADING * shading, dtype=np.float32)


def _without_grain(luma: Plane, grain: float) -> Plane:
    if grain < _LEAST_GRAIN:
        return luma
    return np.asarray(cv2.bilateralFilter(luma, 5, 2.5 * grain, 1.5), dtype=np.float32)


def _cored(detail: Plane, threshold: float) -> Plane:
    """Detail less what is as faint as the threshold: its sign kept, its size soft-thresholded."""
    size = np.abs(detail)
    return np.asarray(detail * (size / (size + threshold + 1e-3)) ** 2, dtype=np.float32)
