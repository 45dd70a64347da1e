"""What of a face speech changes: the part of it below the nose, down to where an open jaw reaches."""

import numpy as np
from numpy.typing import NDArray

from engines.people.shape import places

#: Mesh points around the lower face: from the right ear along the jaw to the left one, and back under the nose.
_JAW = (132, 58, 172, 136, 150, 149, 176, 148, 152, 377, 400, 378, 379, 365, 397, 288, 361)
_UNDER_NOSE = (327, 2, 98)
_RING = places((*_JAW, *_UNDER_NOSE))
_NOSE, _CHIN = places((2, 152))
#: A chin goes down by this part of its distance to the nose when the mouth opens.
_DROP = 0.10


def lower_faces(points: NDArray[np.float32]) -> NDArray[np.float32]:
    """Outlines of lower faces: float32 (N, 20, 2), in pixels.

    Args:
        points: float32 (N, P, 2), kept mesh points, in pixels.
    """
    nose, ring = points[:, None, _NOSE], points[:, _RING]
    down = points[:, None, _CHIN] - nose
    length = np.maximum((down * down).sum(-1, keepdims=True), np.float32(1e-6))
    below = np.maximum(((ring - nose) * down).sum(-1, keepdims=True) / length, 0)
    return np.asarray(ring + np.float32(_DROP) * below * down, np.float32)
