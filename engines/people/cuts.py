"""Cuts: where one shot of a video ends and the next begins, whoever is seen in them."""

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from engines.base import Frame

#: Pictures are compared as so many by so many patches, each seen in so many by so many pixels.
_PATCHES, _PIXELS = 16, 2
#: Two frames are of different shots if their patches correlate less than this and differ by more than that, of 255.
_ALIKE, _CHANGED = 0.55, 8.0


class CutFinder:
    """Compares each frame with the one before it."""

    def __init__(self) -> None:
        self._before: NDArray[np.float32] | None = None

    def cuts(self, frame: Frame) -> bool:
        """Whether this frame, uint8 RGB (H, W, 3), begins another shot than the one given before."""
        seen, before = _patches(frame), self._before
        self._before = seen
        if before is None or before.shape != seen.shape or np.abs(seen - before).mean() <= _CHANGED:
            return False
        return _likeness(seen, before) < _ALIKE


def shots_of(frames: Iterable[Frame], finder: CutFinder) -> Iterator[tuple[bool, list[Frame]]]:
    """Frames in groups that hold no cut, and whether each comes after one.

    The finder remembers the last frame for the next call.
    """
    group: list[Frame] = []
    follows_cut = False
    for frame in frames:
        if finder.cuts(frame):
            if group:
                yield follows_cut, group
            follows_cut, group = True, []
        group.append(frame)
    if group:
        yield follows_cut, group


def _patches(frame: Frame) -> NDArray[np.float32]:
    """Means of sparse pixels in each patch, float32 (P, P, 3): fine detail does not count, nor need it be read."""
    height, width = frame.shape[:2]
    count = _PATCHES * _PIXELS
    rows = (np.arange(count) * height + height // 2) // count
    columns = (np.arange(count) * width + width // 2) // count
    seen = frame[rows[:, None], columns].astype(np.float32)
    return np.asarray(seen.reshape(_PATCHES, _PIXELS, _PATCHES, _PIXELS, 3).mean((1, 3)), dtype=np.float32)


def _likeness(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """Correlation of two pictures' brightness, -1..1."""
    a, b = (picture.mean(2).ravel() for picture in (one, other))
    a, b = a - a.mean(), b - b.mean()
    return float(a @ b / max(float(np.linalg.norm(a) * np.linalg.norm(b)), 1e-6))
