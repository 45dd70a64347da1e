"""Timing the phones of a text by what was heard."""

import numpy as np
import pytest

from engines.articulate.phones import PHONES, SILENCE, frame_phones
from scripts.training.align import align

pytestmark = pytest.mark.unit

SPOKEN = [PHONES.index(phone) for phone in "mɑpiz"]


def heard(labels: list[int], sure: float = 0.8) -> np.ndarray:
    presence = np.full((len(labels), len(PHONES)), (1 - sure) / (len(PHONES) - 1), np.float32)
    presence[np.arange(len(labels)), labels] = sure
    return presence


def said(lengths: list[int]) -> list[int]:
    return [phone for phone, length in zip(SPOKEN, lengths, strict=True) for _ in range(length)]


def test_phones_are_found_where_they_are_heard() -> None:
    labels = [SILENCE] * 12 + said([8, 15, 7, 20, 10]) + [SILENCE] * 9
    assert frame_phones(align(SPOKEN, heard(labels)), len(labels)).tolist() == labels


def test_a_pause_between_phones_is_found() -> None:
    first, second = said([8, 15, 0, 0, 0]), said([0, 0, 7, 20, 10])
    labels = first + [SILENCE] * 30 + second
    assert frame_phones(align(SPOKEN, heard(labels)), len(labels)).tolist() == labels


def test_a_phone_that_is_not_heard_gets_some_time_all_the_same() -> None:
    labels = said([8, 15, 0, 20, 10])
    found = [item.phone for item in align(SPOKEN, heard(labels)) if item.phone != SILENCE]
    assert found == SPOKEN


def test_a_text_that_is_not_what_is_heard_is_turned_down() -> None:
    assert align(SPOKEN, heard([PHONES.index("k")] * 60)) == ()


def test_a_text_too_long_for_its_sound_is_turned_down() -> None:
    assert align(SPOKEN, heard(said([1, 1, 1, 0, 0]))) == ()
