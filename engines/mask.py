"""A picture that says what may change: where it is white everything, where it is black nothing."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from contracts.errors import UnreadableMedia
from engines.base import Frame
from engines.pixels import inner_size, placed
from engines.stills import read_still

#: Luminance 0..255 (H, W).
Mask = NDArray[np.uint8]

#: Aspects that differ by less than this do so for rounding's sake.
_SAME_ASPECT = 0.02
#: Stored as JPEG, black and white come back a little off.
_NEARLY = 8


def read_mask(path: Path, field: str, source: tuple[int, int], size: tuple[int, int]) -> Mask:
    """Read a mask and bring it to the output's size as the source is: bars around it are dark.

    Args:
        path: a PNG, JPEG or WebP file; what is transparent counts as white.
        field: the request's field it came in, for error messages.
        source: width and height of the picture or video that it masks, whose aspect it must have.
        size: width and height of the output.

    Raises:
        UnreadableMedia: when it is no picture, or of another aspect.
    """
    luminance = np.asarray(cv2.cvtColor(read_still(path, field), cv2.COLOR_RGB2GRAY), np.uint8)
    height, width = luminance.shape
    if abs(width * source[1] / (height * source[0]) - 1) > _SAME_ASPECT:
        raise UnreadableMedia(
            f"the mask is {width} x {height} pixels, and what it masks is {source[0]} x {source[1]}",
            field=field,
            remedy=f"Send a mask of {source[0]} x {source[1]} pixels, or of the same aspect.",
        )
    inner = inner_size(source, size)
    shrinks = inner[0] < width
    scaled = cv2.resize(luminance, inner, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
    stretched = (scaled.astype(np.float32) - _NEARLY) * (255 / (255 - 2 * _NEARLY))
    return placed(np.clip(np.rint(stretched), 0, 255).astype(np.uint8), size)


def masked(
    frames: Iterable[Frame], mask: Mask | None, draw: Callable[[Iterator[Frame]], Iterable[Frame]]
) -> Iterator[Frame]:
    """What is drawn of frames, less what changed where a mask is dark.

    Args:
        frames: as they were.
        mask: of the frames' size; without one all that is drawn stays.
        draw: makes one frame of each.
    """
    if mask is None:
        yield from draw(iter(frames))
        return
    keeper, waiting = _Keeper(mask), deque[Frame]()

    def passed_on() -> Iterator[Frame]:
        for frame in frames:
            waiting.append(frame)
            yield frame

    for drawn in draw(passed_on()):
        # Whoever draws more frames than there are is told so by their number.
        yield keeper.kept(waiting.popleft(), drawn) if waiting else drawn


class _Keeper:
    def __init__(self, mask: Mask) -> None:
        self._drawn_share = mask / np.float32(255)
        self._source_share = 1 - self._drawn_share

    def kept(self, source: Frame, drawn: Frame) -> Frame:
        """The drawn pixels where the mask is white, the source's where it is black, between in between."""
        if drawn is source:
            return drawn
        # Its sums are rounded, so where one share is 0 the other's pixel comes through bit for bit.
        return np.asarray(cv2.blendLinear(source, drawn, self._source_share, self._drawn_share), dtype=np.uint8)
