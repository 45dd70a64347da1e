"""What the speech leaves open, drawn by seed: nobody opens the mouth equally far for the same word twice."""

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
    wandering = wander(generator(seed, speaker), frames, _SIGMA_S * fps, columns=1)[:, 0]
    return (1 + _SHARE * np.clip(wandering, -_MOST, _MOST)).astype(np.float32)


def generator(seed: int, speaker: int, *motion: int) -> np.random.Generator:
    """The chance in one motion of one speaker; the same numbers always give the same one.

    Args:
        seed: any integer.
        speaker: number of the voice.
        motion: which of the speaker's motions; none stands for the opening of the mouth.
    """
    return np.random.default_rng([abs(seed), int(seed < 0), speaker, *motion])


def wander(random: np.random.Generator, frames: int, sigma: float, columns: int) -> NDArray[np.float64]:
    """Noise of deviation 1, (frames, columns), smoothed by a Gaussian bell of `sigma` frames."""
    reach = int(np.ceil(3 * sigma))
    bell = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    bell /= np.linalg.norm(bell)
    rough = random.standard_normal((frames + 2 * reach, columns))
    return np.stack([np.convolve(column, bell, mode="valid") for column in rough.T], axis=1)
