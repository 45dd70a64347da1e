"""Heads that lean: networks that draw faces know upright ones, and crops are not turned."""

import numpy as np
from numpy.typing import NDArray

from engines.people.shape import places

#: Degrees that a head may lean before drawing begins to fade, and where it has ended.
_LEANING = 35.0, 60.0
_EYES = places((33, 263))


def upright(points: NDArray[np.float32]) -> NDArray[np.float32]:
    """How fully leaning heads can be drawn: 1 if upright, 0 if they lie or stand on their head; float32 (N,).

    Args:
        points: float32 (N, P, 2), kept mesh points, in pixels.
    """
    across = points[:, _EYES[1]] - points[:, _EYES[0]]
    lean = np.degrees(np.abs(np.arctan2(across[:, 1], across[:, 0])))
    full, none = _LEANING
    return np.asarray(np.clip((none - lean) / (none - full), 0, 1), np.float32)
