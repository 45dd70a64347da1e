"""Speech of the service's own neural voices, Kokoro and hibari, whose networks tell how long each phone takes.

Kokoro's symbols are IPA letters, so it also speaks, with an accent, languages that it was not made for, from the
phonemes that eSpeak NG reads; and speakers are blended from its styles, so that there are more of them than it has.
"""

import re
from collections.abc import Iterator
from functools import cache
from itertools import cycle

import numpy as np

from engines.articulate.phones import phones_of_speech
from engines.voices import alignment
from engines.voices.english import english
from engines.voices.espeak import Espeak
from engines.voices.hibari import hibari
from engines.voices.kokoro import STYLES, KokoroVoice, kokoro
from engines.voices.mandarin import mandarin
from engines.voices.speaker import Network
from engines.voices.symbols import RATE, known
from scripts.training.texts import FORTUNES, sentences
from scripts.training.utterance import Utterance

#: A language of the texts, the voice with which eSpeak NG reads it ("" where the project has rules), and its share.
_READERS = (
    ("en", "", 9), ("de", "de", 4), ("zh", "", 2), ("fr", "fr", 2), ("es", "es", 2), ("it", "it", 2),
    ("pt", "pt-br", 2), ("hi", "hi", 2), ("ru", "ru", 1), ("pl", "pl", 1), ("nl", "nl", 1), ("tr", "tr", 1),
    ("sv", "sv", 1), ("ko", "ko", 1),
)  # fmt: skip
_LIGATURES = (("dʒ", "ʤ"), ("tʃ", "ʧ"), ("ts", "ʦ"), ("dz", "ʣ"), ("ɜː", "ɜɹ"), ("g", "ɡ"))
_HIBARI_SHARE = 0.12
_LONGEST = 220
_CHINESE = ("chinese", "song100", "tang300")
_HAN_SENTENCE = re.compile(r"[㐀-鿿，]{8,60}[。！？]")


class NeuralSpeakers:
    """All the neural voices, taking turns at random.

    Args:
        seed: decides who speaks, what and how.

    Raises:
        FileNotFoundError: when texts are not installed.
        WeightsMissing: when a voice is not installed.
    """

    def __init__(self, seed: int) -> None:
        self._rng = np.random.default_rng((seed, 2))
        self._texts = {language: cycle(_texts(language, self._rng)) for language, *_ in _READERS}

    def utterances(self) -> Iterator[Utterance]:
        """Utterances without end, of about 3 to 15 s."""
        while True:
            spoken = self._hibari() if self._rng.random() < _HIBARI_SHARE else self._kokoro()
            if spoken.phones:
                yield spoken

    def _hibari(self) -> Utterance:
        return _utterance(hibari(1), _symbols(next(self._texts["en"]), "en", ""))

    def _kokoro(self) -> Utterance:
        shares = np.array([share for *_, share in _READERS], float)
        language, reader, _ = _READERS[self._rng.choice(len(shares), p=shares / shares.sum())]
        return _utterance(self._speaker(), _symbols(next(self._texts[language]), language, reader))

    def _speaker(self) -> KokoroVoice:
        """One style, or a mean of two: half of the speakers are nobody's."""
        one, other = (
            kokoro(1).voice(str(style)) for style in self._rng.choice(sorted(STYLES.values()), 2, replace=False)
        )
        share = np.float32(self._rng.choice([1.0, self._rng.uniform(0.5, 0.9)]))
        return KokoroVoice(session=one.session, styles=share * one.styles + (1 - share) * other.styles)


def _utterance(voice: Network, symbols: str) -> Utterance:
    samples, durations = voice.utter(symbols, lambda _: None, 0.0)
    spoken = alignment.phones_of(symbols, durations, samples)
    return Utterance(samples=samples, rate=RATE, phones=tuple(phones_of_speech(spoken)))


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
