"""Hours of speech whose phones are known: many voices, languages and channels, as samples and labels."""

from collections.abc import Iterable, Iterator
from itertools import cycle

import numpy as np
from numpy.typing import NDArray

from engines.articulate.phones import RATE_HZ, SILENCE, TimedPhone, frame_phones
from engines.articulate.speech_encoder import HOP, SAMPLE_RATE
from engines.samples import resample
from scripts.training.channel import Samples, noise, pass_through
from scripts.training.espeak import VARIANTS, Manner, speak
from scripts.training.festival import (
    FESTIVAL_VOICES,
    FLITE_VOICES,
    RUSSIAN_VOICE,
    require_festival_voices,
    speak_festival,
    speak_flite,
)
from scripts.training.texts import sentences
from scripts.training.utterance import Utterance

#: (samples float32 (T,), phone of each frame uint8 (T // HOP,))
Recording = tuple[Samples, NDArray[np.uint8]]

# eSpeak's voice, the language of its text, and its share.
_ESPEAK_VOICES = (
    ("en-us", "en", 5), ("gmw/en", "en", 3), ("de", "de", 3), ("es", "es", 2), ("it", "it", 2), ("roa/fr", "fr", 3),
    ("pt-br", "pt", 2), ("pl", "pl", 2), ("ru", "ru", 2), ("nl", "nl", 2), ("tr", "tr", 2), ("hi", "hi", 2),
    ("cmn-latn-pinyin", "zh", 3), ("sv", "sv", 1), ("uk", "uk", 1), ("cs", "cs", 1), ("ko", "ko", 1),
)  # fmt: skip
_LANGUAGES = sorted({language for _, language, _ in _ESPEAK_VOICES})
_FESTIVAL_BATCH = 12
#: Frames that a recording has at least, and the share of those without speech.
_RECORDING = 1000
_WITHOUT_SPEECH = 0.1


class Speakers:
    """All the voices, taking turns at random.

    Args:
        seed: decides who speaks, what and how.

    Raises:
        FileNotFoundError: when voices or texts are not installed.
    """

    def __init__(self, seed: int) -> None:
        require_festival_voices()
        self._rng = np.random.default_rng(seed)
        self._texts = {language: cycle(sentences(language, self._rng)) for language in _LANGUAGES}

    def utterances(self) -> Iterator[Utterance]:
        """Utterances without end: about 43 % eSpeak, 30 % Flite, 27 % Festival."""
        while True:
            draw = self._rng.random()
            if draw < 0.03:
                yield from self._festival()
            elif draw < 0.43:
                yield from self._flite()
            else:
                yield self._espeak()

    def _espeak(self) -> Utterance:
        shares = np.array([share for *_, share in _ESPEAK_VOICES], float)
        voice, language, _ = _ESPEAK_VOICES[self._rng.choice(len(shares), p=shares / shares.sum())]
        variant = VARIANTS[self._rng.integers(len(VARIANTS))]
        rate, pitch, pitch_range = (int(self._rng.uniform(*span)) for span in ((110, 260), (15, 85), (20, 90)))
        manner = Manner(rate=rate, pitch=pitch, pitch_range=pitch_range)
        return speak(next(self._texts[language]), f"{voice}+{variant}".rstrip("+"), manner)

    def _flite(self) -> Iterator[Utterance]:
        voice = self._rng.choice(FLITE_VOICES, p=(0.3, 0.3, 0.3, 0.1))
        stretch, pitch = self._rng.uniform(0.75, 1.3), self._rng.uniform(80, 230)
        spoken = speak_flite(next(self._texts["en"]), voice, stretch, pitch)
        if spoken:
            yield spoken

    def _festival(self) -> Iterator[Utterance]:
        voice = self._rng.choice(FESTIVAL_VOICES, p=(0.3, 0.2, 0.2, 0.3))
        language = "ru" if voice == RUSSIAN_VOICE else "en"
        texts = [next(self._texts[language]) for _ in range(_FESTIVAL_BATCH)]
        yield from speak_festival(texts, voice, self._rng.uniform(0.75, 1.3))


def recordings(utterances: Iterable[Utterance], seed: int) -> Iterator[Recording]:
    """Recordings of a dozen seconds: samples at the network's rate and the phone of each frame.

    Each speaker's throat is made longer or shorter (by playing the speech slower or faster), a few speak in turn, and
    what they say goes through a channel. One recording in ten holds no speech at all.
    """
    rng = np.random.default_rng((seed, 1))
    taken: list[Recording] = []
    for utterance in utterances:
        if len(utterance.samples) < utterance.rate:
            continue
        taken.append(_turn(utterance, rng))
        if sum(len(labels) for _, labels in taken) >= _RECORDING:
            speech, labels = (np.concatenate(parts) for parts in zip(*taken, strict=True))
            taken = []
            yield pass_through(speech, rng), labels
            if rng.random() < _WITHOUT_SPEECH:
                yield _nothing(rng)


def _nothing(rng: np.random.Generator) -> Recording:
    count = int(SAMPLE_RATE * rng.uniform(2, 8))
    return noise(count, rng) * np.float32(0.1), np.full(count // HOP, SILENCE, np.uint8)


def _turn(utterance: Utterance, rng: np.random.Generator) -> Recording:
    """One speaker's words, their level their own, with silence around them."""
    throat = float(np.clip(np.exp(rng.normal(0, 0.1)), 0.78, 1.28))
    speech = resample(utterance.samples, round(utterance.rate * throat), SAMPLE_RATE)
    speech = speech / (np.abs(speech).max() + 1e-6) * np.float32(rng.uniform(0.3, 1.0))
    lead, tail = (int(RATE_HZ * rng.choice([0.05, rng.uniform(0.1, 1.2)], p=(0.6, 0.4))) for _ in range(2))
    frames = lead + tail + len(speech) // HOP + 1
    padded = np.pad(speech, (lead * HOP, frames * HOP - lead * HOP - len(speech)))
    phones = [
        TimedPhone(
            phone=item.phone,
            start_s=item.start_s / throat + lead / RATE_HZ,
            end_s=item.end_s / throat + lead / RATE_HZ,
        )
        for item in utterance.phones
    ]
    return padded, frame_phones(phones, frames)
