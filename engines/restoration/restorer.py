"""A face made clearer by a face-restoration network, frame by frame, so that it does not flicker.

The network sees the aligned face alone. Of what it gives back the fine part is taken: tones over larger distances stay
those of the frame, as a network's own would come and go. Not its picture but what it changed is put into the frame, so
that what it leaves as it is stays as sharp as in the frame.
"""

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from engines.base import Frame, Waiting
from engines.people.shape import oval_of, turn_of
from engines.restoration.alignment import SIDE, Alignment, Picture
from engines.restoration.base import unwatched
from engines.smoothstep import smoothstep

#: Draws the aligned face, float32 RGB (512, 512, 3) in 0..255, anew; says at least every second that it is alive.
Restore = Callable[[Picture, Waiting], Picture]

#: Tones that change over more than this many pixels of the aligned face stay as they are; its eyes are 126 apart.
_TONES = 40.0
#: Pixels of the aligned face over which the change fades out towards its edges.
_EDGE = 32
#: Turns of the head at which the change begins to fade and has ended: the networks know faces from the front.
_TURNED = 0.55, 0.8


class Restorer:
    """Enhances by a network.

    Args:
        restore: the network; the same picture gives the same picture.
        summary: what it is and under which licence.
    """

    def __init__(self, restore: Restore, summary: str) -> None:
        self._restore = restore
        self.summary = summary

    def enhance(
        self,
        frame: Frame,
        points: NDArray[np.float64],
        grain: float,
        share: float = 1.0,
        alive: Waiting = unwatched,
    ) -> Frame:
        """See `engines.restoration.base.Enhancer`; the network sees the grain for itself."""
        full, none = _TURNED
        share *= float(np.clip((none - abs(turn_of(points))) / (none - full), 0, 1))
        alignment = Alignment.of(points, frame.shape[1], frame.shape[0])
        if share <= 0 or alignment is None:
            return frame
        face = alignment.taken(frame)
        change = alignment.put_back(_WINDOW * _fine(self._restore(face, alive) - face))
        rows, columns = alignment.rows, alignment.columns
        change *= np.float32(share) * oval_of(points).mask(rows, columns)[..., None]
        result = frame.copy()
        result[rows, columns] = np.clip(np.rint(frame[rows, columns] + change), 0, 255).astype(np.uint8)
        return result


def _fine(change: Picture) -> Picture:
    """The part of a change (512, 512, 3) that is no change of tone."""
    return np.asarray(change - cv2.GaussianBlur(change, (0, 0), _TONES), dtype=np.float32)


def _window() -> Picture:
    """1 in the middle of the aligned picture, 0 on its edges; float32 (512, 512, 1)."""
    inward = np.minimum(np.arange(SIDE), np.arange(SIDE)[::-1])
    line = smoothstep(inward / _EDGE).astype(np.float32)
    return np.asarray(line[:, None] * line)[..., None]


_WINDOW = _window()
