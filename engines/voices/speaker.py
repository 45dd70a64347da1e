"""The built-in voices: text to phonemes by the language's rules, phonemes to sound by the network."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from engines.base import Report
from engines.voices import alignment
from engines.voices.base import Spoken
from engines.voices.sentences import Utterance, moved, spoken_by_sentence
from engines.voices.symbols import MOST_SYMBOLS, RATE, known

#: How a language's text is read: text to the network's symbols.
Reading = Callable[[str], str]

#: What is kept around the sound: it fades in and out below the pauses' threshold.
_BEFORE_S, _AFTER_S = 0.03, 0.08


class Network(Protocol):
    """A network with one voice."""

    def utter(self, phonemes: str, report: Report, fraction: float) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Speak known symbols at once: samples, and the frames of each symbol and of the silences around them."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class BuiltInSpeaker:
    """A voice that comes with the service."""

    network: Network
    read: Reading

    def speak(self, text: str, report: Report, longest_s: float = math.inf) -> Spoken:
        """Speak sentence by sentence.

        Raises:
            MediaTooLong: when the speech would be longer than `longest_s`; its field is "script".
            UnreadableMedia: when nothing in the text can be spoken; its field is "script".
        """

        def utter(sentence: str, done: float) -> Iterator[Utterance]:
            symbols = " ".join(known(self.read(sentence)).split())
            for part in _at_once(symbols):
                yield from self._utter(part, report, done)

        return spoken_by_sentence(text, RATE, utter, report, longest_s)

    def _utter(self, symbols: str, report: Report, done: float) -> Iterator[Utterance]:
        samples, durations = self.network.utter(symbols, report, done)
        phones = alignment.phones_of(symbols, durations, samples)
        if not phones:
            return
        start = max(0, round((phones[0].start_s - _BEFORE_S) * RATE))
        end = round((phones[-1].end_s + _AFTER_S) * RATE)
        heard = tuple(moved(phone, -start / RATE) for phone in phones)
        yield Utterance(samples=_faded(samples[start:end]), phones=heard)


def _at_once(symbols: str) -> Iterator[str]:
    """Cut symbols at spaces where they are too many to be spoken at once."""
    while len(symbols) > MOST_SYMBOLS:
        space = symbols.rfind(" ", 1, MOST_SYMBOLS)
        cut = space if space > 0 else MOST_SYMBOLS
        yield symbols[:cut]
        symbols = symbols[cut:].strip()
    if symbols:
        yield symbols


def _faded(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Fade the edges over 5 ms, so that no cut is heard."""
    edge = min(RATE // 200, len(samples) // 2)
    ramp = np.linspace(0.0, 1.0, edge, dtype=np.float32)
    faded = samples.copy()
    faded[:edge] *= ramp
    faded[len(faded) - edge :] *= ramp[::-1]
    return faded
