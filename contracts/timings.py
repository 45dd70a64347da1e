"""Timings as clients write them: rows of `text` or `phones` with `start` and `end`, checked before use."""

import re
from collections.abc import Mapping, Sequence

from contracts.errors import InvalidRequest
from contracts.jobs import TimedText

#: Most entries of one voice, and longest word or phones of one, in characters.
MOST_ENTRIES = 5000
LONGEST_ENTRY = 200
#: A BCP 47 tag, roughly: "en", "pt-BR", "zh-Hans-CN".
LANGUAGE_PATTERN = r"^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$"

EXPECTED = '{"text": "hello", "start": 0.52, "end": 0.9}, or "phones" in IPA in place of "text", times in seconds.'

#: IPA has neither capitals nor digits, as ARPAbet and X-SAMPA do, nor the letters of other scripts but for three of
#: Greek. Left are the blocks of Latin, phonetic, combining, tone and superscript letters, arrows and marks.
NO_IPA = (
    "[A-Z0-9\u0370-\u03b1\u03b3-\u03b7\u03b9-\u03c6\u03c8-\u1cff\u1f00-\u1fff\u20a0-\u218f\u2200-\u2c5f"
    "\u2c80-\ua6ff\ua800-\uab2f\uab70-\U0010ffff]"
)
#: Entries that overlap by no more than this follow upon each other: their times were rounded or added up.
_ROUNDING_S = 0.001
#: Latest time, in seconds: a day.
LATEST_S = 86_400


def read_entries(rows: object) -> tuple[TimedText, ...]:
    """Check and read a list of entries.

    Raises:
        InvalidRequest: at the first fault; its field leads to it from within the list: "12.end", or "" for the list.
    """
    if not isinstance(rows, Sequence) or isinstance(rows, str):
        raise _fault("must be a list")
    if not 1 <= len(rows) <= MOST_ENTRIES:
        raise _fault(f"must hold 1 to {MOST_ENTRIES} entries, not {len(rows)}")
    entries: list[TimedText] = []
    for number, row in enumerate(rows):
        entries.append(_entry(row, number, entries[-1].end_s if entries else 0.0))
    return tuple(entries)


def needs_language(entries: Sequence[TimedText]) -> bool:
    """Whether there are words, which sound differently from language to language."""
    return any(entry.text for entry in entries)


def idle_language(language: str, *said: Sequence[TimedText]) -> tuple[str, ...]:
    """What to warn of: a language, and not a word in the timings."""
    is_idle = bool(language) and not any(map(needs_language, said))
    return ("language changes nothing: there are no words in timings",) if is_idle else ()


def _entry(row: object, number: int, before_s: float) -> TimedText:
    if not isinstance(row, Mapping):
        raise _fault("must be an object", number)
    texts = {name: _text(row, number, name) for name in ("text", "phones") if row.get(name) is not None}
    if len(texts) != 1:
        raise _fault("must have either text or phones", number)
    if wrong := re.search(NO_IPA, texts.get("phones", "")):
        raise _fault(f"must be IPA, such as 'h ə l oʊ', in which there is no {wrong.group()!r}", number, "phones")
    start_s, end_s = _seconds(row, number, "start"), _seconds(row, number, "end")
    if start_s < before_s - _ROUNDING_S:
        raise _fault(f"is before the end of the entry before it, {before_s:g} s", number, "start")
    start_s = max(start_s, before_s)
    if end_s <= start_s:
        raise _fault(f"must be after start, {start_s:g} s", number, "end")
    return TimedText(start_s=start_s, end_s=end_s, **texts)


def _text(row: Mapping[object, object], number: int, name: str) -> str:
    value = row[name]
    if not isinstance(value, str):
        raise _fault("must be a string", number, name)
    if not 1 <= len(value) <= LONGEST_ENTRY:
        raise _fault(f"must have 1 to {LONGEST_ENTRY} characters", number, name)
    return value


def _seconds(row: Mapping[object, object], number: int, name: str) -> float:
    value = row.get(name)
    if value is None:
        raise _fault("is missing", number, name)
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise _fault("must be a number", number, name)
    if not 0 <= value <= LATEST_S:  # which a number that is none fails too
        raise _fault(f"must be from 0 to {LATEST_S} s", number, name)
    return float(value)


def _fault(message: str, *path: int | str) -> InvalidRequest:
    return InvalidRequest(message, field=".".join(map(str, path)), remedy=f"Expected: {EXPECTED}")
