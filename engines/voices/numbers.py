"""Numbers and the signs around them written out in words, in French, Spanish and Italian."""

import re
from functools import partial

from num2words import num2words

#: Digits with thousands and decimals as the Romance languages write them: 1.250.000,5.
_DIGITS = r"(?:\d{1,3}(?:[.\u00a0\u202f ]\d{3})+(?:,\d+)?(?!\d)|\d+(?:[.,]\d+)?)"
_NUMBER = re.compile(_DIGITS)
_GROUPED = re.compile(r"(?<=\d)[.\u00a0\u202f ](?=\d{3}(?!\d))")
#: A currency ahead of its number is said after it.
_AHEAD = re.compile(rf"([€$£¥])\s?({_DIGITS})")
#: Longer numbers are read digit by digit.
_MOST_DIGITS = 15
_SIGNS = {
    "fr": {
        "%": "pour cent", "€": "euros", "$": "dollars", "£": "livres", "¥": "yens", "°": "degrés", "&": "et",
        "@": "arobase", "+": "plus", "=": "égale",
    },
    "es": {
        "%": "por ciento", "€": "euros", "$": "dólares", "£": "libras", "¥": "yenes", "°": "grados", "&": "y",
        "@": "arroba", "+": "más", "=": "igual a",
    },
    "it": {
        "%": "per cento", "€": "euro", "$": "dollari", "£": "sterline", "¥": "yen", "°": "gradi", "&": "e",
        "@": "chiocciola", "+": "più", "=": "uguale",
    },
}  # fmt: skip


def in_words(text: str, language: str) -> str:
    """Replace numbers, and signs that have a name, by words in French ("fr"), Spanish ("es") or Italian ("it")."""
    said = _NUMBER.sub(partial(_words, language=language), _AHEAD.sub(r"\2 \1", text))
    return "".join(f" {_SIGNS[language][letter]} " if letter in _SIGNS[language] else letter for letter in said)


def _words(match: re.Match[str], language: str) -> str:
    plain = _GROUPED.sub("", match.group()).replace(",", ".")
    if len(plain) > _MOST_DIGITS or (plain.startswith("0") and plain.isdigit()):
        return " ".join(num2words(int(digit), lang=language) for digit in plain if digit.isdigit())
    value = float(plain) if "." in plain else int(plain)
    # Who writes a comma says one; num2words has Spaniards say a point.
    return f" {num2words(value, lang=language).replace(' punto ', ' coma ')} "
