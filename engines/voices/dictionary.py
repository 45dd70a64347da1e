"""Pronunciations of words: a dictionary, and for words that it lacks a conditional random field over their letters.

Both come as packages of the gruut project (MIT), one for each language: `lexicon.db` and `g2p/model.crf`.
"""

import sqlite3
import threading
import unicodedata
from base64 import b64decode, b64encode
from importlib import resources
from importlib.abc import Traversable
from importlib.resources import as_file

import pycrfsuite

from contracts.errors import WeightsMissing

#: Letters on either side of a letter that its sound may depend on; the models were trained with these features.
_WINDOW = 3


class Dictionary:
    """The words of one language.

    Args:
        package: the package that holds the language's files.
        folder: the files' folder in it, "" for its root.

    Raises:
        WeightsMissing: when the package is not installed.
    """

    def __init__(self, package: str, folder: str = "") -> None:
        try:
            root: Traversable = resources.files(package).joinpath(folder)
            with as_file(root.joinpath("lexicon.db")) as lexicon, as_file(root.joinpath("g2p/model.crf")) as model:
                self._words = sqlite3.connect(f"file:{lexicon}?mode=ro&immutable=1", uri=True, check_same_thread=False)
                self._guesses = pycrfsuite.Tagger()
                self._guesses.open(str(model))
        except (ModuleNotFoundError, OSError, sqlite3.Error) as fault:
            raise WeightsMissing(
                f"the dictionary {package} is not installed", remedy="Install the packages of requirements.lock again."
            ) from fault
        self._one_at_a_time = threading.Lock()

    def phonemes(self, word: str) -> str:
        """How a word in small letters is pronounced, in IPA; "" for one of another script than the Latin."""
        if any(letter.isalpha() and not unicodedata.name(letter, "").startswith("LATIN") for letter in word):
            return ""
        with self._one_at_a_time:
            found = self._words.execute(
                "SELECT phonemes FROM word_phonemes WHERE word = ? ORDER BY pron_order LIMIT 1", (word,)
            ).fetchone()
            return "".join((found[0] if found else self._guess(word)).split())

    def _guess(self, word: str) -> str:
        labels = [
            _decoded(label) for label in self._guesses.tag([_features(word, place) for place in range(len(word))])
        ]
        return " ".join(phone for label in labels for phone in label.split("|") if phone != "_")


def _features(word: str, place: int) -> dict[str, str | bool | float]:
    """A letter and its neighbours, named as in the models' training."""
    features: dict[str, str | bool | float] = {"bias": 1.0, "grapheme": _encoded(word[place])}
    features |= {"begin": True} if place == 0 else {}
    features |= {"end": True} if place == len(word) - 1 else {}
    for distance in range(1, _WINDOW + 1):
        if place >= distance:
            features[f"grapheme-{distance}"] = _encoded(word[place - distance])
        if place + distance < len(word):
            features[f"grapheme+{distance}"] = _encoded(word[place + distance])
    return features


def _encoded(letter: str) -> str:
    return b64encode(letter.encode()).decode("ascii")


def _decoded(label: str) -> str:
    return b64decode(label.encode("ascii")).decode()
