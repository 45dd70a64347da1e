"""From what the voice says to what this person's mouth does, frame by frame of the output."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engines.activity import Track, ramp
from engines.articulate.driver import RATE_HZ, Articulation, sample_at
from engines.articulate.styles import NEUTRAL, Style
from engines.articulate.warp import Pose
from engines.people.shape import Floats, Measures
from engines.people.stretches import smooth_within

#: The fields of `Pose`, in the order in which `commands` puts them.
POSE_COLUMNS = ("gap", "width", "rounding", "press", "tuck", "teeth", "tongue", "strength", "smile")

#: Wide opening in speech of a person whose own mouth tells nothing, and between which limits others' are believed.
_USUAL_RANGE, _RANGE_LIMITS = 0.15, (0.10, 0.21)
#: A mouth that moves less than this in the source does not show how far it opens in speech.
_TALKING_SPREAD = 0.05
_MOST_REST_GAP = 0.02
#: A smile wider than this relaxes in speech.
_RELAXED_WIDTH = 0.60
_ROUND_WIDTH_SHARE = 0.11
_BASELINE_S = 0.5
#: Small openings are seen in speech more often than heard, and half a one is hardly seen at all.
_OPENING_POWER = 0.75
_MOST_OF_RANGE = 1.45
#: Between the upper lip and a lower one that rests against the teeth.
_TUCK_GAP = 0.026
#: How far apart spread lips draw the corners, over the resting width.
_SPREAD_WIDTH_SHARE = 0.13
#: A full smile draws the corners apart by this.
_SMILE_WIDTH = 0.06
#: Movements faster than this are those that a style makes overshoot.
_FAST_S = 0.08
#: Lips are shown as they are on average over so long.
_MOMENT_S = 0.07
_SUBFRAMES = 8
_HANN = (np.hanning(_SUBFRAMES + 2)[1:-1] / np.hanning(_SUBFRAMES + 2).sum()).astype(np.float32)


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How one person's mouth moves, in inter-ocular distances.

    Attributes:
        range: gap of a wide opening in speech, which one in twenty frames exceeds.
        rest_gap: gap when silent.
    """

    range: float
    rest_gap: float


def manner_of(gaps: Floats, *, is_portrait: bool) -> Manner:
    """Learn a person's manner from the gaps (N,) of the frames they are seen in."""
    low, high = (float(np.percentile(gaps, q)) for q in (5, 95))
    if is_portrait or high - low < _TALKING_SPREAD:
        return Manner(range=_USUAL_RANGE, rest_gap=0.0)
    return Manner(range=float(np.clip(high, *_RANGE_LIMITS)), rest_gap=min(low, _MOST_REST_GAP))


@dataclass(frozen=True, slots=True, kw_only=True)
class Acting:
    """How a voice is acted.

    Attributes:
        style: what the prompt asks for.
        variation: float32 (T,), factors on the opening at each output frame.
    """

    style: Style = NEUTRAL
    variation: Track


def commands(
    speech: Articulation,
    fps: float,
    width: Track,
    strength: Track,
    manners: list[Manner],
    who: NDArray[np.int32],
    acting: Acting,
) -> Track:
    """Command the mouth for every output frame.

    Args:
        speech: what the voice says.
        fps: output frames per second.
        width: float32 (T,), the mouth's own width in its frame, without its own speech (`resting_width`).
        strength: float32 (T,), 0..1, share of the change to apply.
        manners: the people in the source.
        who: int32 (T,), index into `manners`.
        acting: style and chance.

    Returns:
        float32 (T, 9), columns `POSE_COLUMNS`.
    """
    sampler, style = _Sampler(fps, len(width)), acting.style
    voice, pace = _Voice(speech), _Pace(style, fps)
    active = sampler.mean(speech.activity)
    closure = voice.event(sampler.peak(speech.closure * speech.activity), speech.closure) * style.closing
    rounding = pace(sampler.mean(speech.rounding) * voice.gain(speech.rounding, 0.85)) * active
    rounding = np.maximum(rounding * style.shape, 0)
    spread = pace(sampler.mean(speech.width) * voice.gain(np.abs(speech.width), 0.6)) * active * style.shape
    tuck = voice.event(sampler.mean(speech.labiodental * speech.activity), speech.labiodental) * (1 - closure)
    opening = (sampler.mean(speech.opening) * voice.gain(speech.opening, 1.0)) ** _OPENING_POWER
    reach, rest = (np.array([getattr(m, name) for m in manners], np.float32)[who] for name in ("range", "rest_gap"))
    reach = reach * style.opening
    opening = np.maximum(pace(opening), 0) * acting.variation
    gap = np.minimum(rest * (1 - active) + reach * opening * active, _MOST_OF_RANGE * reach)
    gap = gap * (1 - closure)
    gap += (_TUCK_GAP - gap) * tuck
    relaxed = width + 0.5 * active * (np.minimum(width, _RELAXED_WIDTH) - width)
    relaxed = relaxed + _SMILE_WIDTH * style.smile
    wide = relaxed * (1 + _SPREAD_WIDTH_SHARE * spread) * (1 - _ROUND_WIDTH_SHARE * rounding)
    teeth, tongue = sampler.mean(speech.teeth), sampler.mean(speech.tongue)
    smile = np.full(len(width), style.smile)
    columns = [gap, wide, np.minimum(rounding, 1), closure, tuck, teeth, tongue, strength, smile]
    return np.stack(columns, axis=1).astype(np.float32)


class _Pace:
    """Slows a track of output frames down, or makes its fast movements overshoot, as a style asks."""

    def __init__(self, style: Style, fps: float) -> None:
        self._style = style
        self._fps = fps

    def __call__(self, track: Track) -> Track:
        if self._style.snap:
            track = track + self._style.snap * (track - self._smooth(track, _FAST_S))
        if self._style.slur_s:
            track = self._smooth(track, self._style.slur_s)
        return track

    def _smooth(self, track: Track, sigma_s: float) -> Track:
        return smooth_within(track, np.zeros(len(track), np.int32), sigma_s * self._fps)


class _Voice:
    """How strongly one voice's tracks move while it speaks: a wide vowel is one of this voice's wide ones."""

    def __init__(self, speech: Articulation) -> None:
        self._speaking = speech.activity > 0.5

    def _percentile(self, track: Track, percent: float) -> float:
        return float(np.percentile(track[self._speaking], percent)) if self._speaking.any() else 0.0

    def gain(self, track: Track, wide: float) -> float:
        """What brings the track's 95th percentile to `wide`, within reason."""
        return float(np.clip(wide / max(self._percentile(track, 95), 1e-3), 1, 2.5))

    def event(self, sampled: Track, track: Track) -> Track:
        """Turn a probability into a movement: 1 at the peaks that stand out of this voice's."""
        low, high = self._percentile(track, 88), self._percentile(track, 95)
        return ramp(sampled, (float(np.clip(low, 0.20, 0.35)), float(np.clip(high, 0.40, 0.65))))


def pose_at(row: Track) -> Pose:
    """One row of `commands` as a pose."""
    return Pose(**dict(zip(POSE_COLUMNS, row.tolist(), strict=True)))


class _Sampler:
    """Takes a track over the time around each output frame; nothing is said after the track's end."""

    def __init__(self, fps: float, frames: int) -> None:
        self._middles_s = (np.arange(frames)[:, None] + 0.5) / fps
        self._fps = fps

    def _samples(self, track: Track, window_s: float) -> Track:
        inside = (np.arange(_SUBFRAMES) + 0.5) / _SUBFRAMES - 0.5
        times_s = self._middles_s + inside * window_s
        samples = sample_at(track, times_s.ravel()).reshape(times_s.shape)
        return np.where(times_s * RATE_HZ <= len(track), samples, np.float32(0))

    def mean(self, track: Track) -> Track:
        """Over a moment as long at any frame rate: lips that moved within it would only flicker."""
        return np.asarray(self._samples(track, max(_MOMENT_S, 1 / self._fps)) @ _HANN, dtype=np.float32)

    def peak(self, track: Track) -> Track:
        """Within half the frame's time: lips may touch for no longer, and part again before the next."""
        return np.asarray(self._samples(track, 0.5 / self._fps).max(1), dtype=np.float32)


def resting_width(measures: Measures, shots: NDArray[np.int32], fps: float) -> Track:
    """The mouth's width without the speech in it: its course over about a second, which keeps a passing smile."""
    return smooth_within(measures.width, shots, _BASELINE_S * fps)
