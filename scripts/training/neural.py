"""Speech of the service's own neural voices, Kokoro and hibari, whose networks tell how long each phone takes.

Kokoro's symbols are IPA letters, so it also speaks, with an accent, languages that it was not made for, from the
phonemes that eSpeak NG reads; and speakers are blended from its styles, so that there are more of them than it has.
Hibari takes the same symbols and has one voice, whose pitch, rate and throat are varied.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from itertools import cycle

import numpy as np
from hibari.dsp import synth
from numpy.typing import NDArray

from engines.articulate.phones import phones_of_speech
from engines.base import Report
from engines.voices import alignment
from engines.voices.english import english
from engines.voices.espeak import Espeak
from engines.voices.hibari import Hibari
from engines.voices.kokoro import STYLES, Kokoro, KokoroVoice
from engines.voices.mandarin import mandarin
from engines.voices.network import run
from engines.voices.speaker import Network
from engines.voices.symbols import RATE, known, numbers
from scripts.training.texts import FORTUNES, sentences
from scripts.training.utterance import Utterance

#: A language of the texts, the voice with which eSpeak NG reads it ("" where the project has rules), and its share.
_READERS = (
    ("en", "", 9), ("de", "de", 4), ("zh", "", 2), ("fr", "fr", 2), ("es", "es", 2), ("it", "it", 2),
    ("pt", "pt-br", 2), ("hi", "hi", 2), ("ru", "ru", 1), ("pl", "pl", 1), ("nl", "nl", 1), ("tr", "tr", 1),
    ("sv", "sv", 1), ("ko", "ko", 1),
)  # fmt: skip
_LIGATURES = (("dʒ", "ʤ"), ("tʃ", "ʧ"), ("ts", "ʦ"), ("dz", "ʣ"), ("ɜː", "ɜɹ"), ("g", "ɡ"))
_HIBARI_OUTPUTS = ("lh", "theta", "ln", "lr", "phi", "f0", "/Clip_output_0")
_LONGEST = 220
_CHINESE = ("chinese", "song100", "tang300")
_HAN_SENTENCE = re.compile(r"[㐀-鿿，]{8,60}[。！？]")


class NeuralSpeakers:
    """Neural voices that read in all the languages of `_READERS`.

    Args:
        seed: decides who speaks, what and how.

    Raises:
        FileNotFoundError: when texts are not installed.
        WeightsMissing: when a voice is not installed.
    """

    def __init__(self, seed: int) -> None:
        self._rng = np.random.default_rng((seed, 2))
        self._texts = {language: cycle(_texts(language, self._rng)) for language, *_ in _READERS}

    def kokoro(self) -> Iterator[Utterance]:
        """Kokoro's utterances without end, of about 3 to 15 s."""
        network = Kokoro(1)
        while True:
            yield from spoken_by(self._blended(network), self._symbols(), 1.0)

    def hibari(self) -> Iterator[Utterance]:
        """Hibari's, likewise."""
        voice = VariedHibari()
        while True:
            voice.speed, voice.pitch = self._rng.uniform(0.8, 1.4), self._rng.uniform(0.55, 1.25)
            yield from spoken_by(voice, self._symbols(), self._rng.uniform(0.82, 1.15))

    def _symbols(self) -> str:
        shares = np.array([share for *_, share in _READERS], float)
        language, reader, _ = _READERS[self._rng.choice(len(shares), p=shares / shares.sum())]
        return _symbols(next(self._texts[language]), language, reader)

    def _blended(self, network: Kokoro) -> KokoroVoice:
        """One style, or a mean of two: half of the speakers are nobody's."""
        one, other = (
            network.voice(str(style)) for style in self._rng.choice(sorted(STYLES.values()), 2, replace=False)
        )
        share = np.float32(self._rng.choice([1.0, self._rng.uniform(0.5, 0.9)]))
        return KokoroVoice(session=one.session, styles=share * one.styles + (1 - share) * other.styles)


class VariedHibari(Hibari):
    """Hibari, one thread, faster and higher than it is by factors that may be set."""

    def __init__(self) -> None:
        super().__init__(1)
        self.speed = self.pitch = 1.0

    def utter(self, phonemes: str, report: Report, fraction: float) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """As `Hibari.utter`."""
        feeds: dict[str, NDArray[np.generic]] = {
            "ids": numbers(phonemes),
            "speed": np.full(1, self.speed, np.float32),
        }
        *spectrum, hertz, durations = run(self._session, _HIBARI_OUTPUTS, feeds, report, fraction)
        parts = [*(part[0] for part in spectrum), np.asarray(hertz[0] * self.pitch, np.float32)]
        samples: NDArray[np.float32] = synth(*parts, np.random.default_rng(len(phonemes)))
        return samples, durations.reshape(-1).astype(np.int64)


def spoken_by(voice: Network, symbols: str, throat: float) -> Iterator[Utterance]:
    """What a voice makes of symbols, played faster by `throat`; nothing where it makes no phone."""
    samples, durations = voice.utter(symbols, lambda _: None, 0.0)
    spoken = [
        replace(phone, start_s=phone.start_s / throat, end_s=phone.end_s / throat)
        for phone in alignment.phones_of(symbols, durations, samples)
    ]
    if spoken:
        yield Utterance(samples=samples, rate=round(RATE * throat), phones=tuple(phones_of_speech(spoken)))


def _texts(language: str, rng: np.random.Generator) -> list[str]:
    if language != "zh":
        return sentences(language, rng)
    files = (FORTUNES / name for name in _CHINESE)
    found = [
        sentence
        for path in files
        if path.is_file()
        for sentence in _HAN_SENTENCE.findall(path.read_text(encoding="utf-8", errors="ignore"))
    ]
    rng.shuffle(found)
    return found


def _symbols(text: str, language: str, reader: str) -> str:
    if language == "zh":
        read = mandarin(text)
    elif reader:
        read = _reader(reader).phonemes(text)
        for letters, ligature in _LIGATURES:
            read = read.replace(letters, ligature)
    else:
        read = english(british=len(text) % 2 == 1)(text)
    symbols = " ".join(known(read).split())
    return symbols if len(symbols) <= _LONGEST else symbols[: symbols.rfind(" ", 1, _LONGEST)].strip() or "ə"


_reader = cache(lambda voice: Espeak(voice=voice))
