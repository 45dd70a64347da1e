"""Stretches of frames in which something stays as it is."""

from itertools import pairwise

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
