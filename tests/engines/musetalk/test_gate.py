"""Silence between words is made complete."""

import numpy as np
import pytest
from numpy.typing import NDArray

from engines.base import HEARD, Speech, TimedPhone
from engines.musetalk.gate import gated

pytestmark = pytest.mark.unit

RATE = 16_000
LOUD, PAUSE = slice(RATE // 2, RATE), slice(int(1.85 * RATE), int(2.15 * RATE))


def syllables_with_a_pause() -> NDArray[np.float32]:
    """A second and a half of syllables, a second of a quiet room, and as many syllables again."""
    drawn = np.random.default_rng(4)
    noise = drawn.standard_normal(4 * RATE).astype(np.float32)
    rising = 0.55 + 0.45 * np.sin(np.arange(4 * RATE) / RATE * 2 * np.pi * 4).astype(np.float32)
    level = 0.2 * rising
    level[int(1.5 * RATE) : int(2.5 * RATE)] = 0.0005
    return np.clip(noise * level, -1, 1).astype(np.float32)


def test_speech_comes_through_and_the_room_between_it_does_not() -> None:
    voice = syllables_with_a_pause()
    voice -= voice.mean()

    kept = gated(Speech(samples=voice, rate=RATE))

    assert kept.dtype == np.float32
    assert np.abs(kept[LOUD] - voice[LOUD]).max() < 0.01
    assert not np.rint(kept[PAUSE] * 32767).any()


def test_other_rates_are_brought_to_the_networks() -> None:
    voice = np.repeat(syllables_with_a_pause(), 3)

    kept = gated(Speech(samples=voice, rate=3 * RATE))

    assert len(kept) == 4 * RATE
    assert np.abs(kept[LOUD]).max() > 0.1
    assert np.abs(kept[PAUSE]).max() < 1e-4


def test_steady_noise_is_silence() -> None:
    hiss = np.random.default_rng(5).standard_normal(2 * RATE).astype(np.float32) * 0.05

    assert np.abs(gated(Speech(samples=hiss, rate=RATE))).max() < 1e-2


def test_where_it_is_known_when_nothing_is_said_nothing_is_heard() -> None:
    voice = syllables_with_a_pause()
    phones = (
        TimedPhone(symbol="a", start_s=0.0, end_s=0.2),
        TimedPhone(symbol="", start_s=0.2, end_s=3.0),
        TimedPhone(symbol=HEARD, start_s=3.0, end_s=4.0),
    )

    kept = gated(Speech(samples=voice, rate=RATE, phones=phones))

    assert np.abs(kept[: RATE // 10]).max() > 0.1
    assert not kept[RATE : 2 * RATE].any()
    assert np.abs(kept[int(3.3 * RATE) :]).max() > 0.1


def test_a_pause_where_speech_is_left_to_be_heard_is_told_by_loudness() -> None:
    voice = syllables_with_a_pause()
    phones = (TimedPhone(symbol=HEARD, start_s=0.0, end_s=4.0),)

    kept = gated(Speech(samples=voice, rate=RATE, phones=phones))

    assert not np.rint(kept[PAUSE] * 32767).any()
    assert np.abs(kept[LOUD]).max() > 0.1


@pytest.mark.parametrize("length", [0, 1, 159, 161])
def test_voices_of_hardly_any_length_are_taken(length: int) -> None:
    assert len(gated(Speech(samples=np.zeros(length, np.float32), rate=RATE))) == length
