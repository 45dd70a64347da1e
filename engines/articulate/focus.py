"""How sharp a picture is: the blur of its edges, and what sampling between its pixels takes away."""

import cv2
import numpy as np
from numpy.typing import NDArray

from engines.base import Frame

#: Blur in pixels by which edges are blurred once more; edges are this steep to those that so many pixels are less than.
_PROBE, _EDGES, _STRONGEST = 1.0, 0.6, 0.985
#: Standard deviations in pixels between which an edge's blur is believed.
_SHARPEST, _BLURRIEST = 0.5, 4.0
_FEWEST_PX = 8
#: What brings back of the Laplacian's band what cubic sampling half-way between pixels takes away.
_RESTORED = 0.10


def edge_blur(picture: Frame) -> float:
    """Standard deviation in pixels of the blur of a picture's strongest edges, uint8 RGB (H, W, 3).

    An edge blurred once more loses the less the softer it was (Zhuo & Sim, "Defocus map estimation from a single
    image", 2011).
    """
    if min(picture.shape[:2]) < _FEWEST_PX:
        return _SHARPEST
    luma = np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), np.float32)
    steep = _steepness(luma)
    rank = int(_STRONGEST * steep.size)
    edges = steep > _EDGES * max(float(np.partition(steep, rank, axis=None)[rank]), 1.0)
    if not edges.any():
        return _SHARPEST
    blurred = _steepness(np.asarray(cv2.GaussianBlur(luma, (0, 0), _PROBE), np.float32))
    ratio = float(np.median(steep[edges] / np.maximum(blurred[edges], 1e-3)))
    return float(np.clip(_PROBE / np.sqrt(max(ratio * ratio - 1, 1e-3)), _SHARPEST, _BLURRIEST))


def _steepness(luma: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(cv2.magnitude(cv2.Sobel(luma, cv2.CV_32F, 1, 0), cv2.Sobel(luma, cv2.CV_32F, 0, 1)), np.float32)


def restore(drawn: Frame, displacement: NDArray[np.float32]) -> Frame:
    """Give back the finest detail that sampling at displaced places has taken: most half-way between pixels.

    Args:
        drawn: uint8 RGB (h, w, 3), sampled by cubic interpolation.
        displacement: float32 (h, w, 2), from each pixel to where it was sampled.

    Returns:
        uint8 RGB (h, w, 3), the same as `drawn` where the displacement is of whole pixels.
    """
    part = displacement - np.floor(displacement)
    part *= 1 - part
    share = (part[..., 0] + part[..., 1]) * np.float32(-2 * _RESTORED)
    rough = np.asarray(cv2.Laplacian(drawn, cv2.CV_32F), np.float32)
    rough *= share[..., None]
    return np.asarray(cv2.add(drawn, rough, dtype=cv2.CV_8U), np.uint8)
