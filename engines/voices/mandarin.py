"""Mandarin text to the network's symbols, by pinyin."""

import re
from itertools import islice

from pypinyin import Style, lazy_pinyin
from pypinyin.seg.mmseg import seg

_TONES = {"1": "→", "2": "↗", "3": "↓", "4": "↘", "5": ""}
_INITIALS = {
    "b": "p", "p": "pʰ", "m": "m", "f": "f", "d": "t", "t": "tʰ", "n": "n", "l": "l", "g": "k", "k": "kʰ", "h": "x",
    "j": "ʨ", "q": "ʨʰ", "x": "ɕ", "zh": "ꭧ", "ch": "ꭧʰ", "sh": "ʂ", "r": "ɻ", "z": "ʦ", "c": "ʦʰ", "s": "s", "": "",
}  # fmt: skip
#: "0" is where the tone goes.
_FINALS = {
    "a": "a0", "ai": "ai0", "an": "a0n", "ang": "a0ŋ", "ao": "au0", "e": "ɤ0", "ei": "ei0", "en": "ə0n", "eng": "ə0ŋ",
    "er": "ɚ0", "i": "i0", "ia": "ja0", "ian": "jɛ0n", "iang": "ja0ŋ", "iao": "jau0", "ie": "je0", "in": "i0n",
    "ing": "i0ŋ", "iong": "jʊ0ŋ", "iou": "jou0", "ong": "ʊ0ŋ", "ou": "ou0", "o": "wo0", "u": "u0", "ua": "wa0",
    "uai": "wai0", "uan": "wa0n", "uang": "wa0ŋ", "uei": "wei0", "uen": "wə0n", "ueng": "wə0ŋ", "uo": "wo0", "v": "y0",
    "van": "ɥɛ0n", "ve": "ɥe0", "vn": "y0n", "ê": "ɛ0", "io": "jɔ0",
}  # fmt: skip
_BUZZED = frozenset(("zh", "ch", "sh", "r", "z", "c", "s"))
_PUNCTUATION = str.maketrans(
    {
        "，": ", ",
        "、": ", ",
        "。": ". ",
        "！": "! ",
        "？": "? ",
        "；": "; ",
        "：": ": ",
        "《": "“",
        "》": "”",
        "（": "(",
        "）": ")",
    }
)

_DIGITS = "零一二三四五六七八九"
_PLACES = ("", "十", "百", "千")
_MYRIADS = ("", "万", "亿", "万亿")
_NUMBER = re.compile(r"(\d+)(?:\.(\d+))?(%?)")
_YEAR = re.compile(r"\d{4}(?=年)")
_MOST_DIGITS = 16

_HAN = re.compile(r"[㐀-鿿]")
_PART = re.compile(r"[㐀-鿿]+|[^㐀-鿿]+")
_LETTERS = re.compile(r"[^\W\d_]+")
_WORD_ENDS = re.compile(r"\s+")


def mandarin(text: str) -> str:
    """Read Mandarin in Chinese characters; letters of other scripts are passed over."""
    written = _NUMBER.sub(_number, _YEAR.sub(_digits, text))
    parts = _PART.findall(written.translate(_PUNCTUATION))
    symbols = "".join(_words(part) if _HAN.match(part) else _LETTERS.sub("", part) for part in parts)
    return _WORD_ENDS.sub(" ", symbols).strip()


def _words(hanzi: str) -> str:
    """The words of a run of characters, a space between them."""
    initials = lazy_pinyin(hanzi, style=Style.INITIALS, strict=True, tone_sandhi=True)
    finals = lazy_pinyin(hanzi, style=Style.FINALS_TONE3, strict=True, neutral_tone_with_five=True, tone_sandhi=True)
    syllables = iter([_syllable(initial, final) for initial, final in zip(initials, finals, strict=True)])
    return " ".join("".join(islice(syllables, len(word))) for word in seg.cut(hanzi))


def _syllable(initial: str, final: str) -> str:
    tone = _TONES.get(final[-1:], "")
    body = final.rstrip("12345").replace("ü", "v")
    sound = "ɨ0" if body == "i" and initial in _BUZZED else _FINALS.get(body, "")
    return _INITIALS.get(initial, "") + sound.replace("0", tone)


def _digits(match: re.Match[str]) -> str:
    return "".join(_DIGITS[int(digit)] for digit in match.group())


def _number(match: re.Match[str]) -> str:
    whole, decimals, percent = match.groups()
    spoken = _whole(whole) + ("点" + "".join(_DIGITS[int(digit)] for digit in decimals) if decimals else "")
    return f"百分之{spoken}" if percent else spoken


def _whole(digits: str) -> str:
    """A whole number as it is said: 2024 -> 二千零二十四; very long ones digit by digit."""
    if len(digits) > _MOST_DIGITS or (digits.startswith("0") and len(digits) > 1):
        return "".join(_DIGITS[int(digit)] for digit in digits)
    if not int(digits):
        return _DIGITS[0]
    said, gap = "", False
    for place, group in _groups(digits):
        if not group:
            gap = bool(said)
            continue
        needs_zero = said and (gap or group < 1000)
        said += (_DIGITS[0] if needs_zero else "") + _thousands(group) + _MYRIADS[place]
        gap = False
    return said.removeprefix("一") if said.startswith("一十") else said


def _groups(digits: str) -> list[tuple[int, int]]:
    count = (len(digits) + 3) // 4
    padded = digits.zfill(count * 4)
    return [(count - 1 - index, int(padded[index * 4 : index * 4 + 4])) for index in range(count)]


def _thousands(group: int) -> str:
    said = ""
    for place in range(3, -1, -1):
        digit = group // 10**place % 10
        if digit:
            said += _DIGITS[digit] + _PLACES[place]
        elif said and group % 10**place and not said.endswith(_DIGITS[0]):
            said += _DIGITS[0]
    return said
