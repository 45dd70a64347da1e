"""Utterances in files."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from engines.articulate.phones import TimedPhone
from scripts.training.store import keep, kept
from scripts.training.utterance import Utterance

pytestmark = pytest.mark.unit

RATE = 8000


def utterances() -> Iterator[Utterance]:
    for number in range(1000):
        samples = np.full(RATE * 10, number / 1000, np.float32)
        yield Utterance(samples=samples, rate=RATE, phones=(TimedPhone(phone=number % 40, start_s=1.0, end_s=2.5),))


def test_what_was_kept_comes_back_in_order(tmp_path: Path) -> None:
    *_, hours = keep(utterances(), tmp_path, 150 / 3600)
    assert hours == pytest.approx(150 / 3600)
    back = list(kept(tmp_path))
    assert len(back) == 15
    for number, utterance in enumerate(back):
        assert utterance.samples[0] == pytest.approx(number / 1000, abs=1e-4)
        assert utterance.phones == (TimedPhone(phone=number % 40, start_s=1.0, end_s=2.5),)


def test_a_full_folder_is_left_as_it_is(tmp_path: Path) -> None:
    list(keep(utterances(), tmp_path, 30 / 3600))
    assert list(keep(utterances(), tmp_path, 1.0)) == []
