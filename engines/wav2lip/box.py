"""Where the network's square of a face is, as the public code cuts it.

The checkpoints were trained on the boxes of a detector (S3FD; Zhang et al., 2017, "S3FD: Single Shot Scale-invariant
Face Detector") that was trained in turn on the WIDER FACE set, whose annotators were told to draw boxes around
forehead, chin and cheeks. So a box here goes from the hairline to the chin and from ear to ear: its eyes are at two
fifths of its height and its mouth at three quarters, where detectors trained on that set have them. The rest is the
public code's own: ten pixels more below the chin, corners in whole pixels, and the mean of this box and the next four.
"""

import numpy as np
from numpy.typing import NDArray

from engines.people.shape import oval_of
from engines.people.stretches import stretches

#: Pixels added below.
_BELOW = 10
#: How many boxes are averaged.
_AVERAGED = 5


def face_boxes(points: NDArray[np.float32], shots: NDArray[np.int32], width: int, height: int) -> NDArray[np.int32]:
    """Left, top, right and bottom of a face in N source frames: int32 (N, 4), within the picture.

    Args:
        points: float32 (N, P, 2), kept mesh points, in pixels, steadied.
        shots: int32 (N,), below 0 where there is no face; the box is empty there.
        width: of the picture.
        height: likewise.
    """
    boxes = np.zeros((len(points), 4), np.int32)
    for frame in np.flatnonzero(shots >= 0):
        boxes[frame] = _box(points[frame].astype(np.float64))
    boxes[shots >= 0] = padded(boxes[shots >= 0], width, height)
    for start, end in stretches(shots):
        boxes[start:end] = averaged(boxes[start:end])
    return boxes


def _box(points: NDArray[np.float64]) -> NDArray[np.int32]:
    """What a detector would say of one face's kept points (P, 2)."""
    oval = oval_of(points)
    reach = np.hypot(oval.across, oval.down)
    return np.concatenate([oval.middle - reach, oval.middle + reach]).astype(np.int32)


def padded(boxes: NDArray[np.int32], width: int, height: int) -> NDArray[np.int32]:
    """Boxes (N, 4) with room below the chin, cut off at the picture's edges."""
    return np.clip(boxes + np.array([0, 0, 0, _BELOW], np.int32), 0, np.array([width, height] * 2, np.int32))


def averaged(boxes: NDArray[np.int32]) -> NDArray[np.int32]:
    """The mean of each box (N, 4) and the four after it, in whole pixels; the last ones share the last five.

    There the public code counts in those that it has averaged already, and so does this.
    """
    mean = boxes.copy()
    for number in range(len(boxes)):
        start = max(min(number, len(boxes) - _AVERAGED), 0)
        mean[number] = mean[start : start + _AVERAGED].mean(0)
    return mean
