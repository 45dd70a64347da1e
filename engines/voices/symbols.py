"""The alphabet of the built-in voices' networks: IPA letters, some of them for two sounds, and punctuation."""

import json
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

#: Files that ship with the voices.
FOLDER = Path(__file__).parent / "weights"
REMEDY = "Install the packages of requirements.lock again."

#: Samples per second of what the networks speak, and the samples that one unit of a duration stands for.
RATE = 24_000
FRAME_SAMPLES = 600
#: More symbols than this are not spoken at once: the networks were trained on up to 510.
MOST_SYMBOLS = 400


def known(phonemes: str) -> str:
    """The symbols of a text of phonemes that the networks know."""
    return "".join(symbol for symbol in phonemes if symbol in _alphabet())


def numbers(phonemes: str) -> NDArray[np.int64]:
    """The networks' numbers of known symbols, with a silence before and after: (1, len(phonemes) + 2)."""
    return np.array([[0, *(_alphabet()[symbol] for symbol in phonemes), 0]], np.int64)


@cache
def _alphabet() -> dict[str, int]:
    alphabet: dict[str, int] = json.loads((FOLDER / "symbols.json").read_text(encoding="utf-8"))
    return alphabet
