import numpy as np
import pytest

from engines.articulate.shape import INNER_RING, KEPT, Basis, measure
from tests.engines.articulate.portrait import points

pytestmark = pytest.mark.unit


def _turned(radians: float) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    cos, sin = np.cos(radians), np.sin(radians)
    return points() @ np.array([[cos, sin], [-sin, cos]])


def test_face_coordinates_lead_back_to_pixels() -> None:
    basis = Basis.of(points())

    assert np.allclose(basis.to_pixels(basis.to_face(points())), points())


def test_a_face_has_the_same_shape_however_its_picture_is_turned_moved_and_scaled() -> None:
    shape = Basis.of(points()).to_face(points())
    other = _turned(0.5) * 1.7 + np.array([40.0, -12.0])

    assert np.allclose(Basis.of(other).to_face(other), shape, atol=1e-6)


def test_the_measures_are_the_same_however_the_picture_is_turned_and_scaled() -> None:
    upright, turned = measure(points()[None]), measure(3 * _turned(-0.4)[None])

    for name in ("gap", "width", "yaw", "pitch"):
        assert getattr(turned, name)[0] == pytest.approx(getattr(upright, name)[0], abs=1e-6)
    assert turned.unit[0] == pytest.approx(3 * upright.unit[0])


def test_an_open_smile_seen_from_the_front_measures_as_one() -> None:
    smile = measure(points()[None])

    assert 0.05 < smile.gap[0] < 0.2
    assert smile.width[0] > 0.62
    assert abs(smile.yaw[0]) < 0.1


def test_the_ring_goes_round_the_mouth_once() -> None:
    ring = points()[INNER_RING]
    x, y = ring.T
    area = 0.5 * abs(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1)))
    hull = (x.max() - x.min()) * (y.max() - y.min())

    assert len(set(INNER_RING.tolist())) == len(INNER_RING) == 20
    assert 0.4 * hull < area < 0.9 * hull


def test_each_point_is_kept_once() -> None:
    assert len(set(KEPT)) == len(KEPT)
