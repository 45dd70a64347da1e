"""Tracks of a face through a video, made steady."""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from engines.people.faces import Landmarks, jumps
from engines.people.mesh import LIPS, POINTS

# Half the width of the smoothing window, in seconds.
_HALF_WINDOW_S = 0.12
# Lips may open and close within three frames, so their own movement is hardly smoothed.
_LIPS_KERNEL = (0.1, 0.8, 0.1)
_BESIDE_LIPS = tuple(sorted(set(range(POINTS)) - set(LIPS)))


def smooth_track(landmarks: Landmarks, present: NDArray[np.bool_], fps: float) -> Landmarks:
    """Take the tremor out of a track without delaying it or opening closed lips.

    A Savitzky-Golay filter of second order (Savitzky & Golay, 1964) over each unbroken run; runs end where the face is
    absent and where it jumps, as at a cut. The lips follow the steadied face and keep nearly all of their own movement.

    Args:
        landmarks: float32 (T, 468, 2) in pixels; values of absent frames do not matter.
        present: bool (T,), where there is a face.
        fps: frame rate, above 0.

    Returns:
        float32 (T, 468, 2); absent frames are as they were.
    """
    smooth = landmarks.astype(np.float32, copy=True)
    for run in _runs(landmarks, present):
        smooth[run] = _savitzky_golay(landmarks[run], round(_HALF_WINDOW_S * fps))
        correction = (smooth[run] - landmarks[run])[:, _BESIDE_LIPS].mean(1, keepdims=True)
        smooth[run, LIPS] = _three_frames(landmarks[run][:, LIPS] + correction)
    return smooth


def _runs(landmarks: Landmarks, present: NDArray[np.bool_]) -> Iterator[slice]:
    """The unbroken runs of a track."""
    joined = present[1:] & present[:-1] & ~jumps(landmarks[:-1], landmarks[1:])
    for start, end in pairwise([0, *(np.flatnonzero(~joined) + 1).tolist(), len(present)]):
        if present[start:end].any():
            yield slice(start, end)


def _savitzky_golay(values: Landmarks, half: int) -> Landmarks:
    """Fit a parabola around each of T frames and take its value there; at the ends, that of the outermost fit."""
    half = min(half, (len(values) - 1) // 2)
    powers = np.vander(np.arange(-half, half + 1), 3)
    fit = powers @ np.linalg.pinv(powers)
    width = 2 * half + 1
    series = values.reshape(len(values), -1).astype(np.float64)
    middle = np.einsum(
        "w,twc->tc", fit[half], np.lib.stride_tricks.sliding_window_view(series, width, 0).swapaxes(1, 2)
    )
    smooth = np.concatenate([fit[:half] @ series[:width], middle, fit[half + 1 :] @ series[-width:]])
    return smooth.reshape(values.shape).astype(np.float32)


def _three_frames(values: Landmarks) -> Landmarks:
    """Weighted mean of each frame and its two neighbours."""
    before, now, after = _LIPS_KERNEL
    padded = np.concatenate([values[:1], values, values[-1:]])
    return np.asarray(before * padded[:-2] + now * padded[1:-1] + after * padded[2:], np.float32)
