"""Sending speech through random channels."""

import numpy as np
import pytest

from engines.articulate.speech_encoder import SAMPLE_RATE
from scripts.training.channel import Samples, noise, pass_through

pytestmark = pytest.mark.unit


def bursts() -> Samples:
    """Noise that is loud in the second and fourth half second of two and a half."""
    sound = np.random.default_rng(1).standard_normal(SAMPLE_RATE * 5 // 2)
    sound *= np.repeat([0, 1, 0, 1, 0], SAMPLE_RATE // 2)
    return sound.astype(np.float32)


@pytest.mark.parametrize("seed", range(24))
def test_every_channel_keeps_length_and_stays_in_range(seed: int) -> None:
    heard = pass_through(bursts(), np.random.default_rng(seed))
    assert heard.shape == bursts().shape
    assert heard.dtype == np.float32
    assert np.isfinite(heard).all()
    assert 0.04 < np.abs(heard).max() < 0.96


@pytest.mark.parametrize("seed", range(24))
def test_every_channel_keeps_the_timing(seed: int) -> None:
    heard = pass_through(bursts(), np.random.default_rng(seed))
    before, sent = (np.abs(sound).reshape(-1, 400).mean(1) for sound in (heard, bursts()))
    lags = range(-8, 9)
    best = max(lags, key=lambda lag: float(np.corrcoef(np.roll(before, -lag), sent)[0, 1]))
    assert abs(best) <= 2


def test_a_channel_is_decided_by_its_seed() -> None:
    one, two, other = (pass_through(bursts(), np.random.default_rng(seed)) for seed in (3, 3, 4))
    assert np.array_equal(one, two)
    assert not np.array_equal(one, other)


@pytest.mark.parametrize("seed", range(12))
def test_noise_is_of_unit_level(seed: int) -> None:
    sound = noise(SAMPLE_RATE, np.random.default_rng(seed))
    assert np.sqrt(np.square(sound).mean()) == pytest.approx(1.0, abs=0.01)
