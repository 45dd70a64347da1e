"""Tracks of a face that are made steady: what is taken out, and what is not."""

import numpy as np
import pytest

from engines.people.face_smoothing import smooth_track

pytestmark = pytest.mark.unit

UPPER_LIP, LOWER_LIP = 13, 14


def shaken_track(frames: int, shake: float) -> tuple[np.ndarray, np.ndarray]:
    """A face that moves steadily, and the same with noise: two of float32 (frames, 468, 2)."""
    random = np.random.default_rng(1)
    face = random.uniform(0, 200, (468, 2))
    face[33], face[263] = (50, 100), (150, 100)
    steady = (face + np.arange(frames)[:, None, None] * (2.0, 1.0)).astype(np.float32)
    return steady, (steady + random.normal(0, shake, steady.shape)).astype(np.float32)


def test_tremor_is_more_than_halved() -> None:
    steady, shaken = shaken_track(60, 0.5)
    smooth = smooth_track(shaken, np.ones(60, bool), 30.0)
    still = [33, 263, 1, 152]
    assert np.std((smooth - steady)[:, still]) < 0.6 * np.std((shaken - steady)[:, still])


def test_steady_motion_is_not_delayed() -> None:
    steady, _ = shaken_track(40, 0.0)
    smooth = smooth_track(steady, np.ones(40, bool), 25.0)
    assert np.abs(smooth - steady)[1:-1].max() < 0.01


def test_lips_that_close_for_two_frames_stay_closed() -> None:
    track, _ = shaken_track(30, 0.0)
    track[:, UPPER_LIP], track[:, LOWER_LIP] = track[:, 33] + (50, 90), track[:, 33] + (50, 110)
    track[14:16, UPPER_LIP] = track[14:16, LOWER_LIP]
    smooth = smooth_track(track, np.ones(30, bool), 25.0)
    gaps = np.linalg.norm(smooth[:, UPPER_LIP] - smooth[:, LOWER_LIP], axis=-1)
    assert gaps[14:16].max() < 0.15 * gaps.max()


def test_nothing_is_blended_across_a_cut() -> None:
    before, _ = shaken_track(10, 0.0)
    track = np.concatenate([before, before + 300])
    smooth = smooth_track(track, np.ones(20, bool), 25.0)
    assert np.abs(smooth - track).max() < 1.0


def test_nothing_is_blended_across_an_absence() -> None:
    track, _ = shaken_track(20, 0.0)
    present = np.ones(20, bool)
    present[8:12] = False
    track[8:12] = 9999.0
    smooth = smooth_track(track, present, 25.0)
    assert np.abs(smooth - track).max() < 1.0


@pytest.mark.parametrize("frames", [0, 1, 2, 3])
def test_short_tracks_keep_their_length(frames: int) -> None:
    track, _ = shaken_track(frames, 0.0)
    assert smooth_track(track, np.ones(frames, bool), 25.0).shape == (frames, 468, 2)
