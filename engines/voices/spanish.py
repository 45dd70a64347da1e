"""Spanish text to the network's symbols, by its spelling: Castilian, with the stress rules of the Academy."""

import re

from engines.voices.numbers import in_words

_PART = re.compile(r"[^\W\d_]+|.")

#: Spellings in the order in which they are tried at a place, with what they sound like. The accents of open
#: vowels are taken off beforehand.
_SPELLINGS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(spelling), sound)
    for spelling, sound in (
        (r"ch", "ʧ"), (r"ll", "ʎ"), (r"rr", "r"), (r"(?<![^\W\d_])r|(?<=[nls])r", "r"), (r"r", "ɾ"),
        (r"qu(?=[eií])", "k"), (r"gu(?=[eií])", "ɡ"), (r"gü", "ɡw"), (r"g(?=[eií])", "x"), (r"j", "x"), (r"x", "ks"),
        (r"c(?=[eií])", "θ"), (r"z", "θ"), (r"c|q", "k"), (r"ñ", "ɲ"), (r"h", ""), (r"y(?![^\W\d_])", "i"), (r"y", "ʝ"),
        (r"(?<![^\W\d_])hu(?=[aeioí])", "w"), (r"u(?=[aeioí])", "w"), (r"i(?=[aeouú])", "j"), (r"ü", "w"),
        (r"(?<=[aeiouíú])[bv](?=[aeiouíúlr])", "β"), (r"v", "b"), (r"(?<=[aeiouíú])d(?=[aeiouíú])", "ð"),
        (r"(?<=[aeiouíú])g(?=[aouúlr])", "ɣ"), (r"g", "ɡ"), (r"n(?=[cgkqj])", "ŋ"), (r"í", "i"), (r"ú", "u"),
    )
)  # fmt: skip
_NUCLEUS = re.compile(r"[iuü]?[aeoáéó][iuü]?(?![aeoáéó])|[iuü]?[aeoáéó]|[íú]|[iuü]+")
_STRONG = re.compile(r"[aeoáéóíú]")
_UNSTRESSED = frozenset((
    "el", "la", "los", "las", "un", "una", "de", "del", "a", "al", "y", "o", "u", "e", "en", "con", "por", "para",
    "que", "se", "me", "te", "le", "lo", "nos", "os", "les", "su", "sus", "mi", "mis", "tu", "tus", "si", "como",
    "pero", "sin",
))  # fmt: skip
_OPEN = str.maketrans("áéó", "aeo")
_SILENT_U = re.compile(r"(?<=[qg])u(?=[eiéí])")


def spanish(text: str) -> str:
    """Read Spanish."""
    parts = _PART.findall(in_words(text, "es").lower())
    return "".join(_word(part) if part.isalpha() else part for part in parts if part not in "¿¡")


def _word(word: str) -> str:
    stressed = -1 if word in _UNSTRESSED else _stressed_letter(word)
    sounds: list[str] = []
    plain = _plain(word)
    place = 0
    while place < len(plain):
        length, sound = _sound(plain, place)
        mark = "ˈ" if place <= stressed < place + length else ""
        sounds.append(mark + sound)
        place += length
    return "".join(sounds)


def _sound(word: str, place: int) -> tuple[int, str]:
    for spelling, sound in _SPELLINGS:
        match = spelling.match(word, place)
        if match:
            return len(match.group()), sound
    return 1, word[place]


def _stressed_letter(word: str) -> int:
    """Place of the vowel that carries the stress; -1 in a word without vowels."""
    spoken = _SILENT_U.sub("_", word)
    for place, letter in enumerate(spoken):
        if letter in "áéíóú":
            return place
    nuclei = list(_NUCLEUS.finditer(spoken))
    if not nuclei:
        return -1
    is_last = len(nuclei) == 1 or not spoken.endswith(("a", "e", "i", "o", "u", "n", "s"))
    nucleus = nuclei[-1 if is_last else -2]
    strong = _STRONG.search(nucleus.group())
    return nucleus.start() + (strong.start() if strong else len(nucleus.group()) - 1)


def _plain(word: str) -> str:
    """Take the accents off open vowels; on "í" and "ú" they tell a vowel of its own from a glide."""
    return word.translate(_OPEN)
