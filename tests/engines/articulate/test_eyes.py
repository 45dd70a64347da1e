from functools import lru_cache

import cv2
import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from engines.articulate.eyes import can_blink, close_eyes, eyes_of
from engines.people.faces import FaceFinder
from engines.people.shape import LOWER_LIDS, UPPER_LIDS, places
from tests.engines.people.portrait import picture, points

pytestmark = pytest.mark.unit


@lru_cache
def finder() -> FaceFinder:
    return FaceFinder(torch.device("cpu"))


def _lid_gaps(frame: NDArray[np.uint8]) -> NDArray[np.float64]:
    """How far each eye is open by landmarks, in widths of the eye."""
    found = finder().find(frame)[0].landmarks
    gaps = []
    for upper, lower in zip(UPPER_LIDS, LOWER_LIDS, strict=True):
        width = np.linalg.norm(found[upper[0]] - found[upper[-1]])
        gaps.append(np.linalg.norm(found[list(upper[3:6])] - found[list(lower[3:6])], axis=-1).mean() / width)
    return np.array(gaps)


def test_the_eyes_of_the_portrait_can_blink() -> None:
    assert can_blink(picture(), points())


def test_shut_lids_are_seen_to_be_shut() -> None:
    before = _lid_gaps(picture())
    shut = _lid_gaps(close_eyes(picture(), points(), 1.0))
    half = _lid_gaps(close_eyes(picture(), points(), 0.5))

    assert (shut < 0.45 * before).all()
    assert (half < 0.9 * before).all()
    assert (half > shut).all()


def test_only_eyes_and_the_skin_up_to_the_brows_change() -> None:
    changed = np.argwhere((close_eyes(picture(), points(), 1.0) != picture()).any(-1))
    low, high = eyes_of(points()).min(0), eyes_of(points()).max(0)

    assert len(changed) > 100
    assert (changed[:, ::-1] >= low - 3).all()
    assert (changed[:, ::-1] <= high + 3).all()


def test_open_eyes_stay_as_they_are() -> None:
    assert np.array_equal(close_eyes(picture(), points(), 0.0), picture())


def test_lids_keep_the_colour_of_the_skin() -> None:
    eyes = eyes_of(points())
    middle = eyes[:9].mean(0).astype(int)
    lid = close_eyes(picture(), points(), 1.0)[middle[1] - 3 : middle[1] + 1, middle[0] - 3 : middle[0] + 4]
    skin = np.median(picture()[middle[1] + 22 : middle[1] + 30, middle[0] - 5 : middle[0] + 6], axis=(0, 1))

    assert lid.reshape(-1, 3).mean(0)[0] > lid.reshape(-1, 3).mean(0)[2]
    assert lid.mean() > 0.4 * skin.mean()


def test_behind_sunglasses_nobody_is_seen_to_blink() -> None:
    eyes = eyes_of(points())
    low, high = (eyes.min(0) - 3).astype(int), (eyes.max(0) + 3).astype(int)
    dark = picture().copy()
    dark[low[1] : high[1], low[0] : high[0]] = 18

    assert not can_blink(dark, points())


def test_small_faces_do_not_blink() -> None:
    small = cv2.resize(picture(), None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)

    assert not can_blink(np.asarray(small, np.uint8), points() / 2)


def test_closed_eyes_do_not_blink() -> None:
    closed = points().copy()
    for upper, lower in zip(UPPER_LIDS, LOWER_LIDS, strict=True):
        closed[places(upper)] = closed[places(lower)]

    assert not can_blink(picture(), closed)


def test_lashes_that_stand_up_from_open_eyes_do_not_stand_on_shut_lids() -> None:
    lid = points()[places((159, 386))]
    reach = 0.12 * float(np.linalg.norm(points()[places((263,))] - points()[places((33,))]))
    painted = picture().copy()
    for x, y in lid:
        cv2.line(painted, (int(x), int(y)), (int(x), int(y - reach)), (20, 15, 15), 1)

    darker = close_eyes(picture(), points(), 1.0).astype(int) - close_eyes(painted, points(), 1.0)
    below = int(lid[:, 1].max()) + 2
    assert darker[below:].clip(0).sum() < 0.2 * (picture().astype(int) - painted).sum()
