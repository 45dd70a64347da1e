"""What the pixels of a face tell: how sharp its mouth is, its skin's colour, what was changed and what was not."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from engines.base import Frame
from engines.people.faces import Landmarks
from engines.people.shape import INNER_RING, KEPT, Basis, Floats, places

_KEPT = np.array(KEPT)
_NOSE_BASE, _CHIN = places((2, 152))
_OUTER_LIPS = np.array([61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291, 375, 321, 405, 314, 17, 84, 181, 91, 146])
#: Skin that the jaw carries: chin and lower cheeks.
_JAW_SKIN = np.array([199, 200, 202, 422, 212, 432, 214, 434])
#: What driving may change, in inter-ocular distances: from above the nose's base to below the chin, and to either side.
_ABOVE_NOSE, _BELOW_CHIN, _ASIDE = 0.28, 0.6, 1.0
#: Lips with their skin reach this far beyond the lips' edge.
_AROUND_LIPS = 0.12
#: From this opening on an inside is seen, in inter-ocular distances.
OPEN_GAP = 0.05
_PATCH = 48
#: The patch's middle below the mouth, and its half side.
_PATCH_DOWN, _PATCH_HALF = 0.1, 0.55


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One face's mouth in one frame.

    Attributes:
        lips: sharpness of the lips and the skin around them: energy of the Laplacian (Pertuz et al., 2013).
        inside: that of what is seen between them.
        skin: RGB 0..255 of chin and lower cheeks.
        patch: float32 (48, 48), brightness of mouth and chin, always at the same place of the patch.
    """

    lips: float
    inside: float
    skin: NDArray[np.float64]
    patch: NDArray[np.float32]


def look_at(frame: Frame, landmarks: Landmarks) -> Look:
    """Look at the mouth of a face (468, 2) in a picture, uint8 RGB (H, W, 3)."""
    points = landmarks[_KEPT].astype(np.float64)
    basis = Basis.of(points)
    lips, inside = _sharpness(frame, landmarks[_OUTER_LIPS], points[INNER_RING], _AROUND_LIPS * basis.unit)
    return Look(
        lips=lips, inside=inside, skin=_skin(frame, landmarks[_JAW_SKIN], basis.unit), patch=_patch(frame, basis)
    )


def changed_outside(source: Frame, drawn: Frame, points: Floats | None) -> int:
    """How many pixels differ where nothing may: beyond mouth, jaw and neck of a face's kept points (P, 2), if any."""
    changed = (source != drawn).any(-1)
    if points is None or not changed.any():
        return int(changed.sum())
    return int((changed & untouched(source, points)).sum())


def untouched(frame: Frame, points: Floats) -> NDArray[np.bool_]:
    """The pixels (H, W) that driving the face of these kept points (P, 2) may not change."""
    basis = Basis.of(points)
    nose, chin = basis.to_face(points[_NOSE_BASE]), basis.to_face(points[_CHIN])
    top, bottom = nose[1] - _ABOVE_NOSE, chin[1] + _BELOW_CHIN
    middle = basis.to_pixels(np.array([(nose[0] + chin[0]) / 2, (top + bottom) / 2]))
    rows, columns = np.ogrid[: frame.shape[0], : frame.shape[1]]
    x, y = columns + 0.5 - middle[0], rows + 0.5 - middle[1]
    across = (x * basis.across[0] + y * basis.across[1]) / (_ASIDE * basis.unit)
    down = (x * basis.down[0] + y * basis.down[1]) / ((bottom - top) / 2 * basis.unit)
    return np.asarray(across**2 + down**2 > 1)


def _sharpness(frame: Frame, outer: Landmarks, inner: NDArray[np.float64], margin: float) -> tuple[float, float]:
    """Of lips and skin, and of what lies between the lips; 0 where there are no pixels."""
    size = np.array([frame.shape[1], frame.shape[0]])
    low = np.clip(np.floor(outer.min(0) - margin), 0, size).astype(int)
    high = np.clip(np.ceil(outer.max(0) + margin), 0, size).astype(int)
    if (high - low).min() < 4:
        return 0.0, 0.0
    luma = cv2.cvtColor(frame[low[1] : high[1], low[0] : high[0]], cv2.COLOR_RGB2GRAY)
    energy = np.asarray(cv2.Laplacian(luma, cv2.CV_32F), np.float32) ** 2
    around = _filled(outer, low, luma.shape)
    reach = max(1, round(margin))
    around = np.asarray(cv2.dilate(around, np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)), np.uint8)
    between = _filled(inner, low, luma.shape)
    edge = np.asarray(cv2.dilate(between, np.ones((5, 5), np.uint8)), np.uint8)
    return _mean(energy, (around > 0) & (edge == 0)), _mean(energy, between > 0)


def _filled(ring: NDArray[np.floating], low: NDArray[np.int_], shape: tuple[int, ...]) -> NDArray[np.uint8]:
    mask = np.zeros(shape, np.uint8)
    cv2.fillPoly(mask, [np.round((ring - low - 0.5) * 16).astype(np.int32)], 1, shift=4)
    return mask


def _mean(values: NDArray[np.float32], chosen: NDArray[np.bool_]) -> float:
    return float(values[chosen].mean()) if chosen.any() else 0.0


def _skin(frame: Frame, places_px: Landmarks, unit: float) -> NDArray[np.float64]:
    reach = max(1, round(0.04 * unit))
    height, width = frame.shape[:2]
    colours = []
    for x, y in np.clip(places_px.astype(int), 0, [width - 1, height - 1]):
        patch = frame[max(0, y - reach) : y + reach + 1, max(0, x - reach) : x + reach + 1]
        colours.append(np.median(patch.reshape(-1, 3), axis=0))
    return np.asarray(np.median(colours, axis=0), np.float64)


def _patch(frame: Frame, basis: Basis) -> NDArray[np.float32]:
    step = 2 * _PATCH_HALF / _PATCH
    corner = basis.to_pixels(np.array([-_PATCH_HALF, _PATCH_DOWN - _PATCH_HALF])) - 0.5
    axes = np.stack([basis.across, basis.down], axis=1) * basis.unit * step
    matrix = np.concatenate([axes, corner[:, None]], axis=1)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    cut = cv2.warpAffine(frame, matrix, (_PATCH, _PATCH), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(cv2.cvtColor(cut, cv2.COLOR_RGB2GRAY), np.float32)
