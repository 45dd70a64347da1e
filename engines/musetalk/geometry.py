"""The box of a face that MuseTalk draws: half of it above the nose's bridge, half below, from cheek to cheek.

The public code takes it from 68 landmarks; here they are those of the mesh.
"""

import numpy as np
from numpy.typing import NDArray

from engines.people.shape import places
from engines.people.stretches import smooth_within

_BETWEEN_EYES, _NOSE_TIP = places((168, 1))
#: How far down the nose's ridge the third of the four points is that 68 landmarks have on it.
_THIRD_POINT = 0.64
#: What is cut off below the chin, in parts of the box's height: the public code's 10 pixels, of a box of 256.
_BELOW_CHIN = 10 / 256
#: Standard deviation, in seconds, of what evens boxes out: their top goes up as the jaw goes down, and what is seen in
#: a box that shivers is drawn shivering.
_STEADY_S = 0.08


def face_boxes(
    points: NDArray[np.float32], shots: NDArray[np.int32], fps: float, width: int, height: int
) -> NDArray[np.int32]:
    """Boxes int32 (N, 4): left, top, right and bottom, within the picture.

    Args:
        points: float32 (N, P, 2), kept mesh points, in pixels.
        shots: int32 (N,), number of the shot, below 0 where there is no face; the box is empty there.
        fps: frames per second.
        width: of the picture, in pixels.
        height: of the picture, in pixels.
    """
    left, right = points[..., 0].min(1), points[..., 0].max(1)
    chin = points[..., 1].max(1)
    between, tip = points[:, _BETWEEN_EYES, 1], points[:, _NOSE_TIP, 1]
    middle = between + np.float32(_THIRD_POINT) * (tip - between)
    half = chin - middle
    bottom = chin + np.float32(_BELOW_CHIN) * 2 * half
    boxes = np.stack([left, middle - half, right, bottom], axis=1)
    steady = smooth_within(boxes, shots, _STEADY_S * fps)
    return np.asarray(np.clip(np.rint(steady), 0, [width, height, width, height]), np.int32)
