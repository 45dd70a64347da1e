import numpy as np
import pytest
from numpy.typing import NDArray

from engines.base import TimedPhone
from engines.voices.alignment import phones_of
from engines.voices.symbols import FRAME_SAMPLES, RATE

pytestmark = pytest.mark.unit


def _sound(length_s: float, *spans: tuple[float, float]) -> NDArray[np.float32]:
    """Noise between the times given, silence elsewhere."""
    samples = np.zeros(round(length_s * RATE), np.float32)
    for start, end in spans:
        part = slice(round(start * RATE), round(end * RATE))
        samples[part] = np.random.default_rng(1).normal(0, 0.2, part.stop - part.start)
    return samples


def _times(phones: list[TimedPhone]) -> list[tuple[str, float, float]]:
    return [(phone.symbol, round(phone.start_s, 3), round(phone.end_s, 3)) for phone in phones]


def test_a_frame_lasts_25_ms() -> None:
    assert FRAME_SAMPLES / RATE == 0.025


def test_the_first_phone_begins_and_the_last_ends_with_the_sound() -> None:
    sound = _sound(1.0, (0.28, 0.6))

    phones = phones_of("ab", np.array([15, 6, 14, 5]), sound)

    assert _times(phones) == [("a", 0.28, 0.45), ("b", 0.45, 0.6)]


def test_marks_of_length_and_word_ends_lend_their_time_to_the_phone_before() -> None:
    sound = _sound(1.5, (0.2, 1.2))

    phones = phones_of("ˈaː bˈi", np.array([11, 2, 4, 4, 2, 6, 2, 16, 1]), sound)

    assert _times(phones) == [("a", 0.2, 0.5), ("b", 0.5, 0.675), ("i", 0.675, 1.2)]


def test_a_stressed_vowel_begins_a_frame_into_its_mark() -> None:
    phones = phones_of("bˈɑb", np.array([10, 3, 4, 2, 4, 5]), _sound(1.0, (0.175, 0.5)))

    assert _times(phones) == [("b", 0.175, 0.275), ("ɑ", 0.275, 0.4), ("b", 0.4, 0.5)]


def test_a_comma_is_a_pause_as_long_as_it_is_silent() -> None:
    sound = _sound(1.5, (0.3, 0.5), (0.9, 1.2))

    phones = phones_of("a, b", np.array([15, 10, 14, 1, 12, 8]), sound)

    assert _times(phones) == [("a", 0.3, 0.5), ("b", 0.9, 1.2)]


def test_a_comma_that_nobody_rests_at_leaves_no_hole() -> None:
    phones = phones_of("a,b", np.array([11, 8, 2, 14, 5]), _sound(1.0, (0.2, 0.8)))

    assert _times(phones) == [("a", 0.2, 0.45), ("b", 0.45, 0.8)]


def test_symbols_for_two_sounds_are_written_out() -> None:
    phones = phones_of("ʧAʤ", np.array([11, 8, 8, 8, 5]), _sound(1.0, (0.2, 0.8)))

    assert [phone.symbol for phone in phones] == ["tʃ", "eɪ", "dʒ"]


def test_punctuation_alone_has_no_phones() -> None:
    assert phones_of("...", np.array([5, 2, 2, 2, 5]), _sound(0.4)) == []


def test_silence_for_sound_leaves_the_durations_times_in_order() -> None:
    phones = phones_of("a,b", np.array([11, 8, 2, 14, 5]), _sound(1.0))

    assert all(phone.start_s <= phone.end_s for phone in phones)
    assert phones[0].end_s <= phones[1].start_s


def test_phones_that_would_be_over_before_the_sound_follow_its_onset_in_order() -> None:
    phones = phones_of("ðəb", np.array([11, 1, 1, 12, 5]), _sound(1.0, (0.28, 0.55)))

    assert _times(phones) == [("ð", 0.28, 0.29), ("ə", 0.29, 0.3), ("b", 0.3, 0.55)]
