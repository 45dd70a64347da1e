"""When a person blinks, and how far the lids are closed at each moment.

Times follow Bentivoglio et al., "Analysis of blink rate patterns in normal subjects" (1997), for people who talk;
the course of one blink Kwon et al., "High-speed camera characterization of voluntary eye blinking kinematics" (2013):
lids fall in about a third of the time in which they rise.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from engines.articulate.chance import generator
from engines.smoothstep import smoothstep

Track = NDArray[np.float32]

#: Seconds between blinks: median and spread of their logarithm, and the limits.
_MEDIAN_S, _SPREAD, _LIMITS_S = 3.3, 0.30, (2.0, 6.0)
#: Seconds before the first one.
_FIRST_S = (0.8, 2.4)
#: Seconds in which the lids fall, and rise again.
_FALL_S, _RISE_S = (0.06, 0.09), (0.12, 0.20)
#: They stay shut for so long, and for at least a frame, or a blink could fall between two frames.
_SHUT_S = 0.04
#: A blink due about the end of a phrase waits for it or hurries to it, if it is so near, and this often.
_PHRASE_REACH_S, _PHRASE_SHARE = 0.7, 0.7
#: Activity of speech below which a phrase has ended.
_PAUSE = 0.5
#: Number of this motion, see `chance.generator`.
_MOTION = 1


def lid_track(seed: int, speaker: int, frames: int, fps: float, speaking: Track) -> Track:
    """How far the lids are closed at each output frame, float32 (frames,), 0 open .. 1 shut.

    Args:
        seed: any integer; the same one gives the same blinks.
        speaker: number of the voice, so that two people do not blink together.
        frames: how many.
        fps: frames per second.
        speaking: float32 (frames,), 0..1, presence of speech.
    """
    random = generator(seed, speaker, _MOTION)
    times_s = (np.arange(frames) + 0.5) / fps
    closed = np.zeros(frames)
    for start_s in _starts(random, frames / fps, phrase_ends(speaking, fps)):
        fall_s, rise_s = random.uniform(*_FALL_S), random.uniform(*_RISE_S)
        shut_s = max(_SHUT_S, 1.01 / fps)
        falling = smoothstep((times_s - start_s) / fall_s)
        rising = smoothstep((times_s - start_s - fall_s - shut_s) / rise_s)
        closed = np.maximum(closed, falling - rising)
    return closed.astype(np.float32)


def phrase_ends(speaking: Track, fps: float) -> NDArray[np.float64]:
    """When speech pauses, in seconds."""
    loud = speaking > _PAUSE
    return np.asarray((np.flatnonzero(loud[:-1] & ~loud[1:]) + 1) / fps, dtype=np.float64)


def _starts(random: np.random.Generator, length_s: float, ends_s: NDArray[np.float64]) -> Iterator[float]:
    """When the lids begin to fall, each in its turn; how long the whole is changes none of them."""
    before_s = -np.inf
    due_s = random.uniform(*_FIRST_S)
    while due_s < length_s:
        near = ends_s[np.abs(ends_s - due_s) < _PHRASE_REACH_S]
        near = near[(near - before_s >= _LIMITS_S[0]) & (near - before_s <= _LIMITS_S[1])] if before_s >= 0 else near
        wanted = random.random() < _PHRASE_SHARE
        start_s = float(near[np.abs(near - due_s).argmin()]) if wanted and len(near) else due_s
        yield start_s
        before_s = start_s
        due_s = start_s + float(np.clip(random.lognormal(np.log(_MEDIAN_S), _SPREAD), *_LIMITS_S))
