"""What the mouth does for each phone, and how neighbouring phones blend.

The table gives each phone a target for seven features of the mouth and says how firmly it holds each one. Blending
follows the dominance model of co-articulation (Löfqvist 1990; Cohen and Massaro 1993): a feature at time t is the mean
of the targets around t, weighted by dominance and by a bell over time. A p closes the lips whatever surrounds it;
a k leaves them to its neighbours, and a short vowel falls short of its target (undershoot, Lindblom 1963).

Opening is that of the lips and not of the jaw: spread lips part further than rounded ones at the same height of the jaw
(Fromkin 1964), and those of ɹ and w are all but closed. Between phrases that follow one another the mouth does not
shut; it waits slightly open (Gick et al. 2004). Targets were moved that way by what real lips do, see
docs/articulation.md.
"""

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from engines import base

#: Frames per second at which phones and features are timed.
RATE_HZ = 100


class Feature(IntEnum):
    """Columns of a feature tensor."""

    OPENING = 0
    WIDTH = 1
    ROUNDING = 2
    CLOSURE = 3
    LABIODENTAL = 4
    TEETH = 5
    TONGUE = 6


@dataclass(frozen=True, slots=True)
class Mouth:
    """A phone's targets, in the order of `Feature`, and how firmly it holds the opening and the shape of the lips.

    `opening` may be negative: lips pressed together, so that a short p still closes between two open vowels.
    """

    opening: float
    width: float
    rounding: float
    hold: float
    shape_hold: float
    closure: float = 0.0
    labiodental: float = 0.0
    teeth: float = 0.3
    tongue: float = 0.0


_P = Mouth(-0.25, 0.0, 0.0, 4.0, 0.3, closure=1.0)
_F = Mouth(-0.10, 0.05, 0.0, 4.0, 0.8, labiodental=1.0, teeth=1.0)
_SH = Mouth(0.22, -0.15, 0.4, 1.6, 1.2, teeth=0.9)
_S = Mouth(0.20, 0.4, 0.0, 1.6, 0.6, teeth=1.0)
_T = Mouth(0.17, 0.25, 0.0, 0.9, 0.3, teeth=0.5, tongue=0.3)
_TH = Mouth(0.18, 0.1, 0.0, 1.2, 0.4, teeth=0.6, tongue=1.0)
_K = Mouth(0.28, 0.0, 0.0, 0.35, 0.15)

#: Every phone told apart, keyed by its IPA letter; their order is the order of the network's outputs.
MOUTHS: dict[str, Mouth] = {
    "": Mouth(0.15, 0.0, 0.0, 1.2, 1.2, teeth=0.0),
    "ɑ": Mouth(0.82, 0.15, 0.0, 1.0, 1.0),
    "æ": Mouth(0.92, 0.35, 0.0, 1.0, 1.0),
    "ʌ": Mouth(0.55, 0.1, 0.0, 1.0, 1.0),
    "ə": Mouth(0.33, 0.05, 0.05, 0.6, 0.6),
    "ɚ": Mouth(0.30, -0.1, 0.2, 0.6, 0.6),
    "ɛ": Mouth(0.74, 0.45, 0.0, 1.0, 1.0),
    "e": Mouth(0.70, 0.5, 0.0, 1.0, 1.0),
    "ɪ": Mouth(0.46, 0.55, 0.0, 1.0, 1.0),
    "i": Mouth(0.34, 0.65, 0.0, 1.0, 1.0),
    "ɨ": Mouth(0.32, 0.35, 0.0, 0.8, 0.8),
    "ʊ": Mouth(0.12, -0.4, 0.7, 1.0, 1.0),
    "u": Mouth(0.06, -0.7, 1.0, 1.0, 1.0),
    "o": Mouth(0.18, -0.6, 0.8, 1.0, 1.0),
    "ɔ": Mouth(0.26, -0.45, 0.5, 1.0, 1.0),
    "y": Mouth(0.06, -0.6, 0.95, 1.0, 1.0),
    "ø": Mouth(0.20, -0.35, 0.65, 1.0, 1.0),
    "p": _P,
    "b": _P,
    "m": _P,
    "β": Mouth(0.05, 0.0, 0.0, 2.0, 0.5, closure=0.4),
    "f": _F,
    "v": _F,
    "w": Mouth(-0.05, -0.8, 1.0, 3.0, 2.0),
    "ɹ": Mouth(0.08, -0.30, 0.35, 0.8, 0.6),
    "r": Mouth(0.25, 0.1, 0.0, 0.7, 0.3, teeth=0.5, tongue=0.3),
    "ʁ": Mouth(0.30, 0.0, 0.0, 0.4, 0.2),
    "l": Mouth(0.18, 0.0, 0.0, 0.7, 0.3, tongue=0.7),
    "ʃ": _SH,
    "ʒ": _SH,
    "s": _S,
    "z": _S,
    "t": _T,
    "d": _T,
    "n": _T,
    "θ": _TH,
    "ð": _TH,
    "k": _K,
    "ɡ": _K,
    "ŋ": _K,
    "x": Mouth(0.35, 0.0, 0.0, 0.25, 0.15),
    "h": Mouth(0.35, 0.0, 0.0, 0.2, 0.1),
    "j": Mouth(0.26, 0.45, 0.0, 0.9, 0.7),
    "ɲ": Mouth(0.25, 0.35, 0.0, 0.8, 0.5, tongue=0.4),
    "ʔ": Mouth(0.20, 0.0, 0.0, 0.1, 0.1),
}

PHONES: tuple[str, ...] = tuple(MOUTHS)
SILENCE = PHONES.index("")

#: Other IPA letters that look alike on the lips, under the phone that stands for them.
_ALIKE = {
    "ɑ": "aɐ", "ʌ": "ɤ", "ə": "ɘᵊ", "ɚ": "ɜɝɞ", "ɨ": "ɯ", "ʊ": "ɵ", "u": "ʉ", "ɔ": "ɒ", "y": "ʏ", "ø": "œɶ",
    "p": "ʘ", "b": "ɓʙ", "β": "ɸ", "v": "ʋɱⱱ", "w": "ʍɥɰ", "ɹ": "ɻ", "r": "ɾɽ", "ʁ": "ʀ", "l": "ɫɭɬɮʟɺ", "ʃ": "ɕʂ",
    "ʒ": "ʑʐ", "t": "ʈ", "d": "ɖɗ", "n": "ɳ", "k": "qc", "ɡ": "gɢɟɣɠʛʄ", "ŋ": "ɴ", "x": "χħçɧ", "h": "ɦʕʜʢ", "ɲ": "ʎ",
}  # fmt: skip
_INDEX = {phone: index for index, phone in enumerate(PHONES)} | {
    letter: PHONES.index(phone) for phone, letters in _ALIKE.items() for letter in letters
}

#: A sound that may be made with any lips.
_UNKNOWN = PHONES.index("ʔ")

_ARPABET = {
    "aa": "ɑ", "ae": "æ", "ah": "ʌ", "ao": "ɔ", "aw": "ɑʊ", "ax": "ə", "axr": "ɚ", "ay": "ɑɪ", "b": "b", "ch": "tʃ",
    "d": "d", "dh": "ð", "dx": "r", "eh": "ɛ", "el": "əl", "em": "m", "en": "n", "er": "ɚ", "ey": "eɪ", "f": "f",
    "g": "ɡ", "hh": "h", "ih": "ɪ", "ix": "ɨ", "iy": "i", "jh": "dʒ", "k": "k", "l": "l", "m": "m", "n": "n",
    "ng": "ŋ", "ow": "oʊ", "oy": "ɔɪ", "p": "p", "r": "ɹ", "s": "s", "sh": "ʃ", "t": "t", "th": "θ", "uh": "ʊ",
    "uw": "u", "ux": "u", "v": "v", "w": "w", "y": "j", "z": "z", "zh": "ʒ",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class TimedPhone:
    """A phone (an index into `PHONES`) from `start_s` to `end_s`."""

    phone: int
    start_s: float
    end_s: float


def phones_of_ipa(symbol: str) -> tuple[int, ...]:
    """The phones of an IPA symbol: "tʃ" -> t, ʃ; diacritics, length and stress marks are passed over."""
    letters = unicodedata.normalize("NFD", symbol)
    return tuple(_INDEX[letter] for letter in letters if letter in _INDEX)


def phones_of_arpabet(symbol: str) -> tuple[int, ...]:
    """The phones of an ARPAbet symbol, with or without stress digits: "AY1" -> ɑ, ɪ; any other symbol -> ()."""
    return phones_of_ipa(_ARPABET.get(symbol.lower().rstrip("012"), ""))


def phones_of_speech(spoken: Iterable[base.TimedPhone]) -> list[TimedPhone]:
    """Timed IPA symbols as timed phones: those of one symbol share its time; an unknown one leaves the lips alone."""
    timed = []
    for item in spoken:
        phones = phones_of_ipa(item.symbol) or (_UNKNOWN if item.symbol.strip() else SILENCE,)
        bounds = np.linspace(item.start_s, item.end_s, len(phones) + 1).tolist()
        timed += [
            TimedPhone(phone=phone, start_s=start, end_s=end)
            for phone, start, end in zip(phones, bounds, bounds[1:], strict=False)
        ]
    return timed


def frame_phones(timed: Sequence[TimedPhone], frames: int) -> NDArray[np.uint8]:
    """The phone at each frame t / RATE_HZ, uint8 (frames,); silence where none is given."""
    labels = np.full(frames, SILENCE, np.uint8)
    for item in timed:
        labels[round(item.start_s * RATE_HZ) : max(0, round(item.end_s * RATE_HZ))] = item.phone
    return labels


def unknown_frames(spoken: Iterable[base.TimedPhone], frames: int) -> NDArray[np.bool_]:
    """The frames, bool (frames,), whose phones are left to be heard."""
    unknown = np.zeros(frames, np.bool_)
    for item in spoken:
        if item.symbol == base.HEARD:
            unknown[round(item.start_s * RATE_HZ) : round(item.end_s * RATE_HZ)] = True
    return unknown


#: How long one phone's pull on a feature lasts: standard deviation in frames. Lips round slowly and close fast.
_SPREAD = {
    Feature.OPENING: 4.0,
    Feature.WIDTH: 7.0,
    Feature.ROUNDING: 7.0,
    Feature.CLOSURE: 1.5,
    Feature.LABIODENTAL: 2.0,
    Feature.TEETH: 3.0,
    Feature.TONGUE: 3.0,
}
#: Lips that meet do so in a quick movement of their own, and let a short vowel between two of them be seen.
_SPREAD_MEETING = _SPREAD | {Feature.OPENING: 2.5}
_REACH = 20
_FEEBLE = 1e-3


def coarticulate(presence: torch.Tensor) -> torch.Tensor:
    """Blend phones into features of the mouth.

    Args:
        presence: (B, N, len(PHONES)) float, how far each phone is present at each frame, 0..1: probabilities, or one
            at the frame's phone.

    Returns:
        (B, N, len(Feature)) float, differentiable; opening may be slightly negative where lips are pressed together.
    """
    targets, hold = (table.to(presence) for table in _tables())
    meeting = presence * torch.tensor([mouth.closure == 1 for mouth in MOUTHS.values()]).to(presence)
    pull, weight = (
        _over_time((presence - meeting) @ table, _SPREAD) + _over_time(meeting @ table, _SPREAD_MEETING)
        for table in (hold * targets, hold)
    )
    return pull / (weight + _FEEBLE)


def _over_time(features: torch.Tensor, spread: dict[Feature, float]) -> torch.Tensor:
    """Each feature (B, N, len(Feature)) under its bell; silence surrounds them."""
    padded = functional.pad(features.transpose(1, 2), (_REACH, _REACH))
    return functional.conv1d(padded, _bells(spread).to(features), groups=len(Feature)).transpose(1, 2)


def _tables() -> tuple[torch.Tensor, torch.Tensor]:
    mouths = MOUTHS.values()
    targets = [(m.opening, m.width, m.rounding, m.closure, m.labiodental, m.teeth, m.tongue) for m in mouths]
    hold = [(m.hold, m.shape_hold, m.shape_hold, 1.0, 1.0, 1.0, 1.0) for m in mouths]
    return torch.tensor(targets), torch.tensor(hold)


def _bells(spread: dict[Feature, float]) -> torch.Tensor:
    offsets = torch.arange(-_REACH, _REACH + 1, dtype=torch.float32)
    bells = torch.stack([torch.exp(-0.5 * (offsets / spread[feature]) ** 2) for feature in Feature])
    return (bells / bells.sum(1, keepdim=True)).unsqueeze(1)
