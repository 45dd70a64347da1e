"""The box of a face."""

import numpy as np
import pytest
from numpy.typing import NDArray

from engines.musetalk.geometry import face_boxes
from tests.engines.people.portrait import landmarks, points

pytestmark = pytest.mark.unit

#: Mesh points that are nearest to the 68 landmarks of the chin and of the nose's ridge, its third.
_CHIN, _RIDGE = 152, 5


def boxes(*faces: NDArray[np.floating], width: int = 512, height: int = 512) -> NDArray[np.int32]:
    return face_boxes(np.stack(faces).astype(np.float32), width, height)


def test_a_box_reaches_from_cheek_to_cheek_and_as_far_above_the_noses_ridge_as_the_chin_is_below() -> None:
    ((left, top, right, bottom),) = boxes(points())
    mesh = landmarks()

    middle, chin = mesh[_RIDGE, 1], mesh[_CHIN, 1]
    assert left == pytest.approx(mesh[:, 0].min(), abs=2)
    assert right == pytest.approx(mesh[:, 0].max(), abs=2)
    assert top == pytest.approx(2 * middle - chin, abs=0.03 * (chin - top))
    assert bottom - chin == pytest.approx((chin - top) * 10 / 256, abs=2)


def test_a_box_grows_with_its_face() -> None:
    one, other = boxes(points(), points() * 2, width=1024, height=1024)

    assert np.abs(2 * one - other).max() <= 1


def test_a_box_stays_within_the_picture() -> None:
    faces = [points() + offset for offset in ((-200, -200), (250, 250), (-900, 0))]

    found = boxes(*faces)

    assert (found >= 0).all()
    assert (found <= 512).all()
    assert found[2, 0] == found[2, 2] == 0, "nothing of it is seen"


def test_where_no_face_is_there_is_no_box() -> None:
    assert not boxes(np.zeros_like(points())).any()
