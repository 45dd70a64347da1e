"""From words or phones with their times, as a client gives them, to phones that move lips."""

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial

from contracts.errors import InvalidRequest
from contracts.jobs import TimedText, Timings
from engines.audio import shifted
from engines.base import HEARD, Speech, TimedPhone, Waiting
from engines.voices.alignment import sounds_of
from engines.voices.readings import LANGUAGES, reading_of
from engines.voices.speaker import Reading

#: An end may be later than that of the sound by this much: recognisers round.
_LATE_S = 0.1
_VOWELS = frozenset("aeiouyæøœɶɐɑɒɔəɘɛɜɞɤɵɨɪʉʊʌʏɯɚɝᵻᵊ")
#: Vowels last about half as long again as consonants.
_VOWEL_SHARE, _CONSONANT_SHARE = 3, 2
#: Joins the letter before it with the one after it: "t͡ʃ".
_TIE = "\u0361"
#: What is passed over, and letters that are off the chart but still written, as those of today.
_TODAYS = str.maketrans(
    {"ˈ": "", "ˌ": "", "ʧ": "t͡ʃ", "ʤ": "d͡ʒ", "ʦ": "t͡s", "ʣ": "d͡z", "ʨ": "t͡ɕ", "ʥ": "d͡ʑ", "ꭧ": "ʈ͡ʂ"}
    | {"ᵻ": "ɪ", "ɩ": "ɪ", "ɷ": "ʊ"}
)
_NAMED = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """Phones in order and without overlap, and what to warn of."""

    phones: tuple[TimedPhone, ...]
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Drive:
    """A voice as it drives lips, and what to warn of."""

    speech: Speech
    warnings: tuple[str, ...] = ()


def drive(speech: Speech, timings: Timings | None, later_s: float, waiting: Waiting = lambda: None) -> Drive:
    """Say what is said when, where it is given, and move it all to its place in the output.

    Args:
        speech: the voice from its own beginning.
        timings: in seconds from there; None leaves the voice as it is.
        later_s: how much later than at the output's start the lips are to begin; may be negative.
        waiting: called for every entry.

    Raises:
        InvalidRequest: when there are times beyond the voice.
        WeightsMissing: when the language's dictionary is not installed.
    """
    if timings is None:
        return Drive(speech=shifted(speech, later_s))
    given = given_phones(timings, len(speech.samples) / speech.rate, waiting)
    return Drive(speech=shifted(replace(speech, phones=given.phones), later_s), warnings=given.warnings)


def given_phones(timings: Timings, sound_s: float, waiting: Waiting = lambda: None) -> Given:
    """Time the phones of words, each word's spread over its time; what cannot be read is left to be heard.

    Args:
        timings: in seconds from the sound's beginning.
        sound_s: how long the sound is.
        waiting: called for every entry; a word that the dictionary lacks takes some milliseconds.

    Raises:
        InvalidRequest: when there are times beyond the sound.
        WeightsMissing: when the language's dictionary is not installed.
    """
    _require_within(timings, sound_s)
    read = reading_of(timings.language) if any(entry.text for entry in timings.entries) else None
    sounds_of_word = cache(partial(_sounds, read=read))
    phones: list[TimedPhone] = []
    unread: list[str] = []
    for entry in timings.entries:
        waiting()
        sounds = _segments(entry.phones) if entry.phones else sounds_of_word(entry.text)
        if not sounds:
            unread.append(entry.text or entry.phones)
        phones += _spread(sounds or (HEARD,), entry, sound_s)
    return Given(phones=tuple(phones), warnings=tuple(_warnings(unread, timings.language, is_read=read is not None)))


def _require_within(timings: Timings, sound_s: float) -> None:
    for number, entry in enumerate(timings.entries):
        if entry.end_s > sound_s + _LATE_S or entry.start_s >= sound_s:
            name, at_s = ("start", entry.start_s) if entry.start_s >= sound_s else ("end", entry.end_s)
            raise InvalidRequest(
                f"{at_s:g} s is beyond the sound, which is {sound_s:.2f} s long",
                field=f"{timings.field}.{number}.{name}",
                remedy="Count in seconds from the beginning of the sound that drives the lips.",
            )


def _sounds(word: str, read: Reading | None) -> tuple[str, ...]:
    """A word's phones as far as their letters are IPA; () when the word cannot be read."""
    if read is None:
        return ()
    return tuple(sound for sound in sounds_of(read(word)) if any(letter.isalpha() for letter in sound))


def _segments(phones: str) -> tuple[str, ...]:
    """IPA cut into phones at spaces, and before each letter that no tie joins to the one before it."""
    segments: list[str] = []
    for part in unicodedata.normalize("NFD", phones).translate(_TODAYS).split():
        place = len(segments)
        for letter in part:
            is_mark = unicodedata.category(letter) in ("Mn", "Lm", "Sk")
            if len(segments) > place and (is_mark or segments[-1].endswith(_TIE)):
                segments[-1] += letter
            elif unicodedata.category(letter).startswith("L") and not is_mark:
                segments.append(letter)
    return tuple(segments)


def _spread(sounds: Sequence[str], entry: TimedText, sound_s: float) -> Iterator[TimedPhone]:
    shares = [_VOWEL_SHARE if _VOWELS & set(sound) else _CONSONANT_SHARE for sound in sounds]
    length_s = min(entry.end_s, sound_s) - entry.start_s
    done = 0
    for sound, share in zip(sounds, shares, strict=True):
        start_s = entry.start_s + length_s * done / sum(shares)
        done += share
        yield TimedPhone(symbol=sound, start_s=start_s, end_s=entry.start_s + length_s * done / sum(shares))


def _warnings(unread: Sequence[str], language: str, *, is_read: bool) -> Iterator[str]:
    if not unread:
        return
    if language and not is_read:
        yield f"there is no dictionary of {language}, only of {', '.join(LANGUAGES)}: its words are heard instead"
        return
    named = ", ".join(repr(word[:40]) for word in unread[:_NAMED])
    more = f" and {len(unread) - _NAMED} more" if len(unread) > _NAMED else ""
    yield f"no pronunciation is known of {named}{more}: heard instead"
