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
    """Boxes of faces that are each in another shot."""
    shots = np.arange(len(faces), dtype=np.int32)
    return face_boxes(np.stack(faces).astype(np.float32), shots, 25.0, width, height)


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


def test_a_box_does_not_shiver_with_its_landmarks_but_goes_along_with_its_face_and_not_over_cuts() -> None:
    shiver = np.random.default_rng(2).normal(0, 1, (60, *points().shape))
    way = np.arange(60)[:, None, None] * 2.0
    seen = (points() + shiver + way + 60 * (np.arange(60) >= 30)[:, None, None]).astype(np.float32)
    shots = (np.arange(60) >= 30).astype(np.int32)

    found = face_boxes(seen, shots, 25.0, 1024, 1024).astype(float)

    exact = face_boxes(points()[None].astype(np.float32), shots[:1], 25.0, 1024, 1024)[0] + way[:, 0]
    exact[30:] += 60
    assert np.abs((found - exact)[6:24]).max() < 6
    assert np.abs((found - exact)[36:54]).max() < 6
    raw = face_boxes(seen, np.arange(60, dtype=np.int32), 25.0, 1024, 1024).astype(float)
    assert np.abs(np.diff(found[:30], 2, axis=0)).mean() < 0.4 * np.abs(np.diff(raw[:30], 2, axis=0)).mean()


def test_where_no_face_is_there_is_no_box() -> None:
    nowhere = np.zeros((3, *points().shape), np.float32)

    assert not face_boxes(nowhere, np.full(3, -1, np.int32), 25.0, 512, 512).any()
