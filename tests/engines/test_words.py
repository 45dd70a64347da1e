"""Given words and phones: what moves the lips when, and what is left to be heard."""

import re
import unicodedata
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from contracts.errors import InvalidRequest
from contracts.jobs import TimedText, Timings
from engines.base import HEARD, Speech
from engines.voices.readings import LANGUAGES
from engines.words import drive, given_phones

pytestmark = pytest.mark.unit

SOUND_S = 2.0


def said(*entries: TimedText, language: str = "en-US") -> Timings:
    return Timings(field="timings", entries=entries, language=language)


def word(text: str, start_s: float = 0.5, end_s: float = 1.0) -> TimedText:
    return TimedText(text=text, start_s=start_s, end_s=end_s)


def phones(symbols: str, start_s: float = 0.5, end_s: float = 1.0) -> TimedText:
    return TimedText(phones=symbols, start_s=start_s, end_s=end_s)


@pytest.mark.parametrize(
    ("language", "text", "sounds"),
    [
        ("en-US", "Hello", "h ə l oʊ"),
        ("en-us", "boy.", "b ɔɪ"),
        ("en-GB", "go", "ɡ əʊ"),
        ("en", "chew", "tʃ u"),
        ("en-AU", "bee", "b i"),
        ("fr", "bonjour", "b ɔ ʒ u ʁ"),
        ("es-MX", "mucho", "m u tʃ o"),
        ("it", "ciao", "tʃ a o"),
        ("zh", "你好", "n i x a u"),
    ],
)
def test_words_are_pronounced_by_their_language(language: str, text: str, sounds: str) -> None:
    given = given_phones(said(word(text), language=language), SOUND_S)

    assert [phone.symbol for phone in given.phones] == sounds.split()
    assert given.warnings == ()


def test_a_words_phones_share_its_time_and_vowels_take_more_of_it() -> None:
    given = given_phones(said(word("hello")), SOUND_S).phones

    assert (given[0].start_s, given[-1].end_s) == pytest.approx((0.5, 1.0))
    assert all(one.end_s == pytest.approx(other.start_s) for one, other in pairwise(given))
    lengths = {phone.symbol: phone.end_s - phone.start_s for phone in given}
    assert lengths["oʊ"] == pytest.approx(1.5 * lengths["h"])


@pytest.mark.parametrize(
    ("symbols", "expected"),
    [
        ("h ə l oʊ", "h ə l o ʊ"),
        ("həˈlõʊ", "h ə l õ ʊ"),
        ("w ɜː l d", "w ɜː l d"),
        ("t͡ʃiːz", "t͡ʃ iː z"),
        ("mʲ.a", "mʲ a"),
        ("ʧiːʤ", "t͡ʃ iː d͡ʒ"),
        ("ɹoʊzᵻz", "ɹ o ʊ z ɪ z"),
    ],
)
def test_ipa_is_cut_into_its_phones(symbols: str, expected: str) -> None:
    given = given_phones(said(phones(symbols)), SOUND_S).phones

    assert [phone.symbol for phone in given] == unicodedata.normalize("NFD", expected).split()


def test_words_of_a_language_without_a_dictionary_are_heard_with_a_warning() -> None:
    given = given_phones(said(word("Hallo"), phones("m", 1.0, 1.2), language="de"), SOUND_S)

    assert [phone.symbol for phone in given.phones] == [HEARD, "m"]
    (warning,) = given.warnings
    assert warning.startswith("there is no dictionary of de, only of en-US,")


def test_words_that_cannot_be_read_are_heard_with_a_warning_that_names_them() -> None:
    entries = [word("…", at, at + 0.1) for at in np.arange(0, 0.7, 0.1).round(1).tolist()]

    given = given_phones(said(*entries, word("hello", 1.0, 1.5)), SOUND_S)

    assert [phone.symbol for phone in given.phones[:8]] == [HEARD] * 7 + ["h"]
    assert given.warnings == ("no pronunciation is known of '…', '…', '…', '…', '…' and 2 more: heard instead",)


@pytest.mark.parametrize(
    ("entry", "fault"),
    [
        (phones("m", 1.0, 2.2), r"^timings\.1\.end: 2\.2 s is beyond the sound, which is 2\.00 s long$"),
        (phones("m", 2.0, 2.05), r"^timings\.1\.start: 2 s is beyond the sound"),
    ],
)
def test_times_beyond_the_sound_are_refused(entry: TimedText, fault: str) -> None:
    with pytest.raises(InvalidRequest, match=fault):
        given_phones(said(phones("m", 0.1, 0.2), entry), SOUND_S)


def test_an_end_that_was_rounded_up_is_the_sounds_own() -> None:
    assert given_phones(said(phones("m", 1.0, 2.05)), SOUND_S).phones[-1].end_s == pytest.approx(SOUND_S)


def test_the_offset_moves_the_voice_and_what_it_says() -> None:
    samples = np.arange(16000, dtype=np.float32) / 16000
    speech = Speech(samples=samples, rate=16000)

    late = drive(speech, said(phones("m", 0.1, 0.4)), 0.25).speech
    early = drive(speech, said(phones("m", 0.1, 0.4)), -0.25).speech

    assert not late.samples[:4000].any()
    assert np.array_equal(late.samples[4000:], samples)
    assert np.array_equal(early.samples, samples[4000:])
    assert [(phone.start_s, phone.end_s) for phone in late.phones] == [pytest.approx((0.35, 0.65))]
    assert [(phone.start_s, phone.end_s) for phone in early.phones] == [pytest.approx((0.0, 0.15))]


def test_what_would_be_said_before_the_start_is_left_out() -> None:
    speech = Speech(samples=np.zeros(16000, np.float32), rate=16000)

    assert drive(speech, said(phones("m", 0.1, 0.4), phones("a", 0.5, 0.9)), -0.45).speech.phones[0].symbol == "a"


def test_the_documented_dictionaries_are_those_that_are_there() -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "api.md").read_text(encoding="utf-8")
    (named,) = re.findall(r"dictionary of its `language`: there are those of ([a-z, ]+)\.", page)

    assert set(re.split(r", | and ", named)) == {language.partition("-")[0] for language in LANGUAGES}
