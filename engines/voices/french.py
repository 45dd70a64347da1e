"""French text to the network's symbols: a dictionary, elision, liaison and stress at the end of words."""

import re
from functools import cache, partial

from engines.voices.dictionary import Dictionary
from engines.voices.numbers import in_words
from engines.voices.speaker import Reading

_PART = re.compile(r"aujourd'hui|[^\W\d_]+|\s+|.")
#: What is left of short words before an apostrophe.
_ELIDED = {"l": "l", "d": "d", "j": "ʒ", "m": "m", "t": "t", "s": "s", "c": "s", "n": "n", "qu": "k"}
_VOWELS = "aeiouyøœɛɔɑəɐ"
_LAST_VOWEL = re.compile(f"[{_VOWELS}]̃?(?=[^{_VOWELS}]*$)")
#: Words that the dictionary spells out.
_SAID = {"ce": "sə", "le": "lə", "je": "ʒə", "de": "də", "ne": "nə", "me": "mə", "te": "tə", "se": "sə", "que": "kə"}
#: What a word lends to a following vowel.
_LIAISON = {
    "les": "z", "des": "z", "mes": "z", "tes": "z", "ses": "z", "ces": "z", "nos": "z", "vos": "z", "aux": "z",
    "nous": "z", "vous": "z", "ils": "z", "elles": "z", "très": "z", "sans": "z", "dans": "z", "deux": "z",
    "trois": "z", "un": "n", "on": "n", "en": "n", "mon": "n", "ton": "n", "son": "n", "aucun": "n", "bien": "n",
    "est": "t", "sont": "t", "ont": "t", "petit": "t", "grand": "t", "quand": "t", "tout": "t", "cet": "t",
}  # fmt: skip
#: Words that carry no stress of their own.
_UNSTRESSED = frozenset((
    "le", "la", "les", "un", "une", "des", "de", "du", "au", "aux", "à", "et", "ou", "que", "qui", "je", "tu", "il",
    "elle", "on", "nous", "vous", "ils", "elles", "me", "te", "se", "ce", "ne", "en", "y", "mon", "ma", "mes", "ton",
    "ta", "tes", "son", "sa", "ses", "par", "pour", "dans", "sur", "est",
))  # fmt: skip


@cache
def french() -> Reading:
    """A reader of French; loaded once.

    Raises:
        WeightsMissing: when its dictionary is not installed.
    """
    return partial(_read, dictionary=Dictionary("gruut_lang_fr"))


def _read(text: str, dictionary: Dictionary) -> str:
    parts = _PART.findall(in_words(text, "fr").lower().replace("’", "'"))
    symbols: list[str] = []
    for place, part in enumerate(parts):
        after = "".join(parts[place + 1 : place + 3])
        if not part[0].isalpha():
            symbols.append("" if part in "'-" else part)
        elif after.startswith("'"):
            symbols.append(_ELIDED.get(part) or dictionary.phonemes(part + "e").removesuffix("ə"))
        else:
            symbols.append(_word(part, after.strip() if after[:1].isspace() else "", dictionary))
    return "".join(symbols)


def _word(word: str, follower: str, dictionary: Dictionary) -> str:
    sound = _SAID.get(word) or dictionary.phonemes(word)
    if word not in _UNSTRESSED:
        sound = _LAST_VOWEL.sub(lambda vowel: "ˈ" + vowel.group(), sound, count=1)
    liaison = _LIAISON.get(word, "")
    is_linked = follower[:1].isalpha() and follower[0] != "h" and dictionary.phonemes(follower)[:1] in tuple(_VOWELS)
    return sound + liaison if liaison and is_linked and not sound.endswith(liaison) else sound
