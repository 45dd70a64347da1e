"""Silence between words made complete, so that the mouth rests in it.

The networks move the lips to breath, hiss and rooms. What is between speech fades to nothing before they hear it.
"""

import numpy as np
from numpy.typing import NDArray

from engines.activity import activity, timed_activity
from engines.articulate.voice import levels_db, require_voice, resample
from engines.base import HEARD, Speech, TimedPhone
from engines.musetalk.speech import RATE_HZ

#: Samples between two values of how much is said: a hundredth of a second.
_HOP = RATE_HZ // 100


def gated(speech: Speech) -> NDArray[np.float32]:
    """A voice at 16 kHz whose pauses are silent: float32 (N,) in [-1, 1].

    Where it is known what is said when, pauses are where nothing is; elsewhere they are told by loudness.

    Raises:
        UnreadableMedia: when the samples are not finite numbers of one channel, or the rate is impossible.
    """
    voice = resample(require_voice(speech.samples, speech.rate), speech.rate, RATE_HZ)
    speaking = _speaking(voice, speech.phones)
    moments = np.arange(len(voice), dtype=np.float32) / np.float32(_HOP)
    return np.asarray(voice * np.interp(moments, np.arange(len(speaking)), speaking), np.float32)


def _speaking(voice: NDArray[np.float32], phones: tuple[TimedPhone, ...]) -> NDArray[np.float32]:
    """How much is said at each hundredth of a second, 0..1."""
    levels = levels_db(voice, _HOP)
    heard = activity(np.zeros(len(levels), np.float32), levels)
    if not phones:
        return heard
    said = timed_activity(_marked(phones, len(levels), but=HEARD))
    unknown = timed_activity(_marked(phones, len(levels), only=HEARD))
    return np.asarray(np.maximum(said, np.minimum(unknown, heard)), np.float32)


def _marked(phones: tuple[TimedPhone, ...], frames: int, *, but: str = "", only: str = "") -> NDArray[np.bool_]:
    """Where a sound is: any `but` one, or `only` that."""
    marked = np.zeros(frames, np.bool_)
    for phone in phones:
        if phone.symbol and phone.symbol != but and only in ("", phone.symbol):
            marked[round(phone.start_s * 100) : round(phone.end_s * 100)] = True
    return marked
