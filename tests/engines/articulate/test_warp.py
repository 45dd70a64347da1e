import numpy as np
import pytest

from engines.articulate.warp import Pose, ThinPlate, face_region, mouth_region, move_points, warp
from engines.people.shape import LOWER_INNER, STILL, UPPER_INNER, measure, places
from scripts.quality.pixels import untouched
from tests.engines.people.portrait import picture, points

pytestmark = pytest.mark.unit

BLUR = 1.0


def _own_pose(**changes: float) -> Pose:
    own = measure(points()[None])
    return Pose(**{"gap": float(own.gap[0]), "width": float(own.width[0]), **changes})


@pytest.mark.parametrize("gap", [0.0, 0.03, 0.1, 0.2])
def test_the_lips_open_as_far_as_they_are_told(gap: float) -> None:
    moved = move_points(points(), _own_pose(gap=gap))

    assert measure(moved.target[None]).gap[0] == pytest.approx(gap, abs=0.004)


@pytest.mark.parametrize("width", [0.55, 0.62, 0.75])
def test_the_mouth_changes_its_width_by_more_than_landmarks_would_see(width: float) -> None:
    own = measure(points()[None]).width[0]
    moved = move_points(points(), _own_pose(width=width))

    asked, done = width - own, measure(moved.target[None]).width[0] - own
    assert 1.0 <= done / asked <= 1.4


def test_the_mouth_keeps_its_width_when_told_to() -> None:
    own = float(measure(points()[None]).width[0])

    assert measure(move_points(points(), _own_pose(width=own)).target[None]).width[0] == pytest.approx(own, abs=0.01)


def test_closed_lips_touch_in_every_column() -> None:
    moved = move_points(points(), _own_pose(gap=0.0)).target

    assert np.allclose(moved[places(UPPER_INNER)], moved[places(LOWER_INNER)], atol=1.5)


def test_without_strength_nothing_moves() -> None:
    moved = move_points(points(), _own_pose(gap=0.25, width=0.5, rounding=1.0, strength=0.0))

    assert np.allclose(moved.target, points())


def test_what_speech_does_not_move_stays() -> None:
    moved = move_points(points(), _own_pose(gap=0.25, rounding=1.0))

    assert np.allclose(moved.target[places(STILL)], points()[places(STILL)])


def test_cheeks_go_a_part_of_the_way_with_the_corners_of_the_mouth() -> None:
    own = float(measure(points()[None]).width[0])
    moved = move_points(points(), _own_pose(width=0.8 * own)).target - points()

    for cheek, corner in ((205, 61), (425, 291)):
        share = moved[places((cheek,)), 0] / moved[places((corner,)), 0]
        assert 0.1 < share.item() < 0.5


def test_for_f_the_upper_lip_rises_more_than_the_lower_falls() -> None:
    closed = move_points(points(), _own_pose(gap=0.0)).target
    again = closed.copy()
    own = float(measure(closed[None]).width[0])
    lip = places((13,))

    usual, tucked = (move_points(again, Pose(gap=0.03, width=own, tuck=tuck)).target[lip, 1] for tuck in (0.0, 1.0))
    assert tucked < usual - 0.5


def test_the_chin_follows_the_lower_lip() -> None:
    chin = places((152,))
    moved = move_points(points(), _own_pose(gap=0.25)).target

    assert moved[chin, 1] > points()[chin, 1] + 2


def test_pixels_away_from_mouth_and_jaw_are_not_touched() -> None:
    move = move_points(points(), _own_pose(gap=0.22))
    region = face_region(move, picture())
    assert region is not None
    drawn = picture().copy()
    drawn[region.slices] = warp(picture(), move, region, BLUR)

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

    drawn = warp(picture(), move, region, BLUR).astype(int)

    assert np.abs(drawn - picture()[region.slices]).mean() < 1.5


def test_the_same_move_gives_the_same_picture() -> None:
    move = move_points(points(), _own_pose(gap=0.15))
    region = face_region(move, picture())
    assert region is not None

    assert np.array_equal(warp(picture(), move, region, BLUR), warp(picture().copy(), move, region, BLUR))


def test_a_face_at_the_pictures_edge_is_drawn_as_far_as_it_is_seen() -> None:
    cut = np.ascontiguousarray(picture()[:, : int(points()[places((13,)), 0].item()) + 5])
    move = move_points(points(), _own_pose(gap=0.2))
    region = face_region(move, cut)

    assert region is not None
    assert warp(cut, move, region, BLUR).shape == (region.height, region.width, 3)


def test_a_face_outside_the_picture_has_no_region() -> None:
    assert face_region(move_points(points() + 5000, _own_pose()), picture()) is None


def test_a_thin_plate_passes_through_its_knots_and_keeps_straight_what_is_straight() -> None:
    rng = np.random.default_rng(1)
    knots, elsewhere = rng.uniform(0, 100, (20, 2)), rng.uniform(0, 100, (50, 2))
    plane = knots @ np.array([[0.5], [-0.2]]) + 3
    bent = rng.normal(0, 5, (20, 1))
    everything = (np.arange(20),)

    through = ThinPlate(knots, knots, 50.0, stiffness=0.0).through(bent, everything)[:, 0]
    straight = ThinPlate(knots, elsewhere, 50.0).through(plane, everything)[:, 0]
    assert np.allclose(through, bent, atol=0.05)
    assert np.allclose(straight, elsewhere @ [[0.5], [-0.2]] + 3, atol=0.05)


def test_splines_through_some_knots_do_not_know_the_others() -> None:
    rng = np.random.default_rng(2)
    knots, elsewhere = rng.uniform(0, 100, (20, 2)), rng.uniform(0, 100, (30, 2))
    values, others = rng.normal(0, 5, (20, 2)), np.arange(12)

    both = ThinPlate(knots, elsewhere, 50.0).through(values, (others, np.arange(20)))

    changed = values.copy()
    changed[12:] += 100
    again = ThinPlate(knots, elsewhere, 50.0).through(changed, (others, np.arange(20)))
    assert np.array_equal(both[:, 0], again[:, 0])
    assert not np.allclose(both[:, 1], again[:, 1], atol=1)


@pytest.mark.parametrize("shift", [0.0, 0.37, 0.71])
@pytest.mark.parametrize("gap", [0.0, 0.1, 0.25])
def test_no_level_of_any_colour_changes_outside_the_ellipse_that_may_change(gap: float, shift: float) -> None:
    noisy = np.random.default_rng(3).integers(0, 256, picture().shape, dtype=np.uint8)
    move = move_points(points() + shift, _own_pose(gap=gap, rounding=1.0))
    region = face_region(move, noisy)
    assert region is not None
    drawn = noisy.copy()
    drawn[region.slices] = warp(noisy, move, region, BLUR)

    changed = (drawn != noisy).any(-1)
    assert changed.any()
    assert not (changed & untouched(noisy, points() + shift)).any()


def test_the_lips_are_all_in_their_region() -> None:
    move = move_points(points(), _own_pose())
    rows, columns = mouth_region(move, picture()).slices
    lips = points()[places((*UPPER_INNER, *LOWER_INNER))]

    assert (lips > [columns.start, rows.start]).all()
    assert (lips < [columns.stop, rows.stop]).all()


def test_the_region_of_lips_outside_the_picture_is_empty() -> None:
    region = mouth_region(move_points(points() + 5000, _own_pose()), picture())

    assert region.width * region.height == 0


def test_rounded_lips_let_a_smile_go() -> None:
    corners, middle = places((61, 291)), places((UPPER_INNER[4], LOWER_INNER[4]))
    bows = []
    for rounding in (0.0, 1.0):
        target = move_points(points(), _own_pose(gap=0.06, rounding=rounding)).target
        bows.append(target[middle, 1].mean() - target[corners, 1].mean())

    assert bows[1] < 0.6 * bows[0]
