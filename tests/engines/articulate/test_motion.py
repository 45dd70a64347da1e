import numpy as np
import pytest
from numpy.typing import NDArray

from engines.articulate.driver import RATE_HZ, Articulation
from engines.articulate.motion import POSE_COLUMNS, Acting, Manner, commands, manner_of, pose_at

pytestmark = pytest.mark.unit

SECONDS, FPS = 4.0, 25.0
FRAMES = int(SECONDS * FPS)
MANNER = Manner(range=0.16, rest_gap=0.01)


def _track(value: float = 0.0) -> NDArray[np.float32]:
    return np.full(int(SECONDS * RATE_HZ), value, dtype=np.float32)


def _speech(**tracks: NDArray[np.float32]) -> Articulation:
    silence = {name: _track() for name in ("opening", "width", "rounding", "closure", "labiodental", "teeth", "tongue")}
    return Articulation(**{**silence, "activity": _track(1.0), **tracks})


def _vowels() -> NDArray[np.float32]:
    time = np.arange(int(SECONDS * RATE_HZ)) / RATE_HZ
    return (0.25 - 0.25 * np.cos(2 * np.pi * 2 * time)).astype(np.float32)


def _commands(speech: Articulation, frames: int = FRAMES, width: float = 0.56) -> dict[str, NDArray[np.float32]]:
    own, strength = np.full(frames, width, np.float32), np.ones(frames, np.float32)
    acting = Acting(variation=np.ones(frames, np.float32))
    columns = commands(speech, FPS, own, strength, [MANNER], np.zeros(frames, np.int32), acting)
    return dict(zip(POSE_COLUMNS, columns.T, strict=True))


def test_in_silence_the_mouth_rests() -> None:
    gap = _commands(_speech(opening=_vowels(), activity=_track(0.0)))["gap"]

    assert np.allclose(gap, MANNER.rest_gap)


def test_wide_vowels_open_the_mouth_as_far_as_the_person_does() -> None:
    gap = _commands(_speech(opening=_vowels()))["gap"]

    assert np.percentile(gap, 95) == pytest.approx(MANNER.range, rel=0.15)


def test_a_voice_that_moves_little_is_shown_as_much() -> None:
    quiet, loud = (_commands(_speech(opening=_vowels() * scale))["gap"] for scale in (0.8, 1.6))

    assert np.allclose(quiet, loud, atol=0.01)


def test_where_lips_touch_the_gap_is_nothing() -> None:
    closure = _track()
    closure[200:208] = 0.9
    commanded = _commands(_speech(opening=_vowels() + 0.2, closure=closure))

    assert commanded["gap"][51] < 0.003
    assert commanded["press"][51] > 0.95
    assert commanded["gap"][45] > 0.03


def test_an_f_leaves_a_slit() -> None:
    labiodental = _track()
    labiodental[200:220] = 0.9
    gap = _commands(_speech(opening=_vowels() + 0.3, labiodental=labiodental))["gap"]

    assert gap[52] < 0.03


def test_rounding_narrows_the_mouth_and_spreading_widens_it() -> None:
    plain = _commands(_speech())["width"].mean()

    assert _commands(_speech(rounding=_track(0.8)))["width"].mean() < 0.92 * plain
    assert _commands(_speech(width=_track(0.6)))["width"].mean() > 1.02 * plain


def test_a_broad_smile_relaxes_in_speech_but_not_in_silence() -> None:
    speaking = _commands(_speech(), width=0.72)["width"]
    silent = _commands(_speech(activity=_track(0.0)), width=0.72)["width"]

    assert np.allclose(silent, 0.72, atol=0.004)
    assert speaking.max() < 0.70


def test_after_the_voices_end_the_mouth_rests() -> None:
    gap = _commands(_speech(opening=_track(0.6)), frames=FRAMES + 50)["gap"]

    assert np.allclose(gap[FRAMES + 2 :], MANNER.rest_gap)


def test_every_command_is_finite_and_in_range() -> None:
    rng = np.random.default_rng(3)
    noise = {
        name: rng.random(int(SECONDS * RATE_HZ)).astype(np.float32)
        for name in ("opening", "rounding", "closure", "labiodental", "teeth", "tongue", "activity")
    }
    commanded = _commands(_speech(**noise))

    assert all(np.isfinite(track).all() for track in commanded.values())
    assert commanded["gap"].min() >= 0
    assert all(0 <= commanded[name].min() <= commanded[name].max() <= 1 for name in POSE_COLUMNS[2:])


def test_a_talking_person_shows_their_own_range_and_a_still_one_has_the_usual() -> None:
    talking = np.abs(np.sin(np.arange(500))) * 0.18
    still = np.full(500, 0.08)

    assert manner_of(talking, is_portrait=False).range == pytest.approx(0.18, abs=0.005)
    assert manner_of(still, is_portrait=False) == manner_of(talking, is_portrait=True)


def test_a_row_of_commands_is_a_pose() -> None:
    pose = pose_at(np.arange(9, dtype=np.float32))

    assert (pose.gap, pose.width, pose.strength, pose.smile) == (0, 1, 7, 8)
