"""The samples of a voice as engines take them in: checked, at the rate they want, with their loudness known."""

from collections.abc import Iterator

import av
import numpy as np
from numpy.typing import NDArray

from contracts.errors import UnreadableMedia

#: float32 mono (N,) in [-1, 1].
Samples = NDArray[np.float32]

_RATES_HZ = (1_000, 768_000)
_BLOCK = 1 << 18
_SILENT_POWER = 1e-10


def require_voice(samples: NDArray[np.floating], rate: int) -> Samples:
    """The samples as finite float32 (N,), freed of any constant offset.

    Raises:
        UnreadableMedia: when they are not one channel of finite numbers, or the rate makes no sense.
    """
    if samples.ndim != 1:
        raise UnreadableMedia(
            f"the sound has {samples.ndim} dimensions instead of one channel of samples",
            remedy="Mix its channels down to one.",
        )
    if not _RATES_HZ[0] <= rate <= _RATES_HZ[1]:
        raise UnreadableMedia(
            f"the sound has an impossible sample rate, {rate} Hz",
            remedy="Encode it again at a usual rate, such as 16000, 44100 or 48000 Hz.",
        )
    if not np.isfinite(samples).all():
        raise UnreadableMedia("the sound holds values that are not numbers", remedy="Encode it again from its source.")
    offset = np.float32(samples.mean(dtype=np.float64)) if len(samples) else np.float32(0)
    return samples.astype(np.float32, copy=False) - offset


def resample(samples: Samples, rate: int, to: int) -> Samples:
    """The same sound at another rate: float32 (N * to / rate,), band-limited, not shifted in time."""
    if rate == to or not len(samples):
        return samples
    length = round(len(samples) * to / rate)
    parts = [frame.to_ndarray()[0] for frame in _resampled(samples, rate, to)]
    return np.concatenate([*parts, np.zeros(length, np.float32)])[:length]


def _resampled(samples: Samples, rate: int, to: int) -> Iterator[av.AudioFrame]:
    resampler = av.AudioResampler(format="fltp", layout="mono", rate=to)
    for start in range(0, len(samples), _BLOCK):
        block = np.ascontiguousarray(samples[None, start : start + _BLOCK], np.float32)
        frame = av.AudioFrame.from_ndarray(block, format="fltp", layout="mono")
        frame.sample_rate = rate
        yield from resampler.resample(frame)
    yield from resampler.resample(None)


def levels_db(samples: Samples, hop: int) -> NDArray[np.float32]:
    """Loudness in dB of full scale, float32 (N // hop + 1,): root mean square over the two hops about t * hop."""
    count = len(samples) // hop + 1
    padded = np.zeros((count + 1) * hop, dtype=np.float32)
    padded[hop : hop + len(samples)] = samples
    hops = padded.reshape(-1, hop)
    power = np.einsum("nh,nh->n", hops, hops, dtype=np.float64) / hop
    decibels: Samples = 10 * np.log10((power[:-1] + power[1:]) / 2 + _SILENT_POWER).astype(np.float32)
    return decibels
