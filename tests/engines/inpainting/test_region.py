import cv2
import numpy as np
import pytest

from engines.inpainting.region import lower_faces
from tests.engines.people.portrait import landmarks, points

pytestmark = pytest.mark.unit

_LIPS = (61, 291, 0, 17, 13, 14)
_ABOVE = (33, 263, 159, 386, 6, 1)


def _is_inside(point: int) -> bool:
    outline = lower_faces(points()[None].astype(np.float32))[0]
    x, y = landmarks()[point].tolist()
    return bool(cv2.pointPolygonTest(outline, (x, y), measureDist=False) > 0)


@pytest.mark.parametrize("point", [*_LIPS, 152, 200])
def test_lips_and_chin_may_change(point: int) -> None:
    assert _is_inside(point)


@pytest.mark.parametrize("point", _ABOVE)
def test_eyes_and_nose_may_not(point: int) -> None:
    assert not _is_inside(point)


def test_it_follows_a_face_that_moves_turns_and_grows() -> None:
    still = points().astype(np.float32)
    turned = 1.5 * still @ np.array([[0.8, 0.6], [-0.6, 0.8]], np.float32) + np.float32(7)
    first, second = lower_faces(np.stack([still, turned]))
    expected = 1.5 * first @ np.array([[0.8, 0.6], [-0.6, 0.8]]) + 7
    np.testing.assert_allclose(second, expected, atol=0.02)


def test_frames_without_a_face_have_an_empty_outline() -> None:
    assert not lower_faces(np.zeros((2, points().shape[0], 2), np.float32)).any()
