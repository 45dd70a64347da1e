"""When somebody speaks: what the network hears, held against how loud it is."""

import numpy as np
from numpy.typing import NDArray

Track = NDArray[np.float32]

#: A recording whose loud moments are below this is silence, in dB of full scale: from certainly to hardly.
_FAINT_DB = (-65.0, -55.0)
#: A recording whose loud moments rise this little over its quiet ones is steady noise: from certainly to hardly.
_STEADY_DB = (3.0, 6.0)
#: A moment this far below the loud ones is a pause: from certainly to hardly.
_PAUSE_DB = (-50.0, -35.0)
_HEARD = (0.25, 0.65)
#: Standard deviation of the smoothing, in frames of 10 ms: the mouth wakes a little early and rests a little late.
_EASE = 5.0


def activity(silence: Track, levels_db: Track) -> Track:
    """How much speech is present at each frame, 0..1, whatever the recording's gain.

    Args:
        silence: float32 (N,), probability that nobody speaks.
        levels_db: float32 (N,), loudness in dB of full scale.
    """
    quiet, loud = np.percentile(levels_db, (5, 95))
    present = ramp(loud, _FAINT_DB) * ramp(loud - quiet, _STEADY_DB)
    voiced = ramp(smooth(levels_db, 2.0) - loud, _PAUSE_DB)
    heard = ramp(smooth(1 - silence, 2.0), _HEARD)
    return smooth((present * voiced * heard).astype(np.float32), _EASE)


def ramp(values: Track | np.floating, span: tuple[float, float]) -> Track:
    """0 below the span, 1 above it, a smooth step between."""
    unit = np.clip((values - span[0]) / (span[1] - span[0]), 0.0, 1.0)
    return np.asarray(unit * unit * (3 - 2 * unit), np.float32)


def smooth(track: Track, deviation: float) -> Track:
    """The track under a Gaussian bell of this standard deviation in frames; its ends hold."""
    reach = int(3 * deviation)
    bell = np.exp(-0.5 * (np.arange(-reach, reach + 1) / deviation) ** 2)
    padded = np.pad(track, reach, mode="edge")
    return np.convolve(padded, bell / bell.sum(), mode="valid").astype(np.float32)
