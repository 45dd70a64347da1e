"""How alike two mouths move: measures of tracks, one value a frame, with nothing of pictures in them."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Track = NDArray[np.floating]
Flags = NDArray[np.bool_]

#: Lips this near, or among the nearest such share of all frames, are closed; in inter-ocular distances and percent.
_CLOSED_GAP, _CLOSED_PERCENT = 0.012, 8
_STILL = 1e-6
#: A moment this far below the loud ones is silent, if it lasts.
_SILENT_DB, _SILENCE_S = 30.0, 0.2
_FEWEST_SILENT = 4


def correlation(one: Track, other: Track) -> float:
    """Pearson's r; 0 when either does not move, for then it follows nothing."""
    one, other = one.astype(np.float64), other.astype(np.float64)
    if len(one) < 2 or min(one.std(), other.std()) < _STILL:
        return 0.0
    return float(np.corrcoef(one, other)[0, 1])


def separation(score: Track, positive: Flags) -> float:
    """Area under the receiver operating characteristic, by Mann and Whitney's U; ties count half.

    Returns:
        0.5 for a score that tells nothing; not a number when all frames are of one kind.
    """
    hits = int(positive.sum())
    if hits in (0, len(score)):
        return float("nan")
    _, places, counts = np.unique(score, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[places]
    return float((ranks[positive].sum() - hits * (hits + 1) / 2) / (hits * (len(score) - hits)))


def lagged(measured: Track, real: NDArray[np.generic], lag: int) -> tuple[Track, NDArray[np.generic]]:
    """The frames of both that meet when `measured` comes `lag` frames after `real`."""
    frames = len(real) - abs(lag)
    late, early = max(lag, 0), max(-lag, 0)
    return measured[late : late + frames], real[early : early + frames]


def closures(gap: Track) -> Flags:
    """The frames in which lips are closed."""
    if not len(gap):
        return np.zeros(0, bool)
    return np.asarray(gap < max(_CLOSED_GAP, float(np.percentile(gap, _CLOSED_PERCENT))))


def jitter(track: Track, seen: Flags) -> float:
    """Mean size of the second difference, over frames whose neighbours are seen too; not a number without any."""
    usable = seen[:-2] & seen[1:-1] & seen[2:]
    return float(np.abs(np.diff(track, 2))[usable].mean()) if usable.any() else float("nan")


def flicker(patches: NDArray[np.floating], seen: Flags) -> float:
    """`jitter` of pictures (T, h, w) instead of a track: how much brightness trembles from frame to frame."""
    usable = seen[:-2] & seen[1:-1] & seen[2:]
    if not usable.any():
        return float("nan")
    middles = np.flatnonzero(usable) + 1
    return float(np.mean([np.abs(patches[t + 1] - 2 * patches[t] + patches[t - 1]).mean() for t in middles]))


def silences(levels_db: Track, rate_hz: float, times_s: Track) -> Flags:
    """Which of some moments are silent: far below the loud ones, for a fifth of a second or more.

    Args:
        levels_db: (N,), loudness at `rate_hz`.
        rate_hz: of the loudness.
        times_s: (T,), the moments.
    """
    low = levels_db < np.percentile(levels_db, 95) - _SILENT_DB
    bounds = [0, *(np.flatnonzero(np.diff(low)) + 1).tolist(), len(low)]
    for start, end in pairwise(bounds):
        low[start:end] &= end - start >= _SILENCE_S * rate_hz
    return np.asarray(low[np.clip((times_s * rate_hz).astype(int), 0, len(low) - 1)])


def openness_in(silent: Flags, gap: Track) -> float:
    """Mean opening in silence over that in speech; not a number with too little of either."""
    if min(silent.sum(), (~silent).sum()) < _FEWEST_SILENT:
        return float("nan")
    return float(gap[silent].mean() / max(float(gap[~silent].mean()), _STILL))


def ranked_onto(track: Track, usual: Track) -> Track:
    """The track with each value replaced by that of the same rank in `usual`: its shape, in another's range."""
    share = np.argsort(np.argsort(track, kind="stable"), kind="stable") / max(len(track) - 1, 1)
    return np.asarray(np.quantile(usual, share))


def ratio(measured: float, real: float) -> float:
    """One over the other; not a number where there is nothing to compare with."""
    return measured / real if real > 0 else float("nan")


def standardised(tracks: Sequence[Track]) -> Track:
    """Several clips' tracks one after another, each in its own deviations from its own mean."""
    return np.concatenate([(track - track.mean()) / max(float(track.std()), _STILL) for track in tracks])
