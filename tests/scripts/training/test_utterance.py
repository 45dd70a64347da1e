"""Sharing out the time of a symbol among its phones."""

import pytest

from engines.articulate.phones import SILENCE, phones_of_ipa
from scripts.training.utterance import split_evenly

pytestmark = pytest.mark.unit


def test_a_diphthong_gives_each_vowel_half_its_time() -> None:
    first, second = split_evenly(phones_of_ipa("aɪ"), 1.0, 1.2)
    assert [first.start_s, first.end_s, second.start_s, second.end_s] == pytest.approx([1.0, 1.1, 1.1, 1.2])


def test_a_symbol_without_phones_is_silence() -> None:
    (item,) = split_evenly((), 0.0, 0.5)
    assert item.phone == SILENCE
    assert item.end_s == 0.5
