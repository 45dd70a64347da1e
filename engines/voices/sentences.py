"""A script spoken sentence by sentence, and put together."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from engines.base import Report, TimedPhone
from engines.voices import text
from engines.voices.base import Spoken
from engines.voices.level import even_out

#: Stillness before the first sound: lips begin to move ahead of it.
_LEAD_S = 0.12


@dataclass(frozen=True, slots=True, kw_only=True)
class Utterance:
    """What is spoken at once: float32 samples (N,) and the phones in them."""

    samples: NDArray[np.float32]
    phones: tuple[TimedPhone, ...]


#: Speaks one piece of a text, given what of the whole is done before it.
Utter = Callable[[str, float], Iterable[Utterance]]


def spoken_by_sentence(script: str, rate: int, utter: Utter, report: Report, longest_s: float) -> Spoken:
    """Speak a script of any length.

    Args:
        script: plain text.
        rate: of the utterances' samples.
        utter: speaks a sentence, or a part of a long one.
        report: called with 1 at the end; progress in between is for `utter` to tell.
        longest_s: of the whole.

    Raises:
        MediaTooLong: when the speech would be longer; its field is "script".
        UnreadableMedia: when nothing in the script can be spoken; its field is "script".
    """
    pieces = text.pieces(text.clean(script))
    sounds = [_silence(_LEAD_S, rate)]
    phones: list[TimedPhone] = []
    length = len(sounds[0])
    for place, piece in enumerate(pieces):
        for utterance in utter(piece.text, place / len(pieces)):
            phones += [moved(phone, length / rate) for phone in utterance.phones]
            sounds += [utterance.samples, _silence(piece.pause_s, rate)]
            length += len(utterance.samples) + len(sounds[-1])
            if length > longest_s * rate:
                raise text.too_long(longest_s)
    if len(sounds) == 1:
        raise text.nothing_to_say()
    report(1.0)
    return Spoken(samples=even_out(np.concatenate(sounds)), rate=rate, phones=tuple(phones))


def moved(phone: TimedPhone, seconds: float) -> TimedPhone:
    """The same phone, so much later."""
    return replace(phone, start_s=phone.start_s + seconds, end_s=phone.end_s + seconds)


def _silence(seconds: float, rate: int) -> NDArray[np.float32]:
    return np.zeros(round(seconds * rate), np.float32)
