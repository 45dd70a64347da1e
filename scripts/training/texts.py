"""Sentences to be spoken: Debian's fortune cookies, its word lists, and made-up Mandarin in pinyin."""

import re
from collections.abc import Iterable
from pathlib import Path

import numpy as np

FORTUNES = Path("/usr/share/games/fortunes")
_NOT_PROSE = re.compile(r"art|ascii|perl|zippy|song100|tang300|chinese|\.(dat|u8)$|translate-me")
_MARKUP = re.compile(r"\x1b\[[0-9;]*m|[<>&\[\]{}|*_=~#\\/^`\"@()+]|https?:\S+|-{2,}|\.{2,}|\b[A-Z]{4,}\b")
_NOT_A_WORD = re.compile(r"[\d\s.&+-]")
_LENGTHS = (20, 260)
_ITALIAN = ("italia", "formiche", "leggi", "luttazzi", "definizioni")
_ENGLISH_NOT = {*_ITALIAN, "brasil", "zuse", "norm", "luke", "paolotedeschi", "jackfr", "debian", "itatrek"}
_WORD_LISTS = {
    "fr": "dict/french",
    "nl": "dict/dutch",
    "pt": "dict/portuguese",
    "sv": "dict/swedish",
    "uk": "dict/ukrainian",
    "hi": "hunspell/hi_IN.dic",
    "tr": "hunspell/tr_TR.dic",
    "ko": "hunspell/ko.dic",
}

_INITIALS = ("", "b", "p", "m", "f", "d", "t", "n", "l", "g", "k", "h", "zh", "ch", "sh", "z", "c", "s")
_PALATAL_INITIALS = ("j", "q", "x", "b", "p", "m", "d", "t", "n", "l", "y")
_FINALS = ("a", "ai", "ao", "an", "ang", "e", "ei", "en", "eng", "ou", "u", "uo", "ui", "un", "uan", "ong")
_PALATAL_FINALS = ("i", "ia", "iao", "ie", "iu", "ian", "in", "iang", "ing")


def sentences(language: str, rng: np.random.Generator) -> list[str]:
    """Sentences of one language, in a random order.

    Args:
        language: "en", "de", "es", "it", "pt", "pl", "ru", "cs", a language of the word lists, or "zh" for pinyin.
        rng: decides the order, and the words where sentences are made up.

    Raises:
        FileNotFoundError: when the packages that docs/training.md names are not installed.
    """
    found = _prose(language) or _made_up(language, rng)
    if not found:
        raise FileNotFoundError(f"no text for {language!r}: install the packages that docs/training.md names")
    rng.shuffle(found)
    return found


def _prose(language: str) -> list[str]:
    files = {
        "en": [path for path in FORTUNES.glob("*") if path.name not in _ENGLISH_NOT],
        "it": [FORTUNES / name for name in _ITALIAN],
        "pt": [FORTUNES / "brasil"],
    }.get(language, list((FORTUNES / language).glob("*")))
    return [cookie for path in sorted(files) for cookie in _cookies(path)]


def _cookies(path: Path) -> Iterable[str]:
    if not path.is_file() or _NOT_PROSE.search(path.name):
        return
    for cookie in path.read_text(encoding="utf-8", errors="ignore").split("\n%"):
        text = re.sub(r"\s+", " ", _MARKUP.sub(" ", cookie)).strip()
        if len(text) >= _LENGTHS[0]:
            yield text[: _LENGTHS[1]].rpartition(" ")[0]


def _made_up(language: str, rng: np.random.Generator) -> list[str]:
    words = _pinyin() if language == "zh" else _words(language)
    return [_sentence(words, rng) for _ in range(3000)] if words else []


def _sentence(words: list[str], rng: np.random.Generator) -> str:
    chosen = [words[index] for index in rng.integers(len(words), size=rng.integers(4, 14))]
    return " ".join(word + ("," if rng.random() < 0.12 else "") for word in chosen) + "."


def _words(language: str) -> list[str]:
    path = Path("/usr/share") / _WORD_LISTS.get(language, "dict/none")
    lines = path.read_text(encoding="utf-8", errors="ignore").splitlines() if path.exists() else []
    words = (line.partition("/")[0] for line in lines)
    return [word for word in words if len(word) > 1 and not _NOT_A_WORD.search(word)]


def _pinyin() -> list[str]:
    """Words of one or two syllables with tones; the more frequent finals are not more frequent here."""
    plain = [initial + final for initial in _INITIALS for final in _FINALS]
    palatal = [initial + final for initial in _PALATAL_INITIALS for final in _PALATAL_FINALS]
    syllables = [f"{syllable}{1 + index % 4}" for index, syllable in enumerate(plain + palatal * 2)]
    return syllables + [one + two for one, two in zip(syllables, syllables[::-1], strict=True)]
