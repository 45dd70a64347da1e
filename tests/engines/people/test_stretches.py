import numpy as np
import pytest

from engines.people.stretches import flagged, smooth_within, stretches, widened

pytestmark = pytest.mark.unit


def test_runs_of_equal_values_come_in_their_order() -> None:
    assert stretches(np.array([3, 3, -1, 3])) == [(0, 2), (2, 3), (3, 4)]


def test_of_nothing_there_is_no_run() -> None:
    assert stretches(np.zeros(0, np.int32)) == []


def test_only_flagged_runs_are_told() -> None:
    assert flagged(np.array([True, False, True, True])) == [(0, 1), (2, 4)]


@pytest.mark.parametrize("frames", [1, 3, 5, 9, 40])
@pytest.mark.parametrize("reach", [0, 1, 4])
def test_what_is_near_a_flag_is_so_on_either_side_however_few_frames_there_are(frames: int, reach: int) -> None:
    for number in range(frames):
        near = widened(np.arange(frames) == number, reach)

        assert near.tolist() == [abs(other - number) <= reach for other in range(frames)]


def test_smoothing_does_not_reach_over_a_cut() -> None:
    track = np.concatenate([np.zeros(30), np.ones(30), np.full(5, 9.0)])
    shots = np.concatenate([np.zeros(30), np.ones(30), np.full(5, -1)]).astype(np.int32)

    assert np.allclose(smooth_within(track, shots, 4.0), track)
