"""Open mouths of the speaker, collected while the source is looked through: their own teeth, for later.

Memory stays bounded: of each shot, one picture is kept for each combination of opening and turn, the sharpest seen; and
once memory is used up, shots that have many give some up for those that have few.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from engines.base import Frame
from engines.people.shape import INNER_RING, Floats, measure

#: Lower limits of the classes of opening and of turn.
_GAP_CLASSES = np.array([0.03, 0.045, 0.06, 0.08, 0.10, 0.13, 0.17, 0.22])
_YAW_CLASSES = np.array([-0.25, -0.08, 0.08, 0.25])
_MOST_PER_SHOT = 24
_MOST_BYTES = 32 << 20
_MARGIN = 0.07


@dataclass(frozen=True, slots=True)
class _Crop:
    score: float
    number: int
    left: int
    top: int
    picture: Frame


@dataclass(frozen=True, slots=True, kw_only=True)
class Bank:
    """Mouths to show: K crops of source frames.

    Attributes:
        number: int32 (K,), the source frame of each.
        place: int32 (K, 4), left, top, width, height of each in its frame.
        pixels: uint8 (bytes,), their RGB pixels one after another.
    """

    number: NDArray[np.int32]
    place: NDArray[np.int32]
    pixels: NDArray[np.uint8]

    def without(self, frames: NDArray[np.intp]) -> "Bank":
        """The mouths that were not seen in these source frames."""
        kept = np.flatnonzero(~np.isin(self.number, frames))
        pixels = [self.picture(int(index)).ravel() for index in kept]
        return Bank(
            number=self.number[kept],
            place=self.place[kept],
            pixels=np.concatenate([np.zeros(0, np.uint8), *pixels]),
        )

    def picture(self, index: int) -> Frame:
        """One crop, uint8 RGB (height, width, 3)."""
        sizes = self.place[:, 2].astype(np.int64) * self.place[:, 3] * 3
        start = int(sizes[:index].sum())
        _, _, width, height = self.place[index]
        return self.pixels[start : start + int(sizes[index])].reshape(height, width, 3)


def merged(banks: Sequence[Bank]) -> Bank:
    """The mouths of several banks, in the order of the source."""
    taken = [(bank, index) for bank in banks for index in range(len(bank.number))]
    taken.sort(key=lambda entry: int(entry[0].number[entry[1]]))
    pixels = [bank.picture(index).ravel() for bank, index in taken]
    return Bank(
        number=np.array([bank.number[index] for bank, index in taken], dtype=np.int32),
        place=np.array([bank.place[index] for bank, index in taken], dtype=np.int32).reshape(-1, 4),
        pixels=np.concatenate([np.zeros(0, np.uint8), *pixels]),
    )


class Collector:
    """Takes frames as they come and keeps the mouths worth keeping."""

    def __init__(self) -> None:
        self._kept: dict[tuple[int, int, int], _Crop] = {}
        self._bytes = 0

    def add(self, number: int, shot: int, frame: Frame, points: Floats, contrast: float) -> None:
        """Consider the mouth of one frame with its kept points (P, 2) and its `lips.mouth_contrast`."""
        seen = measure(points[None])
        gap_class = int(np.searchsorted(_GAP_CLASSES, seen.gap[0], side="right"))
        crop = _crop(frame, points, float(seen.unit[0]))
        if gap_class == 0 or crop is None:
            return
        key = (shot, gap_class, int(np.searchsorted(_YAW_CLASSES, seen.yaw[0])))
        left, top, picture = crop
        known = self._kept.get(key)
        score = _sharpness(picture) * contrast
        if known is not None and score <= known.score:
            return
        more_bytes = picture.nbytes - (known.picture.nbytes if known else 0)
        if self._makes_room(shot, more_bytes, is_new=known is None):
            self._bytes += more_bytes
            self._kept[key] = _Crop(score, number, left, top, picture)

    def _makes_room(self, shot: int, more_bytes: int, *, is_new: bool) -> bool:
        """Let the shot that has most give up its blurriest for one that would still have fewer; False if it may not."""
        of_shots = Counter(key[0] for key in self._kept)
        if is_new and of_shots[shot] >= _MOST_PER_SHOT:
            return False
        while self._bytes + more_bytes > _MOST_BYTES:
            richest, most = max(of_shots.items(), key=lambda item: item[1], default=(shot, 0))
            if most <= of_shots[shot] + is_new:
                return False
            worst = min((key for key in self._kept if key[0] == richest), key=lambda key: self._kept[key].score)
            self._bytes -= self._kept.pop(worst).picture.nbytes
            of_shots[richest] -= 1
        return True

    def bank(self) -> Bank:
        """All that was kept, in the order of the source."""
        crops = sorted(self._kept.values(), key=lambda crop: crop.number)
        places = [(crop.left, crop.top, crop.picture.shape[1], crop.picture.shape[0]) for crop in crops]
        pixels = [crop.picture.ravel() for crop in crops]
        return Bank(
            number=np.array([crop.number for crop in crops], dtype=np.int32),
            place=np.array(places, dtype=np.int32).reshape(-1, 4),
            pixels=np.concatenate(pixels) if pixels else np.zeros(0, np.uint8),
        )


def _crop(frame: Frame, points: Floats, unit: float) -> tuple[int, int, Frame] | None:
    """The mouth with a margin: left, top, pixels; None when it is not all in the picture."""
    ring = points[INNER_RING]
    low = np.floor(ring.min(0) - _MARGIN * unit).astype(int)
    high = np.ceil(ring.max(0) + _MARGIN * unit).astype(int)
    if (low < 0).any() or (high > [frame.shape[1], frame.shape[0]]).any():
        return None
    return int(low[0]), int(low[1]), frame[low[1] : high[1], low[0] : high[0]].copy()


def _sharpness(picture: Frame) -> float:
    """Energy of the Laplacian (Pertuz et al., "Analysis of focus measure operators", 2013)."""
    luma = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    return float(cv2.Laplacian(luma, cv2.CV_32F).var())
