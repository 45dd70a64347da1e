"""Speech as Wav2Lip hears it: a mel spectrogram of 80 columns a second, and the window of it for each frame.

The spectrogram follows the public code that the checkpoints were trained with, figure for figure: pre-emphasis, a
magnitude spectrum, mel bands after Slaney's Auditory Toolbox (Interval Research, 1998), decibels, [-4, 4].
"""

from fractions import Fraction
from functools import cache

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from engines.wav2lip.network import BANDS, COLUMNS

RATE_HZ = 16_000
COLUMNS_PER_S = 80

_SIDE, _HOP = 800, RATE_HZ // COLUMNS_PER_S
_PRE_EMPHASIS = 0.97
_LOW_HZ, _HIGH_HZ = 55.0, 7600.0
_REFERENCE_DB, _FLOOR_DB, _LIMIT = 20.0, -100.0, 4.0
#: Slaney's scale: 3 mel for every 200 Hz up to 1 kHz, from there 27 for every factor of 6.4.
_MEL_PER_HZ, _KNEE_HZ, _MEL_PER_E = 3 / 200, 1000.0, 27 / np.log(6.4)
#: Columns that are transformed at once, to bound memory.
_BLOCK = 4096

Mel = NDArray[np.float32]


def mel_spectrogram(samples: NDArray[np.float32]) -> Mel:
    """Hear speech.

    Args:
        samples: float32 mono (N,) in [-1, 1], 16 kHz.

    Returns:
        Float32 (80, N // 200 + 1) in [-4, 4]; column c is about the moment c / 80 s.
    """
    risen = samples.copy()
    risen[1:] -= np.float32(_PRE_EMPHASIS) * samples[:-1]
    padded = np.pad(risen, _SIDE // 2)
    pieces = sliding_window_view(padded, _SIDE)[::_HOP]
    made = [_columns(pieces[start : start + _BLOCK]) for start in range(0, len(pieces), _BLOCK)]
    return np.concatenate(made, axis=1)


def _columns(pieces: NDArray[np.float32]) -> Mel:
    spectrum = np.abs(np.fft.rfft(pieces * _hann(), axis=1)).astype(np.float32)
    decibels = 20 * np.log10(np.maximum(_bands() @ spectrum.T, 10 ** (_FLOOR_DB / 20))) - _REFERENCE_DB
    scaled = 2 * _LIMIT * (decibels - _FLOOR_DB) / -_FLOOR_DB - _LIMIT
    return np.asarray(np.clip(scaled, -_LIMIT, _LIMIT), np.float32)


@cache
def _hann() -> NDArray[np.float32]:
    return np.asarray(0.5 - 0.5 * np.cos(2 * np.pi * np.arange(_SIDE) / _SIDE), np.float32)


@cache
def _bands() -> NDArray[np.float32]:
    """Triangles of equal area over the spectrum's bins: float32 (80, 401)."""
    edges = _hz(np.linspace(_mel(_LOW_HZ), _mel(_HIGH_HZ), BANDS + 2))
    bins = np.arange(_SIDE // 2 + 1) * RATE_HZ / _SIDE
    rising = (bins - edges[:-2, None]) / np.diff(edges)[:-1, None]
    falling = (edges[2:, None] - bins) / np.diff(edges)[1:, None]
    triangles = np.maximum(0, np.minimum(rising, falling)) * (2 / (edges[2:] - edges[:-2]))[:, None]
    return np.asarray(triangles, np.float32)


def _mel(hertz: float) -> float:
    if hertz < _KNEE_HZ:
        return hertz * _MEL_PER_HZ
    return float(_KNEE_HZ * _MEL_PER_HZ + np.log(hertz / _KNEE_HZ) * _MEL_PER_E)


def _hz(mel: NDArray[np.float64]) -> NDArray[np.float64]:
    knee = _KNEE_HZ * _MEL_PER_HZ
    return np.where(mel < knee, mel / _MEL_PER_HZ, _KNEE_HZ * np.exp((mel - knee) / _MEL_PER_E))


def window_starts(columns: int, frames: int, fps: Fraction) -> NDArray[np.int64]:
    """First column of the window of each output frame, int64 (frames,).

    A frame's window begins at the frame's own moment, as in training. Where it would reach beyond the sound, the last
    window stands in; the public code gives up there instead, and loses the last frames.

    Args:
        columns: of the spectrogram, at least 16.
        frames: of the output.
        fps: frames per second, exact.
    """
    begins = np.array([number * COLUMNS_PER_S * fps.denominator // fps.numerator for number in range(frames)], np.int64)
    return np.minimum(begins, columns - COLUMNS)


def windows(mel: Mel, starts: NDArray[np.int64]) -> Mel:
    """The windows that begin at `starts`: float32 (len(starts), 1, 80, 16)."""
    seen = sliding_window_view(mel, COLUMNS, axis=1)
    return np.ascontiguousarray(seen[:, starts].transpose(1, 0, 2)[:, None])
