"""Stretches of frames in which something stays as it is, and what is smoothed within each of them."""

from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray


def stretches(values: NDArray[np.integer] | NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Start and end of each run of equal values (N,), in their order; none of none."""
    bounds = [0, *(np.flatnonzero(np.diff(values)) + 1).tolist(), len(values)]
    return [(start, end) for start, end in pairwise(bounds) if end > start]


def flagged(flags: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Start and end of each run of flagged frames (N,)."""
    return [(start, end) for start, end in stretches(flags) if flags[start]]


def widened(flags: NDArray[np.bool_], reach: int) -> NDArray[np.bool_]:
    """Frames (N,) within so many of a flagged one."""
    result = flags.copy()
    for start, end in flagged(flags):
        result[max(start - reach, 0) : end + reach] = True
    return result


def smooth_within(track: NDArray[np.floating], shots: NDArray[np.int32], sigma: float) -> NDArray[np.float32]:
    """Smooth a track (N,) or (N, C) by a Gaussian of `sigma` frames, within each shot; shot -1 is left as it is."""
    smooth = track.astype(np.float32, copy=True)
    for shot in np.unique(shots[shots >= 0]):
        of_shot = shots == shot
        columns = smooth[of_shot].reshape(int(of_shot.sum()), -1)
        blurred = cv2.GaussianBlur(
            columns, (1, 2 * round(2.5 * sigma) + 1), 1, sigmaY=sigma, borderType=cv2.BORDER_REPLICATE
        )
        smooth[of_shot] = blurred.reshape(smooth[of_shot].shape)
    return smooth
