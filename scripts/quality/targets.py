"""What the engine is to reach, and what it reached, over all clips that count."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from scripts.quality.clips import ENGLISH
from scripts.quality.judge import Judged
from scripts.quality.measures import Track, closures, lagged, separation, standardised
from scripts.quality.scores import Driver, Scores, shared

_LAGS_MS = tuple(range(-200, 201, 40))


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One thing to reach: `reached` is to lie between `least` and `most`; not a number where it was not measured.

    `spread` is its standard deviation over clips, where it is a mean of them.
    """

    what: str
    reached: float
    spread: float = np.nan
    least: float = -np.inf
    most: float = np.inf

    @property
    def met(self) -> bool:
        """Whether it is reached; what was not measured is not."""
        return bool(self.least <= self.reached <= self.most)


def targets(judged: Sequence[Judged]) -> list[Target]:
    """Compare with what is asked of the default engine; clips whose tier does not count are left aside."""
    counted = [each for each in judged if each.clip.tier.counts]
    english = [each for each in counted if each.clip.language == ENGLISH]
    over = _over_loudness(counted)
    closing = pooled_closures(counted, Driver.AUDIO)
    peak_ms = max(closing, key=lambda ms: (closing[ms], -abs(ms)), default=np.nan)
    audio = {name: _column(counted, Driver.AUDIO, name) for name in Scores.__slots__}
    changed = np.concatenate([_column(counted, driver, "changed_outside") for driver in Driver])
    colours = np.array([each.delivery.colour_pct for each in counted])
    late = np.array([abs(each.delivery.frames - each.delivery.frames_due) for each in counted], np.float64)
    means = [
        ("real mouth: r opening", _column(counted, Driver.RENDERER, "opening"), 0.97, np.inf),
        ("audio: r opening", audio["opening"], 0.50, np.inf),
        ("audio: r opening, English", _column(english, Driver.AUDIO, "opening"), 0.62, np.inf),
        ("words: r opening, English", _column(english, Driver.WORDS, "opening"), 0.62, np.inf),
        ("audio over energy: r opening, mean", over, 0.25, np.inf),
        ("audio: r width", audio["width"], 0.45, np.inf),
        ("audio: lips' sharpness", audio["lips_sharp"], 0.9, 1.1),
        ("audio: opening in silence", audio["rest"], -np.inf, 0.25),
        ("audio: jitter", audio["jitter"], -np.inf, 1.2),
        ("audio: flicker", audio["flicker"], -np.inf, 1.2),
    ]
    return [
        *(
            Target(what=what, reached=_mean(values), spread=_spread(values), least=least, most=most)
            for what, values, least, most in means
        ),
        Target(what="audio over energy: r opening, worst clip", reached=_least(over), least=0.0),
        Target(what="audio: closure AUC, pooled", reached=closing.get(0, np.nan), least=0.85),
        Target(what="audio: its peak, ms", reached=float(peak_ms), least=-40, most=40),
        Target(what="pixels changed outside, worst clip", reached=_most(changed), most=0),
        Target(what="colour after encoding %, worst clip", reached=_most(colours), most=1.0),
        Target(what="frames too many or few, worst clip", reached=_most(late), most=0),
    ]


def pooled_closures(judged: Sequence[Judged], driver: Driver) -> Mapping[int, float]:
    """`Scores.closure` over all clips' frames together, by how many ms the driven lips are looked at late."""
    tracks = []
    for each in judged:
        if driver in each.lips:
            both = shared(each.lips[driver], each.real, each.heard)
            tracks.append((each.lips[driver].gap[both], each.real.gap[both], each.fps))
    return {ms: _pooled(tracks, ms) for ms in _LAGS_MS} if tracks else {}


def _pooled(tracks: Sequence[tuple[Track, Track, float]], late_ms: int) -> float:
    gaps, closed = [], []
    for gap, true, fps in tracks:
        shifted, flags = lagged(gap, closures(true), round(late_ms / 1000 * fps))
        gaps.append(shifted)
        closed.append(flags)
    return separation(-standardised(gaps), np.concatenate(closed).astype(bool))


def _over_loudness(judged: Sequence[Judged]) -> Track:
    return _column(judged, Driver.AUDIO, "opening") - _column(judged, Driver.ENERGY, "opening")


def _column(judged: Sequence[Judged], driver: Driver, name: str) -> Track:
    values = [getattr(each.scores[driver], name) for each in judged if driver in each.scores]
    return np.array(values, np.float64)


def _mean(values: Track) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else float("nan")


def _spread(values: Track) -> float:
    known = values[np.isfinite(values)]
    return float(known.std()) if len(known) else float("nan")


def _least(values: Track) -> float:
    return float(values.min()) if len(values) else float("nan")


def _most(values: Track) -> float:
    return float(values.max()) if len(values) else float("nan")
