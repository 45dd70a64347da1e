"""Speech whose pauses are made silent, so that a mouth rests in them.

Networks move lips to breath, hiss and rooms. What is between speech fades to nothing before they hear it.
"""

import numpy as np
from numpy.typing import NDArray

from engines.activity import activity, timed_activity
from engines.base import HEARD, Speech, TimedPhone
from engines.samples import levels_db, require_voice, resample

RATE_HZ = 16_000
_STEPS_PER_S = 100
_HOP = RATE_HZ // _STEPS_PER_S


def gated(speech: Speech) -> NDArray[np.float32]:
    """A voice at 16 kHz with silence where nobody speaks: float32 (N,).

    Where it is known what is said when, that decides; elsewhere how loud it is.

    Raises:
        UnreadableMedia: when the samples are not finite numbers of one channel, or the rate is impossible.
    """
    voice = resample(require_voice(speech.samples, speech.rate), speech.rate, RATE_HZ)
    speaking = _speaking(voice, speech.phones)
    share = np.interp(np.arange(len(voice)) / _HOP, np.arange(len(speaking)), speaking)
    return voice * share.astype(np.float32)


def _speaking(voice: NDArray[np.float32], phones: tuple[TimedPhone, ...]) -> NDArray[np.float32]:
    """How much is said at each hundredth of a second, 0..1."""
    levels = levels_db(voice, _HOP)
    heard = activity(np.zeros(len(levels), np.float32), levels)
    if not phones:
        return heard
    known = [phone for phone in phones if phone.symbol and phone.symbol != HEARD]
    said = timed_activity(_marked(known, len(levels)))
    unknown = timed_activity(_marked([phone for phone in phones if phone.symbol == HEARD], len(levels)))
    return np.maximum(said, np.minimum(unknown, heard))


def _marked(phones: list[TimedPhone], steps: int) -> NDArray[np.bool_]:
    marked = np.zeros(steps, np.bool_)
    for phone in phones:
        marked[round(phone.start_s * _STEPS_PER_S) : round(phone.end_s * _STEPS_PER_S)] = True
    return marked
