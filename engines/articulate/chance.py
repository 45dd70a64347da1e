"""What the speech leaves open: nobody opens the mouth equally far for the same word twice."""

import numpy as np
from numpy.typing import NDArray

#: Standard deviation of the opening's variation, as a share of it, and the deviations at which it is cut off.
_SHARE, _MOST = 0.04, 2.5
#: After twice this time what is left of a deviation is a third (1/e).
_SIGMA_S = 0.35


def vary_opening(seed: int, speaker: int, frames: int, fps: float) -> NDArray[np.float32]:
    """Factors on the opening of the mouth, float32 (frames,), that wander slowly about 1.

    Args:
        seed: any integer; the same one gives the same factors.
        speaker: number of the voice, so that two do not move alike.
        frames: how many.
        fps: frames per second.
    """
    random = np.random.default_rng([abs(seed), int(seed < 0), speaker])
    sigma = _SIGMA_S * fps
    reach = int(np.ceil(3 * sigma))
    bell = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    noise = random.standard_normal(frames + 2 * reach)
    wandering = np.convolve(noise, bell / np.linalg.norm(bell), mode="valid")
    return (1 + _SHARE * np.clip(wandering, -_MOST, _MOST)).astype(np.float32)
