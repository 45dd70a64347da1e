"""Checking, resampling and measuring a voice."""

import numpy as np
import pytest

from contracts.errors import UnreadableMedia
from engines.samples import Samples, levels_db, require_voice, resample

pytestmark = pytest.mark.unit


def click(rate: int, at_s: float, seconds: float = 2.0) -> Samples:
    moments = np.arange(int(seconds * rate)) / rate
    return np.exp(-(((moments - at_s) / 0.002) ** 2)).astype(np.float32)


@pytest.mark.parametrize("worse", [np.nan, np.inf, -np.inf])
def test_samples_that_are_not_numbers_are_refused(worse: float) -> None:
    samples = np.zeros(100, np.float32)
    samples[50] = worse
    with pytest.raises(UnreadableMedia, match="not numbers"):
        require_voice(samples, 16_000)


def test_several_channels_are_refused() -> None:
    with pytest.raises(UnreadableMedia, match="2 dimensions"):
        require_voice(np.zeros((2, 100), np.float32), 16_000)


@pytest.mark.parametrize("rate", [0, -1, 10, 10_000_000])
def test_impossible_rates_are_refused(rate: int) -> None:
    with pytest.raises(UnreadableMedia, match="sample rate"):
        require_voice(np.zeros(100, np.float32), rate)


def test_a_constant_offset_is_taken_out() -> None:
    assert np.abs(require_voice(np.full(1000, 0.3, np.float32), 16_000)).max() < 1e-6


def test_no_samples_are_a_voice_of_no_length() -> None:
    assert require_voice(np.zeros(0, np.float32), 16_000).shape == (0,)


@pytest.mark.parametrize("rate", [8000, 11_025, 22_050, 44_099, 44_100, 48_000, 96_000])
def test_resampling_keeps_length_and_moments(rate: int) -> None:
    heard = resample(click(rate, 1.2), rate, 16_000)
    assert abs(len(heard) - 32_000) <= 1
    assert abs(int(heard.argmax()) - 19_200) <= 1


def test_resampling_keeps_the_level() -> None:
    assert resample(click(48_000, 1.0), 48_000, 16_000).max() == pytest.approx(1.0, abs=0.01)


def test_resampling_takes_in_any_length() -> None:
    assert [len(resample(np.zeros(n, np.float32), 48_000, 16_000)) for n in (0, 1, 3, 300)] == [0, 0, 1, 100]


def test_full_scale_is_zero_decibels() -> None:
    levels = levels_db(np.ones(1600, np.float32), 160)
    assert levels.shape == (11,)
    assert levels[5] == pytest.approx(0.0, abs=1e-3)


def test_silence_has_a_level() -> None:
    assert levels_db(np.zeros(400, np.float32), 160).tolist() == [-100.0] * 3


@pytest.mark.parametrize(
    ("samples", "rate"),
    [(np.zeros((2, 9), np.float32), 16_000), (np.zeros(9, np.float32), 0), (np.full(9, np.nan), 8000)],
)
def test_a_voice_does_not_know_what_the_request_calls_it(samples: Samples, rate: int) -> None:
    with pytest.raises(UnreadableMedia) as refused:
        require_voice(samples, rate)
    assert refused.value.field == ""
    assert refused.value.remedy
