import numpy as np
import pytest

from engines.people.shape import (
    INNER_RING,
    KEPT,
    Basis,
    frontal,
    in_profile,
    measure,
    measure_still,
    oval_of,
    places,
    turn_of,
)
from tests.engines.people.portrait import points

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


def _from_the_side() -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """The face with its points drawn together and the bridge of its nose before them, as in profile."""
    side = points() * (0.3, 1.0)
    nose = places((168, 6, 2, 1))
    side[nose, 0] = side[:, 0].max() + 20
    return side


def test_the_turn_is_the_measured_one() -> None:
    assert turn_of(points()) == pytest.approx(float(measure(points()[None]).yaw[0]))
    assert turn_of(_from_the_side()) > 0.8


def test_a_head_in_profile_is_measured_by_its_nose() -> None:
    front, side = measure_still(points()), measure_still(_from_the_side())

    assert in_profile(float(side.yaw[0]))
    assert side.unit[0] == pytest.approx(front.unit[0], rel=0.15)
    assert side.gap[0] == pytest.approx(front.gap[0], rel=0.3)
    assert Basis.of(_from_the_side()).unit == pytest.approx(float(side.unit[0]))


def test_a_still_face_from_the_front_is_measured_as_any_other() -> None:
    assert measure_still(points()).width[0] == measure(points()[None]).width[0]


def test_driving_fades_as_the_head_turns_either_way() -> None:
    assert frontal(np.array([0.0, 0.2, -0.2, 0.6, -0.6])).tolist() == [1, 1, 1, 0, 0]
    assert 0 < frontal(np.array([0.4]))[0] < 1


def test_the_oval_holds_the_face_and_little_else() -> None:
    oval = oval_of(points())
    inverse = np.linalg.inv(np.stack([oval.across, oval.down], axis=1))
    radius = np.linalg.norm((points() - oval.middle) @ inverse.T, axis=-1)

    assert (radius < 1.15).all()
    assert radius.max() > 0.9
