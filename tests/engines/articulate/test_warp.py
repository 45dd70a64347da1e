import numpy as np
import pytest

from engines.articulate.shape import LOWER_INNER, STILL, UPPER_INNER, measure, places
from engines.articulate.warp import Pose, face_region, move_points, thin_plate, warp
from tests.engines.articulate.portrait import picture, points

pytestmark = pytest.mark.unit


def _own_pose(**changes: float) -> Pose:
    own = measure(points()[None])
    return Pose(**{"gap": float(own.gap[0]), "width": float(own.width[0]), **changes})


@pytest.mark.parametrize("gap", [0.0, 0.03, 0.1, 0.2])
def test_the_lips_open_as_far_as_they_are_told(gap: float) -> None:
    moved = move_points(points(), _own_pose(gap=gap))

    assert measure(moved.target[None]).gap[0] == pytest.approx(gap, abs=0.004)


@pytest.mark.parametrize("width", [0.55, 0.62, 0.75])
def test_the_mouth_is_as_wide_as_it_is_told(width: float) -> None:
    moved = move_points(points(), _own_pose(width=width))

    assert measure(moved.target[None]).width[0] == pytest.approx(width, abs=0.01)


def test_closed_lips_touch_in_every_column() -> None:
    moved = move_points(points(), _own_pose(gap=0.0)).target

    assert np.allclose(moved[places(UPPER_INNER)], moved[places(LOWER_INNER)], atol=1.5)


def test_without_strength_nothing_moves() -> None:
    moved = move_points(points(), _own_pose(gap=0.25, width=0.5, rounding=1.0, strength=0.0))

    assert np.allclose(moved.target, points())


def test_what_speech_does_not_move_stays() -> None:
    moved = move_points(points(), _own_pose(gap=0.25, rounding=1.0))

    assert np.allclose(moved.target[places(STILL)], points()[places(STILL)])


def test_the_chin_follows_the_lower_lip() -> None:
    chin = places((152,))
    moved = move_points(points(), _own_pose(gap=0.25)).target

    assert moved[chin, 1] > points()[chin, 1] + 2


def test_pixels_away_from_mouth_and_jaw_are_not_touched() -> None:
    move = move_points(points(), _own_pose(gap=0.22))
    region = face_region(move, picture())
    assert region is not None
    drawn = picture().copy()
    drawn[region.slices] = warp(picture(), move, region)

    eyes_up = int(points()[places((33, 263)), 1].max())
    assert np.array_equal(drawn[:eyes_up], picture()[:eyes_up])
    border = np.ones(drawn.shape[:2], dtype=bool)
    border[region.slices][2:-2, 2:-2] = False
    assert np.array_equal(drawn[border], picture()[border])
    assert (drawn != picture()).any()


def test_the_own_pose_leaves_the_picture_nearly_as_it_is() -> None:
    move = move_points(points(), _own_pose(width=float(measure(points()[None]).width[0])))
    region = face_region(move, picture())
    assert region is not None

    drawn = warp(picture(), move, region).astype(int)

    assert np.abs(drawn - picture()[region.slices]).mean() < 1.5


def test_the_same_move_gives_the_same_picture() -> None:
    move = move_points(points(), _own_pose(gap=0.15))
    region = face_region(move, picture())
    assert region is not None

    assert np.array_equal(warp(picture(), move, region), warp(picture().copy(), move, region))


def test_a_face_at_the_pictures_edge_is_drawn_as_far_as_it_is_seen() -> None:
    cut = np.ascontiguousarray(picture()[:, : int(points()[places((13,)), 0].item()) + 5])
    move = move_points(points(), _own_pose(gap=0.2))
    region = face_region(move, cut)

    assert region is not None
    assert warp(cut, move, region).shape == (region.height, region.width, 3)


def test_a_face_outside_the_picture_has_no_region() -> None:
    assert face_region(move_points(points() + 5000, _own_pose()), picture()) is None


def test_a_thin_plate_passes_through_its_knots_and_keeps_straight_what_is_straight() -> None:
    rng = np.random.default_rng(1)
    knots = rng.uniform(0, 100, (20, 2))
    plane = knots @ np.array([[0.5], [-0.2]]) + 3
    bent = rng.normal(0, 5, (20, 1))

    assert np.allclose(thin_plate(knots, bent, knots, 50.0, stiffness=0.0), bent, atol=0.05)
    elsewhere = rng.uniform(0, 100, (50, 2))
    assert np.allclose(thin_plate(knots, plane, elsewhere, 50.0), elsewhere @ [[0.5], [-0.2]] + 3, atol=0.05)


def test_rounded_lips_let_a_smile_go() -> None:
    corners, middle = places((61, 291)), places((UPPER_INNER[4], LOWER_INNER[4]))
    bows = []
    for rounding in (0.0, 1.0):
        target = move_points(points(), _own_pose(gap=0.06, rounding=rounding)).target
        bows.append(target[middle, 1].mean() - target[corners, 1].mean())

    assert bows[1] < 0.6 * bows[0]
