"""The smooth step of computer graphics: from 0 to 1 without a jolt at either end."""

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

F = TypeVar("F", bound=np.floating)


def smoothstep(part: NDArray[F]) -> NDArray[F]:
    """Hermite's cubic 3 p^2 - 2 p^3 of each p, which is clipped to 0..1; of the same shape and dtype."""
    part = np.clip(part, 0, 1)
    return np.asarray(part * part * (3 - 2 * part), dtype=part.dtype)
