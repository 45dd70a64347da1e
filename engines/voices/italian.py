"""Italian text to the network's symbols, by a dictionary that marks stress."""

import re
from functools import cache, partial
from itertools import pairwise

from engines.voices.dictionary import Dictionary
from engines.voices.numbers import in_words
from engines.voices.speaker import Reading

_PART = re.compile(r"[^\W\d_]+|.")
#: What is left of short words before an apostrophe.
_ELIDED = {"l": "l", "d": "d", "c": "ʧ", "m": "m", "t": "t", "s": "s", "v": "v", "n": "n", "un": "un"}
#: Affricates are single symbols of the network.
_JOINED = {"tʃ": "ʧ", "dʒ": "ʤ", "ts": "ʦ", "dz": "ʣ"}


@cache
def italian() -> Reading:
    """A reader of Italian; loaded once.

    Raises:
        WeightsMissing: when its dictionary is not installed.
    """
    return partial(_read, dictionary=Dictionary("gruut_lang_it", "espeak"))


def _read(text: str, dictionary: Dictionary) -> str:
    parts = _PART.findall(in_words(text, "it").lower().replace("’", "'"))
    symbols = ""
    for part, after in pairwise([*parts, ""]):
        if not part[0].isalpha():
            symbols += "" if part == "'" else part
        elif after == "'":
            symbols += _ELIDED.get(part) or dictionary.phonemes(part + "a").removesuffix("a")
        else:
            symbols += dictionary.phonemes(part)
    for pair, single in _JOINED.items():
        symbols = symbols.replace(pair, single)
    return symbols
