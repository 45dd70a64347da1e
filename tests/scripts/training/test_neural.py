"""Neural voices that are varied to train on."""

import numpy as np
import pytest

from scripts.training.neural import VariedHibari, spoken_by
from scripts.training.utterance import Utterance

pytestmark = pytest.mark.unit

SYMBOLS = "mˈɑmə pˈɑpə"


def spoken(speed: float = 1.0, pitch: float = 1.0, throat: float = 1.0) -> Utterance:
    voice = VariedHibari()
    voice.speed, voice.pitch = speed, pitch
    (utterance,) = spoken_by(voice, SYMBOLS, throat)
    return utterance


def seconds(utterance: Utterance) -> float:
    return len(utterance.samples) / utterance.rate


def test_the_same_manner_gives_the_same_sound() -> None:
    one, other = spoken(0.9, 0.7), spoken(0.9, 0.7)
    assert one.samples.tobytes() == other.samples.tobytes()
    assert one.phones == other.phones


def test_pitch_changes_the_sound_and_not_the_timing() -> None:
    plain, low = spoken(), spoken(pitch=0.6)
    assert [item.phone for item in low.phones] == [item.phone for item in plain.phones]
    assert seconds(low) == seconds(plain)
    assert not np.allclose(low.samples, plain.samples)


def test_speed_and_throat_shorten_sound_and_phones_alike() -> None:
    plain, fast, small = spoken(), spoken(speed=1.3), spoken(throat=1.1)
    assert seconds(fast) < seconds(plain)
    assert seconds(small) == pytest.approx(seconds(plain) / 1.1, rel=0.001)
    assert small.phones[-1].end_s == pytest.approx(plain.phones[-1].end_s / 1.1)
