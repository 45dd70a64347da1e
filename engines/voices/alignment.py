"""When each phone is heard: from the network's durations, and at pauses from the sound itself."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from engines.base import TimedPhone
from engines.voices.symbols import FRAME_SAMPLES, RATE

#: The sound comes before its symbol's frames by this much: measured 85 ms against forced alignment of 250 words, of
#: which some 10 ms are the aligner's; Kokoro's own pipeline takes off three frames as well.
_LEAD_FRAMES = 3
_FRAME_S = FRAME_SAMPLES / RATE

_IPA = {
    "A": "eɪ", "I": "aɪ", "O": "oʊ", "Q": "əʊ", "W": "aʊ", "Y": "ɔɪ", "T": "ɾ", "ᵊ": "ə", "ᵻ": "ɪ",
    "ʣ": "dz", "ʤ": "dʒ", "ʥ": "dʑ", "ʦ": "ts", "ʧ": "tʃ", "ʨ": "tɕ", "ꭧ": "ʈʂ",
}  # fmt: skip
#: Stress, length, tone and word ends: their time is that of the phone before them.
_MARKS = frozenset(" ˈˌːʰʲ̃ᵝ→↗↘↓")
#: But stress is marked ahead of its vowel, which is heard one frame into the mark: 5 ms off,
#: with a spread of 5 ms, over 155 consonants and vowels of four languages.
_STRESS = frozenset("ˈˌ")
_PAUSES = frozenset(';:,.!?—…"()“”')

#: A pause may lie this far from where the durations put it, in seconds.
_TOLERANCE_S = 0.1
#: Shortest phone, in seconds.
_SHORTEST_S = 0.01
#: The envelope's step; sound softer than this share of the loudest is a pause.
_STEP = 60
_SOFT = 0.04

#: Consecutive phones without a pause.
Phrase = list[TimedPhone]


def phones_of(symbols: str, durations: NDArray[np.int64], samples: NDArray[np.float32]) -> list[TimedPhone]:
    """Time the phones of one utterance.

    Args:
        symbols: what was spoken, in the network's symbols.
        durations: frames of the silence before, of each symbol and of the silence after: (len(symbols) + 2,).
        samples: float32 (N,) at the network's rate.

    Returns:
        Phones in order and without overlap. The first after a pause begins, and the last before one ends, where the
        sound does.
    """
    phrases = [phrase for phrase in _phrases(symbols, _edges(symbols, durations)) if phrase]
    loud = _loud(samples)
    phrases = [_begun(phrase, _onset_s(phrase[0].start_s, loud)) for phrase in phrases]
    ends = [*(phrase[0].start_s for phrase in phrases), len(samples) / RATE][1:]
    for phrase, end_s in zip(phrases, ends, strict=False):
        phrase[-1] = _to_offset(phrase[-1], loud, end_s)
    return [phone for phrase in phrases for phone in phrase]


def sounds_of(symbols: str) -> tuple[str, ...]:
    """The IPA of the phones in a text of the networks' symbols, without stress, length, tone and punctuation."""
    return tuple(_IPA.get(symbol, symbol) for symbol in symbols if symbol not in _MARKS | _STRESS | _PAUSES)


def _edges(symbols: str, durations: NDArray[np.int64]) -> list[float]:
    """When each symbol begins, and the last one ends, in seconds."""
    frames = np.maximum(np.cumsum(durations) - _LEAD_FRAMES, 0)
    for place, symbol in enumerate(symbols):
        if symbol in _STRESS:
            frames[place + 1] = min(frames[place] + 1, frames[place + 1])
    return [frame * _FRAME_S for frame in frames.tolist()]


def _phrases(symbols: str, edges: Sequence[float]) -> list[Phrase]:
    phrases: list[Phrase] = [[]]
    for place, symbol in enumerate(symbols):
        start, end = edges[place], edges[place + 1]
        if symbol in _PAUSES:
            phrases.append([])
        elif symbol not in _MARKS:
            phrases[-1].append(TimedPhone(symbol=_IPA.get(symbol, symbol), start_s=start, end_s=end))
        elif phrases[-1]:
            phrases[-1][-1] = replace(phrases[-1][-1], end_s=end)
    return phrases


def _loud(samples: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Which steps of 2.5 ms are no pause."""
    steps = samples[: len(samples) // _STEP * _STEP].reshape(-1, _STEP)
    envelope = np.sqrt(np.mean(np.square(steps), axis=1))
    loud: NDArray[np.bool_] = envelope > _SOFT * envelope.max(initial=0.0)
    return loud


def _onset_s(expected_s: float, loud: NDArray[np.bool_]) -> float:
    """When the sound begins near a time; the time itself where no pause goes before it, or nothing is heard."""
    first = max(0, _step(expected_s - _TOLERANCE_S))
    heard = np.flatnonzero(loud[first : _step(expected_s + _TOLERANCE_S)])
    if not heard.size or (heard[0] == 0 and first):
        return expected_s
    return _seconds(first + int(heard[0]))


def _begun(phrase: Phrase, start_s: float) -> Phrase:
    """Begin a phrase at a time; phones that would be over by then follow in short order."""
    begun: Phrase = []
    earliest_s = start_s
    for phone in phrase:
        begins_s = max(phone.start_s, earliest_s) if begun else start_s
        earliest_s = max(phone.end_s, begins_s + _SHORTEST_S)
        begun.append(replace(phone, start_s=begins_s, end_s=earliest_s))
    return begun


def _to_offset(phone: TimedPhone, loud: NDArray[np.bool_], following_s: float) -> TimedPhone:
    """End a phone where the sound ends, before the next phrase."""
    first = _step(phone.start_s)
    heard = np.flatnonzero(loud[first : _step(following_s)])
    end_s = _seconds(first + int(heard[-1]) + 1) if heard.size else min(phone.end_s, following_s)
    return replace(phone, end_s=max(phone.start_s, end_s))


def _step(seconds: float) -> int:
    return round(seconds * RATE / _STEP)


def _seconds(step: int) -> float:
    return step * _STEP / RATE
