"""Numbers written out in words."""

import re
from functools import partial

from num2words import num2words

#: Digits with thousands and decimals as the Romance languages write them: 1.250.000,5.
_NUMBER = re.compile(r"\d{1,3}(?:[.\u00a0\u202f ]\d{3})+(?:,\d+)?(?!\d)|\d+(?:[.,]\d+)?")
_GROUPED = re.compile(r"(?<=\d)[.\u00a0\u202f ](?=\d{3}(?!\d))")
#: Longer numbers are read digit by digit.
_MOST_DIGITS = 15


def in_words(text: str, language: str) -> str:
    """Replace each number by its words in French ("fr"), Spanish ("es") or Italian ("it")."""
    return _NUMBER.sub(partial(_words, language=language), text)


def _words(match: re.Match[str], language: str) -> str:
    plain = _GROUPED.sub("", match.group()).replace(",", ".")
    if len(plain) > _MOST_DIGITS or (plain.startswith("0") and plain.isdigit()):
        return " ".join(num2words(int(digit), lang=language) for digit in plain if digit.isdigit())
    value = float(plain) if "." in plain else int(plain)
    return f" {num2words(value, lang=language)} "
