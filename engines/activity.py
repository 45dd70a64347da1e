"""When somebody speaks: what the network hears, held against how loud it is."""

import numpy as np
from numpy.typing import NDArray

from engines.smoothstep import smoothstep

Track = NDArray[np.float32]

#: A recording whose loud moments are below this is silence, in dB of full scale: from certainly to hardly.
_FAINT_DB = (-65.0, -55.0)
#: A recording whose loud moments rise this little over its quiet ones is steady noise: from certainly to hardly.
_STEADY_DB = (3.0, 6.0)
#: A moment this far below the loud ones is a pause: from certainly to hardly.
_PAUSE_DB = (-42.0, -30.0)
#: So is one that rises over the room's own noise by no more than this share of what the loud ones do, in dB.
_ROOM_SHARE = (0.08, 0.20)
#: Speech is about as loud as the loudest stretch of so long, in frames, even if all else is silence.
_PHRASE = 20.0
_HEARD = (0.25, 0.65)
#: A mouth gets ready so long before speech and waits as long after it, in frames: it does not shut between words.
_WAIT = 10
#: Standard deviation of the smoothing, in frames of 10 ms: the mouth wakes a little early and rests a little late.
_EASE = 5.0


def activity(silence: Track, levels_db: Track) -> Track:
    """How much speech is present at each frame, 0..1, whatever the recording's gain.

    Args:
        silence: float32 (N,), probability that nobody speaks.
        levels_db: float32 (N,), loudness in dB of full scale.
    """
    quiet, usual = (np.float32(level) for level in np.percentile(levels_db, (5, 95)))
    loud = max(usual, np.float32(smooth(levels_db, _PHRASE).max()))
    rise = max(loud - quiet, np.float32(1e-3))
    present = ramp(loud, _FAINT_DB) * ramp(rise, _STEADY_DB)
    now = smooth(levels_db, 2.0)
    voiced = ramp(now - loud, _PAUSE_DB) * ramp((now - quiet) / rise, _ROOM_SHARE)
    heard = ramp(smooth(1 - silence, 2.0), _HEARD)
    return smooth(_at_hand(np.asarray(present * voiced * heard, np.float32)), _EASE)


def timed_activity(speaking: NDArray[np.bool_]) -> Track:
    """How much speech is present at each frame, 0..1, where it is known; the mouth wakes before it and rests after.

    Args:
        speaking: bool (N,), at frames of 10 ms.
    """
    return smooth(_at_hand(speaking.astype(np.float32)), _EASE)


def _at_hand(speaking: Track) -> Track:
    """The most within `_WAIT` frames."""
    padded = np.pad(speaking, _WAIT, mode="edge")
    return np.asarray(np.lib.stride_tricks.sliding_window_view(padded, 2 * _WAIT + 1).max(1), np.float32)


def ramp(values: Track | np.floating, span: tuple[float, float]) -> Track:
    """0 below the span, 1 above it, a smooth step between."""
    return np.asarray(smoothstep(np.asarray((values - span[0]) / (span[1] - span[0]))), np.float32)


def smooth(track: Track, deviation: float) -> Track:
    """The track under a Gaussian bell of this standard deviation in frames; its ends hold."""
    reach = int(3 * deviation)
    bell = np.exp(-0.5 * (np.arange(-reach, reach + 1) / deviation) ** 2)
    padded = np.pad(track, reach, mode="edge")
    return np.convolve(padded, bell / bell.sum(), mode="valid").astype(np.float32)
