"""The judge's measures on tracks whose scores are known."""

import numpy as np
import pytest

from scripts.quality.measures import (
    closures,
    correlation,
    flicker,
    jitter,
    lagged,
    openness_in,
    ranked_onto,
    ratio,
    separation,
    silences,
    standardised,
)

pytestmark = pytest.mark.unit

FRAMES = 400
MOMENTS = np.arange(FRAMES) / 25


@pytest.fixture
def talking() -> np.ndarray:
    """A gap that opens and closes four times a second, now more and now less."""
    return 0.08 * np.abs(np.sin(4 * np.pi * MOMENTS)) * (1.2 + np.sin(MOMENTS))


def test_a_mouth_follows_itself_whatever_its_range(talking: np.ndarray) -> None:
    assert correlation(talking, 0.3 * talking + 1) == pytest.approx(1)


def test_correlation_is_what_the_noise_leaves_of_it() -> None:
    random = np.random.default_rng(0)
    signal, noise = random.standard_normal((2, 20_000))

    assert correlation(signal + noise, signal) == pytest.approx(np.sqrt(0.5), abs=0.01)


def test_a_frozen_mouth_follows_nothing(talking: np.ndarray) -> None:
    frozen = np.full(FRAMES, 0.05)

    assert correlation(frozen, talking) == 0
    assert separation(-frozen, closures(talking)) == 0.5


def test_a_shift_of_one_frame_costs_correlation(talking: np.ndarray) -> None:
    assert correlation(np.roll(talking, 1), talking) < 0.9


def test_a_late_mouth_meets_the_real_one_at_its_lag(talking: np.ndarray) -> None:
    late = np.concatenate([np.zeros(3), talking[:-3]])

    measured, real = lagged(late, talking, 3)

    assert np.array_equal(measured, real)


def test_an_early_mouth_meets_the_real_one_at_a_negative_lag(talking: np.ndarray) -> None:
    measured, real = lagged(talking[2:], talking[:-2], -2)

    assert np.array_equal(measured, real)


@pytest.mark.parametrize(
    ("score", "expected"),
    [([0.1, 0.2, 0.8, 0.9], 1.0), ([0.9, 0.8, 0.2, 0.1], 0.0), ([0.1, 0.8, 0.2, 0.9], 0.75), ([1, 1, 1, 1], 0.5)],
)
def test_separation_is_the_share_of_pairs_in_order(score: list[float], expected: float) -> None:
    positive = np.array([False, False, True, True])

    assert separation(np.array(score), positive) == expected


def test_separation_needs_frames_of_both_kinds() -> None:
    assert np.isnan(separation(np.arange(3.0), np.zeros(3, bool)))


def test_lips_that_nearly_touch_are_closed_however_many() -> None:
    gap = np.concatenate([np.full(50, 0.005), np.full(50, 0.1)])

    assert closures(gap).sum() == 50


def test_of_lips_that_never_touch_the_nearest_are_closed() -> None:
    assert closures(np.linspace(0.05, 0.2, 100)).sum() == 8


def test_a_steady_movement_has_no_jitter() -> None:
    assert jitter(np.linspace(0, 1, 50), np.ones(50, bool)) == pytest.approx(0)


def test_jitter_is_the_mean_second_difference() -> None:
    trembling = 0.01 * (np.arange(50) % 2)

    assert jitter(trembling, np.ones(50, bool)) == pytest.approx(0.02)


def test_jitter_leaves_out_frames_without_a_face() -> None:
    track, seen = np.linspace(0, 1, 50), np.ones(50, bool)
    track[20], seen[20] = 9, False

    assert jitter(track, seen) == pytest.approx(0)


def test_a_patch_that_blinks_flickers_and_one_that_brightens_evenly_does_not() -> None:
    shape = (30, 8, 8)
    blinking = np.zeros(shape) + 10 * (np.arange(30) % 2)[:, None, None]
    brightening = np.zeros(shape) + np.arange(30)[:, None, None]

    assert flicker(blinking, np.ones(30, bool)) == pytest.approx(20)
    assert flicker(brightening, np.ones(30, bool)) == pytest.approx(0)


def test_a_long_pause_is_silent_and_a_closure_within_speech_is_not() -> None:
    levels = np.full(300, -20.0)
    levels[100:110] = -80
    levels[200:260] = -80

    silent = silences(levels, 100.0, np.array([0.5, 1.05, 2.3, 2.8]))

    assert silent.tolist() == [False, False, True, False]


def test_openness_in_silence_is_told_as_a_share_of_that_in_speech() -> None:
    silent = np.arange(40) < 10

    assert openness_in(silent, np.where(silent, 0.02, 0.1)) == pytest.approx(0.2)
    assert np.isnan(openness_in(np.zeros(40, bool), np.ones(40)))


def test_a_ranked_track_keeps_its_order_and_takes_the_others_range() -> None:
    ranked = ranked_onto(np.array([3.0, 1.0, 2.0]), np.array([10.0, 20.0, 30.0]))

    assert ranked.tolist() == [30, 10, 20]


def test_clips_are_pooled_each_in_its_own_range() -> None:
    pooled = standardised([np.array([0.0, 2.0]), np.array([0.0, 200.0])])

    assert pooled.tolist() == [-1, 1, -1, 1]


def test_nothing_is_a_share_of_nothing() -> None:
    assert np.isnan(ratio(1.0, 0.0))
