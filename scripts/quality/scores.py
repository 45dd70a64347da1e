"""One driven mouth against the real one: the numbers of a table's row, and their means over clips."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum

import numpy as np

from scripts.quality.drivers import Wish
from scripts.quality.lips import Lips
from scripts.quality.measures import (
    Flags,
    Track,
    closures,
    correlation,
    flicker,
    jitter,
    lagged,
    openness_in,
    ratio,
    separation,
)
from scripts.quality.takes import Take

_NOT_MEASURED = float("nan")
#: How far about the clip's known offset the closures' best place is looked for.
_LAGS_S = 0.2


class Driver(StrEnum):
    """What moves the mouth."""

    RENDERER = "real-mouth"
    AUDIO = "audio"
    WORDS = "words"
    ENERGY = "energy"
    NO_CHANGE = "no-change"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """Of one clip and driver; not a number where there is nothing to measure.

    Attributes:
        opening, width: correlation with the real second half, at the clip's known offset.
        closure: chance that a frame in which the real lips are closed is told from one in which they are not.
        peak_ms: how late the driven lips are where that chance is highest; told, never used.
        rest: mean opening in silence over that in speech.
        jitter, flicker: of the opening and of the mouth's pixels, over the real ones' of both halves.
        lips_sharp, inside_sharp: sharpness of the lips and of the open mouth over the source's own.
        skin_pct: how far the jaw's skin is from the source's colour, in percent of white.
        changed_outside: pixels that changed where none may.
        follows: correlation of the opening that is seen with the one commanded.
        other_opening, other_width: as `opening` and `width`, by an independent detector of landmarks.
    """

    opening: float
    width: float
    closure: float
    peak_ms: float
    rest: float
    jitter: float
    flicker: float
    lips_sharp: float
    inside_sharp: float
    skin_pct: float
    changed_outside: float
    follows: float = _NOT_MEASURED
    other_opening: float = _NOT_MEASURED
    other_width: float = _NOT_MEASURED


@dataclass(frozen=True, slots=True, kw_only=True)
class Real:
    """What is known of a clip before its mouth is driven.

    Attributes:
        first: the first half as it is.
        later: the second half as it is.
        silent: bool (T,), output frames without speech.
        heard: how many of the T frames have a sound; only these are scored.
        fps: output frames per second.
    """

    first: Take
    later: Take
    silent: Flags
    heard: int
    fps: float


def score(take: Take, real: Real, wish: Wish | None = None) -> Scores:
    """Score a driven first half; `wish` is what was commanded."""
    driven, true = take.lips, real.later.lips
    both = shared(driven, true, real.heard)
    gap, true_gap = driven.gap[both], true.gap[both]
    closed = closures(true_gap)
    return Scores(
        opening=correlation(gap, true_gap),
        width=correlation(driven.width[both], true.width[both]),
        closure=separation(-gap, closed),
        peak_ms=1000 * _best_lag(gap, closed, real.fps) / real.fps,
        rest=openness_in(real.silent[both], gap),
        jitter=ratio(_jitter(take), (_jitter(real.first) + _jitter(real.later)) / 2),
        flicker=ratio(_flicker(take), (_flicker(real.first) + _flicker(real.later)) / 2),
        lips_sharp=ratio(take.lip_sharpness(), real.first.lip_sharpness()),
        inside_sharp=_inside_sharpness(take, real),
        skin_pct=_skin_change(take, real.first),
        changed_outside=float(take.changed_outside),
        follows=_NOT_MEASURED if wish is None else correlation(gap, wish.gap[both]),
    )


def shared(driven: Lips, true: Lips, heard: int) -> Flags:
    """The frames that are scored: both mouths are seen, and there is a sound."""
    return np.asarray(driven.seen & true.seen & (np.arange(len(true.seen)) < heard))


def means(rows: Sequence[Scores]) -> dict[str, dict[str, float]]:
    """For each measure: mean, standard deviation and worst over the clips in which it could be taken, and how many."""
    columns = {name: [asdict(row)[name] for row in rows] for name in asdict(rows[0])}
    return {name: _spread(np.array(values, np.float64)) for name, values in columns.items()}


def _spread(values: Track) -> dict[str, float]:
    known = values[np.isfinite(values)]
    if not len(known):
        return {"clips": 0}
    spread = {"mean": known.mean(), "sd": known.std(), "least": known.min(), "most": known.max()}
    return {"clips": len(known)} | {name: float(value) for name, value in spread.items()}


def _best_lag(gap: Track, closed: Flags, fps: float) -> int:
    reach = min(round(_LAGS_S * fps), len(gap) // 4)
    found: dict[int, float] = {}
    for lag in range(-reach, reach + 1):
        shifted, positive = lagged(gap, closed, lag)
        found[lag] = separation(-shifted, np.asarray(positive, bool))
    known: Mapping[int, float] = {lag: value for lag, value in found.items() if np.isfinite(value)}
    return max(known, key=lambda lag: (known[lag], -abs(lag)), default=0)


def _jitter(take: Take) -> float:
    return jitter(take.lips.gap, take.lips.seen)


def _flicker(take: Take) -> float:
    return flicker(take.patches(), take.lips.seen)


def _inside_sharpness(take: Take, real: Real) -> float:
    own = real.first.inside_sharpness() + real.later.inside_sharpness()
    shown = take.inside_sharpness()
    return ratio(float(np.median(shown)), float(np.median(own))) if own and shown else _NOT_MEASURED


def _skin_change(take: Take, first: Take) -> float:
    pairs = zip(take.looks, first.looks, strict=True)
    changes = [np.abs(now.skin - own.skin).mean() / 2.55 for now, own in pairs if now is not None and own is not None]
    return float(np.mean(changes)) if changes else _NOT_MEASURED
