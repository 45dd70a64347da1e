import cv2
import numpy as np
import pytest

from engines.people.bank import Collector
from engines.people.shape import INNER_RING, Floats
from tests.engines.people.portrait import picture, points

pytestmark = pytest.mark.unit


def test_an_open_mouth_is_kept_with_all_of_its_opening() -> None:
    collector = Collector()
    collector.add(7, 0, picture(), points(), 0.5)
    bank = collector.bank()

    left, top, width, height = bank.place[0]
    assert bank.number.tolist() == [7]
    assert np.array_equal(bank.picture(0), picture()[top : top + height, left : left + width])
    ring = points()[INNER_RING] - [left, top]
    assert (ring > 0).all()
    assert (ring < [width, height]).all()


def test_of_like_mouths_the_sharpest_is_kept() -> None:
    collector = Collector()
    blurred = np.asarray(cv2.GaussianBlur(picture(), (0, 0), 3), dtype=np.uint8)
    for number, frame in enumerate((blurred, picture(), blurred)):
        collector.add(number, 0, frame, points(), 0.5)

    assert collector.bank().number.tolist() == [1]


def test_each_shot_has_mouths_of_its_own() -> None:
    collector = Collector()
    for shot in range(3):
        collector.add(10 * shot, shot, picture(), points(), 0.5)

    assert collector.bank().number.tolist() == [0, 10, 20]


def test_a_closed_mouth_is_not_kept() -> None:
    collector = Collector()
    closed = points()
    closed[INNER_RING, 1] = closed[INNER_RING, 1].mean()
    collector.add(0, 0, picture(), closed, 0.5)

    assert len(collector.bank().number) == 0


def test_a_mouth_cut_by_the_pictures_edge_is_not_kept() -> None:
    collector = Collector()
    collector.add(0, 0, picture(), points() - [points()[INNER_RING, 0].min(), 0], 0.5)

    assert len(collector.bank().number) == 0


def test_memory_stays_bounded_however_many_shots_there_are() -> None:
    collector = Collector()
    large = np.asarray(cv2.resize(picture(), None, fx=6, fy=6), dtype=np.uint8)
    for shot in range(400):
        collector.add(shot, shot, large, 6 * points(), 0.5)

    assert collector.bank().pixels.nbytes <= 32 << 20


def opened(share: float) -> Floats:
    """The portrait's points, the mouth's inside opened to a share of its width."""
    wide = points()
    inside = wide[INNER_RING]
    heights = inside[:, 1] - inside[:, 1].mean()
    inside[:, 1] = inside[:, 1].mean() + heights * share * np.ptp(inside[:, 0]) / np.ptp(heights)
    wide[INNER_RING] = inside
    return wide


def test_shots_that_come_once_memory_is_used_up_have_their_share_of_it() -> None:
    collector = Collector()
    left, top = (points()[INNER_RING].min(0) - 30).astype(int)
    right, bottom = (points()[INNER_RING].max(0) + 30).astype(int)
    close_up = np.asarray(cv2.resize(picture()[top:bottom, left:right], None, fx=24, fy=24), dtype=np.uint8)
    shots = 12
    for shot in range(shots):
        for step in range(8):
            collector.add(10 * shot + step, shot, close_up, 24 * (opened(0.05 + 0.05 * step) - [left, top]), 0.5)

    bank = collector.bank()
    of_each = np.bincount(bank.number // 10, minlength=shots)
    assert bank.pixels.nbytes > 24 << 20
    assert bank.pixels.nbytes <= 32 << 20
    assert of_each.min() >= 1
    assert of_each.max() <= of_each.min() + 2
