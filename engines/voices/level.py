"""One loudness for all voices."""

import numpy as np
from numpy.typing import NDArray

#: Root mean square of speech, pauses left out, as a share of full scale: -20 dB. The highest peak allowed: -1 dB.
SPEECH_RMS = 0.1
PEAK = 0.89
_STEP = 480
_PAUSE = 0.05


def even_out(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Scale speech to `SPEECH_RMS`, or less where a peak would rise above `PEAK`.

    Args:
        samples: float32 (N,); silence stays as it is.
    """
    steps = samples[: len(samples) // _STEP * _STEP].reshape(-1, _STEP)
    power = np.mean(np.square(steps), axis=1)
    spoken = power[power > _PAUSE**2 * power.max(initial=0.0)]
    peak = float(np.abs(samples).max(initial=0.0))
    if not spoken.size or not peak:
        return samples
    gain = min(SPEECH_RMS / float(np.sqrt(spoken.mean())), PEAK / peak)
    return samples * np.float32(gain)
