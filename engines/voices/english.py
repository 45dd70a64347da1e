"""English text to the network's symbols, American or British."""

import re
import unicodedata
from functools import cache

from hibari.g2p import G2P

from engines.voices.speaker import Reading

#: Longer numbers have no words; they are read digit by digit.
_LONG_NUMBER = re.compile(r"\d[\d,]{15,}")
#: What nobody says of an address, and what everybody does.
_SCHEME = re.compile(r"\bhttps?://", re.IGNORECASE)
_DOT = re.compile(r"(?<=[a-z0-9])\.(?=[a-z]{2})")


@cache
def english(*, british: bool) -> Reading:
    """A reader of English; loaded once."""
    reader = G2P(british=british)

    def read(text: str) -> str:
        symbols: str = reader(_readable(text))
        return symbols

    return read


def _readable(text: str) -> str:
    """Write out addresses, and take out very long numbers, letters without a small one, and the reader's own markup."""
    said = _DOT.sub(" dot ", _SCHEME.sub("", text)).replace("www dot", "w w w dot")
    spaced = _LONG_NUMBER.sub(lambda number: " ".join(number.group().replace(",", "")), said)
    plain = (letter if len(letter.lower()) == 1 else unicodedata.normalize("NFD", letter)[0] for letter in spaced)
    return "".join(plain).replace("](", "] (")
