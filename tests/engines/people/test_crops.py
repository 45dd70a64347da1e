"""Windows of pictures, and the way back."""

import math

import numpy as np
import pytest

from engines.people.crops import Window, around_keypoints, around_landmarks, cut

pytestmark = pytest.mark.unit


def gradient(width: int, height: int) -> np.ndarray:
    """A picture whose red grows by 1 per pixel to the right, and green by 1 per pixel downwards."""
    columns, rows = np.meshgrid(np.arange(width), np.arange(height))
    return np.stack([columns, rows, np.zeros_like(rows)], -1).astype(np.uint8)


def test_a_window_at_the_pictures_own_scale_copies_its_pixels() -> None:
    picture = gradient(64, 48)
    window = cut(picture, Window(x=30.0, y=20.0, side=16.0), 16, repeat_edge=True)
    assert np.array_equal(window, picture[12:28, 22:38])


def test_a_window_far_larger_than_its_result_shows_averages() -> None:
    picture = np.zeros((100, 100, 3), np.uint8)
    picture[:, ::2] = 200
    window = cut(picture, Window(x=50.0, y=50.0, side=100.0), 10, repeat_edge=True)
    assert np.abs(window.astype(int) - 100).max() <= 1


@pytest.mark.parametrize("side", [40.0, 100.0, 190.0])
def test_a_pixel_of_a_window_shows_the_place_it_maps_to(side: float) -> None:
    picture, window = gradient(200, 200), Window(x=100.0, y=98.0, side=side, angle=0.4)
    crop = cut(picture, window, 32, repeat_edge=True)
    x, y = window.to_picture(np.array([10.5, 20.5], np.float32), 32)
    assert crop[20, 10, :2] == pytest.approx([x - 0.5, y - 0.5], abs=1.0)


@pytest.mark.parametrize(("repeat_edge", "expected"), [(True, 200), (False, 0)])
def test_beyond_the_picture_is_its_edge_or_black(repeat_edge: bool, expected: int) -> None:
    picture = np.full((40, 40, 3), 200, np.uint8)
    window = cut(picture, Window(x=0.0, y=0.0, side=80.0), 20, repeat_edge=repeat_edge)
    assert window[2, 2].tolist() == [expected] * 3
    assert window[15, 15].tolist() == [200] * 3


def test_a_window_that_misses_the_picture_is_still_cut() -> None:
    picture = np.full((40, 40, 3), 200, np.uint8)
    assert cut(picture, Window(x=-500.0, y=900.0, side=600.0), 20, repeat_edge=False).shape == (20, 20, 3)


def test_the_window_around_keypoints_turns_with_the_eyes() -> None:
    eyes = np.array([[90.0, 90.0], [110.0, 110.0]], np.float32)
    window = around_keypoints(np.array([100.0, 120.0, 60.0, 80.0], np.float32), eyes)
    assert window == pytest.approx((100.0, 120.0, 120.0, math.pi / 4))


def test_the_window_around_landmarks_turns_with_the_head() -> None:
    upright = np.random.default_rng(3).uniform(-50, 50, (468, 2)).astype(np.float32)
    upright[33], upright[263] = (-30, 0), (30, 0)
    turn = Window(0.0, 0.0, 1.0, 0.5)
    straight, turned = around_landmarks(upright), around_landmarks(turn.to_picture(upright + 0.5, 1))
    assert turned.side == pytest.approx(straight.side, rel=1e-5)
    assert turned.angle == pytest.approx(0.5, abs=1e-5)
