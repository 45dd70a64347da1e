"""Things before the mouth: hands, microphones, cups. The mesh reports a mouth even there, so it is told by its colours.

Each point of the mesh about the mouth keeps its colour, compared with the cheeks', through a shot: speech moves the
points, and what lies on the skin moves with them. Where many of them take on another colour, something is before them.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from engines.base import Frame
from engines.people.stretches import flagged, widened

Landmarks = NDArray[np.float32]
Floats = NDArray[np.float32]

_CHEEKS = (50, 280, 101, 330, 36, 266)
_AROUND_MOUTH = (
    *(164, 167, 393, 165, 391, 92, 322, 186, 410, 0, 37, 267, 39, 269, 17, 84, 314, 181, 405, 61, 291),
    *(18, 83, 313, 182, 406, 200, 201, 421, 194, 418, 199, 208, 428, 57, 287, 43, 273, 202, 422, 212, 432),
    *(216, 436, 206, 426, 205, 425, 106, 335, 204, 424),
)
_POINTS = np.array([*_CHEEKS, *_AROUND_MOUTH])
#: Colours that `colours_of` gives of each face.
COLOURS = len(_AROUND_MOUTH) + 1

#: Over how much of the face, in inter-ocular distances, each colour is averaged.
_PATCH = 0.06
#: What is added to colours 0..255 before they are compared: the dark is noisy.
_DARK = 12.0
#: A colour is another from this ratio on (as a logarithm), or from so many times its usual spread and this.
_OTHER, _LEAST_OTHER, _SPREADS = 0.45, 0.14, 5.0
#: From which share of the points on something is before the mouth, and until which it still is.
_BEGINS, _ENDS = 0.26, 0.12
#: A hand that leaves for less than this has not left; it is before the mouth for this longer at either end.
_BRIDGED_S, _MARGIN_S = 0.3, 0.06
#: A shot this long tells by itself how its face looks; a shorter one by all that is seen of the person.
_ACQUAINTED_S = 1.5


def colours_of(frame: Frame, landmarks: Landmarks, unit: float) -> NDArray[np.uint8]:
    """The colour of the cheeks, then those of points about the mouth: uint8 RGB (`COLOURS`, 3).

    Args:
        frame: uint8 RGB (H, W, 3).
        landmarks: (468, 2) in pixels.
        unit: inter-ocular distance in pixels.
    """
    points = landmarks[_POINTS]
    margin = _PATCH * unit + 2
    low = np.maximum(np.floor(points.min(0) - margin), 0).astype(int)
    high = np.minimum(np.ceil(points.max(0) + margin), [frame.shape[1], frame.shape[0]]).astype(int)
    if (high - low).min() < 2:
        return np.zeros((COLOURS, 3), dtype=np.uint8)
    # A face is described well enough at some 60 pixels between its eyes.
    step = max(1, int(unit / 60))
    part = np.ascontiguousarray(frame[low[1] : high[1] : step, low[0] : high[0] : step])
    size = max(1, round(_PATCH * unit / step))
    places = ((points - low - 0.5) / step).astype(np.float32)
    soft = cv2.blur(part, (size, size))
    seen = cv2.remap(
        soft, places[None, :, 0].copy(), places[None, :, 1].copy(), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )[0]
    cheeks = np.median(seen[: len(_CHEEKS)], axis=0)
    return np.concatenate([cheeks[None], seen[len(_CHEEKS) :]]).astype(np.uint8)


def covered(colours: NDArray[np.uint8], shots: NDArray[np.int32], fps: float) -> NDArray[np.bool_]:
    """Frames in which something is before the mouth of one person.

    Args:
        colours: uint8 (N, COLOURS, 3), see `colours_of`.
        shots: int32 (N,), -1 where the face is not seen.
        fps: frames per second.
    """
    result = np.zeros(len(shots), dtype=bool)
    seen = shots >= 0
    if not seen.any():
        return result
    looks = _relative(colours)
    whole = _usual(looks[seen])
    for shot in np.unique(shots[seen]):
        frames = np.flatnonzero(shots == shot)
        usual = _usual(looks[frames]) if len(frames) >= _ACQUAINTED_S * fps else whole
        result[frames] = _lasting(_changed(looks[frames], *usual), fps)
    return result


def _relative(colours: NDArray[np.uint8]) -> Floats:
    """Colours (N, P, 3) as logarithms of their ratios to the cheeks'."""
    values = np.log(colours.astype(np.float32) + np.float32(_DARK))
    return np.asarray(values[:, 1:] - values[:, :1])


def _usual(looks: Floats) -> tuple[Floats, Floats]:
    """The usual colour of each point and its spread, robustly (median absolute deviation)."""
    middle = np.median(looks, axis=0)
    return middle, np.float32(1.48) * np.median(np.abs(looks - middle), axis=0)


def _changed(looks: Floats, middle: Floats, spread: Floats) -> Floats:
    """The share of points (N,) that show another colour than usual."""
    away = np.abs(looks - middle)
    far = (away > _OTHER).any(-1).mean(1)
    unusual = (away > _LEAST_OTHER + _SPREADS * spread).any(-1).mean(1)
    return np.asarray(np.maximum(far, unusual), dtype=np.float32)


def _lasting(share: Floats, fps: float) -> NDArray[np.bool_]:
    """Where the share of changed points is large, with hysteresis, short gaps bridged."""
    result = np.zeros(len(share), dtype=bool)
    for start, end in flagged(share >= _ENDS):
        if share[start:end].max() >= _BEGINS:
            result[start:end] = True
    for start, end in flagged(~result):
        inner = start > 0 and end < len(share)
        if inner and end - start <= _BRIDGED_S * fps:
            result[start:end] = True
    return widened(result, round(_MARGIN_S * fps))
