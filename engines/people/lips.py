"""What the pixels say of the lips where landmarks are vague: whether they are open, and where their edges are."""

import cv2
import numpy as np
from numpy.typing import NDArray

from engines.base import Frame
from engines.people.shape import (
    INNER_CORNERS,
    LOWER_INNER,
    LOWER_OUTER,
    OUTER_CORNERS,
    UPPER_INNER,
    UPPER_OUTER,
)

Landmarks = NDArray[np.float32]

_OUTER = np.array([*OUTER_CORNERS[:1], *UPPER_OUTER, *OUTER_CORNERS[1:], *LOWER_OUTER[::-1]])
_INNER = np.array([*INNER_CORNERS[:1], *UPPER_INNER, *INNER_CORNERS[1:], *LOWER_INNER[::-1]])
_EDGES = np.array([*UPPER_INNER, *LOWER_INNER])
_RIMS = np.array([*UPPER_OUTER, *LOWER_OUTER])

#: How far into the lip teeth are looked for, in parts of its thickness, and in how many steps.
_DEEPEST, _STEPS = 0.5, 9
#: Teeth are brighter than the lip by this factor and of less colour by that.
_BRIGHTER, _PALER = 1.2, 0.65
#: On lips of less colour than this, of marble or in black and white, nothing can be told from them by its colour.
_LEAST_COLOUR = 0.20
_BINOMIAL = np.array([1, 4, 6, 4, 1]) / 16


def mouth_contrast(frame: Frame, landmarks: Landmarks) -> float:
    """How much darker or brighter the inside of the mouth is than the lips, over the lips' own brightness.

    Args:
        frame: uint8 RGB (H, W, 3).
        landmarks: (468, 2).

    Returns:
        0 when the lips are closed, whatever the landmarks say.
    """
    outer, inner = landmarks[_OUTER], landmarks[_INNER]
    low = np.maximum(np.floor(outer.min(0)), 0).astype(int)
    high = np.minimum(np.ceil(outer.max(0)), [frame.shape[1], frame.shape[0]]).astype(int)
    if (high - low).min() < 4:
        return 0.0
    luma = cv2.cvtColor(frame[low[1] : high[1], low[0] : high[0]], cv2.COLOR_RGB2GRAY)
    mask = np.zeros(luma.shape, dtype=np.uint8)
    for value, ring in ((1, outer), (2, inner)):
        cv2.fillPoly(mask, [np.round((ring - low - 0.5) * 16).astype(np.int32)], value, shift=4)
    inside, lips = luma[mask == 2], luma[mask == 1]
    if len(inside) < 6 or len(lips) < 6:
        return 0.0
    usual = float(np.median(lips))
    dark, bright = np.percentile(inside, [15, 85])
    return float(max(usual - dark, bright - usual) / (usual + 20))


def refine_edges(frame: Frame, landmarks: Landmarks) -> Landmarks:
    """Move the inner edges of the lips off the teeth, which the mesh at times takes for lip.

    From each point of an edge, teeth are followed into the lip: pixels brighter and paler than the lip's middle,
    without a break, so that a highlight on the lip is not taken for one. The edge stays as smooth as it was.

    Args:
        frame: uint8 RGB (H, W, 3).
        landmarks: float32 (468, 2); not changed.

    Returns:
        float32 (468, 2).
    """
    parts = np.linspace(0, _DEEPEST, _STEPS, dtype=np.float32)
    across = landmarks[_EDGES, None] + parts[:, None] * (landmarks[_RIMS] - landmarks[_EDGES])[:, None]
    places = across.astype(np.float32) - np.float32(0.5)
    colours = cv2.remap(
        frame, places[..., 0].copy(), places[..., 1].copy(), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    pixels = np.asarray(colours, dtype=np.float32)
    bright = pixels.max(-1)
    colour = (bright - pixels.min(-1)) / np.maximum(bright, 1)
    lip_bright, lip_colour = np.median(bright[:, _STEPS // 2 :]), np.median(colour[:, _STEPS // 2 :])
    if lip_colour < _LEAST_COLOUR:
        return landmarks
    teeth = (bright > _BRIGHTER * lip_bright) & (colour < _PALER * lip_colour)
    depth = np.concatenate([_smooth_depth(teeth[: len(UPPER_INNER)]), _smooth_depth(teeth[len(UPPER_INNER) :])])
    refined = landmarks.copy()
    refined[_EDGES] += (depth[:, None] * (landmarks[_RIMS] - landmarks[_EDGES])).astype(np.float32)
    return refined


def _smooth_depth(teeth: NDArray[np.bool_]) -> Landmarks:
    """How deep teeth reach into one lip, in parts of its thickness, (columns,); `teeth` is (columns, steps).

    They may begin a step or two in, where the edge's own shade is.
    """
    begun = teeth | (np.arange(_STEPS) < 2)
    steps = np.logical_and.accumulate(begun, axis=1).sum(1) * teeth[:, :3].any(1)
    depth = _DEEPEST * np.clip(steps / (_STEPS - 1), 0, 1)
    padded = np.pad(depth, 1)
    widest = np.maximum(np.maximum(padded[:-2], padded[2:]), depth)
    return np.asarray(np.convolve(np.pad(widest, 2), _BINOMIAL, mode="valid"), dtype=np.float32)
