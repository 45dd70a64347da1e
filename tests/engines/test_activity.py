"""Telling speech from the rest."""

import numpy as np
import pytest

from engines.activity import Track, activity, ramp, smooth, timed_activity

pytestmark = pytest.mark.unit

PAUSE = slice(150, 250)


def speech_levels() -> Track:
    """Four seconds of syllables at -20 dB with a pause at -70 dB in the middle."""
    levels = -20 - 10 * np.abs(np.sin(np.arange(400) / 8)).astype(np.float32)
    levels[PAUSE] = -70
    return levels


def silence_heard() -> Track:
    silence = np.full(400, 0.02, np.float32)
    silence[PAUSE] = 0.97
    return silence


def test_speech_is_active_and_its_pause_is_not() -> None:
    active = activity(silence_heard(), speech_levels())
    assert active[50] > 0.95
    assert active[200] < 0.01


@pytest.mark.parametrize("gain_db", [-25.0, 15.0])
def test_the_gain_of_a_recording_does_not_matter(gain_db: float) -> None:
    plain, louder = (activity(silence_heard(), speech_levels() + gain) for gain in (0.0, gain_db))
    assert np.allclose(plain, louder, atol=0.02)


def test_steady_noise_that_sounds_like_speech_is_not_active() -> None:
    hiss = -30 + np.random.default_rng(1).normal(0, 0.5, 400).astype(np.float32)
    assert activity(np.zeros(400, np.float32), hiss).max() < 0.05


def test_a_recording_too_faint_to_hear_is_not_active() -> None:
    assert activity(np.zeros(400, np.float32), speech_levels() - 60).max() == 0


def test_a_moment_heard_as_speech_far_below_the_voice_is_a_pause() -> None:
    assert activity(np.zeros(400, np.float32), speech_levels())[200] < 0.05


def one_sentence(total_s: int, room_db: float) -> tuple[Track, Track]:
    """Silence as heard and levels: four seconds of syllables from 2 s on in a room whose noise sounds like speech."""
    levels = (room_db + np.random.default_rng(1).normal(0, 0.5, 100 * total_s)).astype(np.float32)
    levels[200:600] = np.maximum(-20 - 10 * np.abs(np.sin(np.arange(400) / 8)), room_db)
    silence = np.full(100 * total_s, 0.1, np.float32)
    return silence, levels


@pytest.mark.parametrize("room_db", [-100.0, -60.0, -50.0, -45.0])
def test_one_sentence_in_a_long_silence_is_active_and_the_room_after_it_is_not(room_db: float) -> None:
    active = activity(*one_sentence(100, room_db))
    assert active[220:580].min() > 0.9
    assert active[650:].max() < 0.05


@pytest.mark.parametrize("room_db", [-60.0, -50.0, -45.0])
def test_the_noise_of_a_room_that_sounds_like_speech_is_at_rest_once_speech_has_ended(room_db: float) -> None:
    active = activity(*one_sentence(20, room_db))
    assert active[220:580].min() > 0.9
    assert active[650:].max() < 0.05


@pytest.mark.parametrize("seed", range(3))
def test_a_click_in_steady_noise_is_no_speech(seed: int) -> None:
    levels = (-40 + np.random.default_rng(seed).normal(0, 0.5, 10_000)).astype(np.float32)
    levels[5000:5002] = -5
    assert activity(np.full(10_000, 0.1, np.float32), levels).max() < 0.5


def test_what_sounds_like_speech_in_a_quiet_room_but_far_below_the_voice_is_a_pause() -> None:
    silence, levels = one_sentence(20, -100.0)
    levels[800:1200] = -66
    assert activity(silence, levels)[750:1250].max() < 0.05


def test_a_single_frame_is_enough() -> None:
    assert activity(np.zeros(1, np.float32), np.full(1, -20, np.float32)).shape == (1,)


def test_a_ramp_rises_smoothly_over_its_span() -> None:
    assert ramp(np.array([0.0, 1.0, 2.0, 3.0, 4.0], np.float32), (1, 3)).tolist() == [0, 0, 0.5, 1, 1]


def test_smoothing_keeps_a_constant_up_to_its_ends() -> None:
    assert np.allclose(smooth(np.full(20, 0.7, np.float32), 5.0), 0.7)


def test_known_speech_is_active_from_its_first_sound_to_its_last() -> None:
    speaking = np.zeros(400, bool)
    speaking[100:300] = True
    active = timed_activity(speaking)

    assert active.shape == (400,)
    assert active[100:300].min() > 0.8
    assert active[:75].max() < 0.01
    assert active[325:].max() < 0.01


def test_the_mouth_stays_ready_between_words_and_rests_between_sentences() -> None:
    speaking = np.ones(400, bool)
    speaking[100:115] = speaking[200:300] = False
    active = timed_activity(speaking)

    assert active[100:115].min() > 0.99
    assert active[235:265].max() < 0.01


def test_known_silence_is_silence() -> None:
    assert timed_activity(np.zeros(50, bool)).max() == 0
