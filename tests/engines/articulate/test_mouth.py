from dataclasses import replace

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from engines.articulate.mouth import SeenMouth, Weighted, fill_mouth
from engines.articulate.teeth import Opening, draw_mouth
from engines.articulate.warp import Pose, Region, face_region, move_points, warp
from engines.people.light import Light, light_of, measure_light
from engines.people.shape import INNER_RING, LOWER_INNER, UPPER_INNER, Basis, measure, places
from tests.engines.people.portrait import picture, points

pytestmark = pytest.mark.unit

BLUR = 1.0
UNIT = float(measure(points()[None]).unit[0])
LIGHT = light_of(measure_light(picture(), points(), UNIT))


def _own() -> SeenMouth:
    return SeenMouth(picture(), points()[INNER_RING], Basis.of(points()), np.ones(3, np.float32), BLUR)


def _drawn(pose: Pose, seen: list[Weighted]) -> tuple[NDArray[np.uint8], NDArray[np.uint8], Region]:
    """The region with the mouth filled, and before."""
    move = move_points(points(), pose)
    region = face_region(move, picture())
    assert region is not None
    before = warp(picture(), move, region, BLUR)
    after = before.copy()
    fill_mouth(after, region, move, pose, seen, LIGHT, BLUR)
    return after, before, region


def _inside(pose: Pose, region: Region) -> tuple[slice, slice]:
    """The middle of the opening."""
    ring = move_points(points(), pose).target[INNER_RING] - region.corner
    middle, reach = ring.mean(0), np.ptp(ring, axis=0) * 0.2
    (left, top), (right, bottom) = (middle - reach).astype(int), (middle + reach).astype(int) + 1
    return slice(top, bottom), slice(left, right)


def test_lips_that_meet_show_nothing_but_a_shadow_between_them() -> None:
    after, before, _ = _drawn(Pose(gap=0.0, width=0.68), [])

    darker = before.astype(int) - after
    assert darker.min() >= 0
    assert darker.max() > 20
    assert (darker.max(-1) > 4).sum(0).max() < 0.15 * UNIT


def test_lips_that_were_closed_before_keep_their_own_line() -> None:
    still = points()
    for upper, lower in zip(places(UPPER_INNER), places(LOWER_INNER), strict=True):
        still[upper] = still[lower] = (still[upper] + still[lower]) / 2
    move = move_points(still, Pose(gap=0.0, width=0.68))
    region = face_region(move, picture())
    assert region is not None
    before = warp(picture(), move, region, BLUR)
    after = before.copy()
    fill_mouth(after, region, move, Pose(gap=0.0, width=0.68), [], LIGHT, BLUR)

    assert np.array_equal(after, before)


def test_a_mouth_never_seen_open_is_drawn_darker_than_the_skin() -> None:
    pose = Pose(gap=0.2, width=0.65)
    after, _, region = _drawn(pose, [])

    inside = after[_inside(pose, region)].astype(float).mean()
    assert inside < 0.75 * 255 * LIGHT.skin.mean()


def test_what_is_drawn_is_warm_not_grey() -> None:
    pose = Pose(gap=0.2, width=0.65)
    after, _, region = _drawn(pose, [])

    red, green, blue = after[_inside(pose, region)].reshape(-1, 3).astype(float).mean(0)
    assert red > green > blue * 0.98


def _opening(gap: float) -> Opening:
    """Lips of one height from side to side, the teeth behind the upper one."""
    y, x = (np.asarray(axis, np.float32) for axis in np.mgrid[0 : 9 * gap / 8 : gap / 8, -0.1:0.1:9j])
    return Opening(
        x=x,
        y=y,
        top=np.zeros_like(x),
        bottom=np.full_like(x, gap),
        gap=gap,
        upper_edge=-1.0,
        lower_edge=gap - 0.02,
        tongue=0.0,
    )


def test_the_dark_is_lit_by_the_scene_as_the_skin_is() -> None:
    candle, day = (
        Light(skin=np.array(skin, np.float32), white=np.full(3, 0.7, np.float32), black=0.1, grain=0.0)
        for skin in ((0.75, 0.53, 0.39), (0.75, 0.60, 0.53))
    )
    by_candle, by_day = (draw_mouth(_opening(0.2), light, upper_teeth=0.0)[0, 4] for light in (candle, day))

    assert by_candle[2] / by_candle[0] < 0.85 * by_day[2] / by_day[0]
    assert by_candle[2] < 0.8 * by_candle[1]


def test_lips_barely_parted_show_no_lower_teeth() -> None:
    slit, gape = (draw_mouth(_opening(gap), LIGHT)[7, 4].mean() for gap in (0.02, 0.2))

    assert slit < 0.6 * gape


def test_a_grey_face_has_a_grey_mouth() -> None:
    pose = Pose(gap=0.2, width=0.65)
    move = move_points(points(), pose)
    region = face_region(move, picture())
    assert region is not None
    canvas = np.full((region.height, region.width, 3), 128, dtype=np.uint8)
    grey = Light(skin=np.full(3, 0.7, np.float32), white=np.full(3, 0.8, np.float32), black=0.1, grain=0.0)
    fill_mouth(canvas, region, move, pose, [], grey, BLUR)

    colours = canvas[_inside(pose, region)].reshape(-1, 3).astype(float)
    assert np.ptp(colours, axis=1).mean() < 16


def test_only_the_mouth_is_filled() -> None:
    pose = Pose(gap=0.2, width=0.65)
    after, before, region = _drawn(pose, [])

    rows, columns = np.nonzero((after != before).any(-1))
    ring = move_points(points(), pose).target[INNER_RING] - region.corner
    assert rows.min() >= ring[:, 1].min() - 3
    assert rows.max() <= ring[:, 1].max() + 3
    assert columns.min() >= ring[:, 0].min() - 3
    assert columns.max() <= ring[:, 0].max() + 3


def test_the_own_mouth_keeps_its_own_teeth() -> None:
    pose = Pose(gap=float(measure(points()[None]).gap[0]), width=float(measure(points()[None]).width[0]))
    after, _, region = _drawn(pose, [Weighted(_own(), 1.0)])
    window = _inside(pose, region)

    own = picture()[region.slices][window].astype(float)
    assert np.abs(after[window].astype(float) - own).mean() < 20


def test_shares_mix_the_own_and_the_drawn_mouth() -> None:
    pose = Pose(gap=0.12, width=0.68)
    results = [_drawn(pose, [Weighted(_own(), share)] if share else []) for share in (0.0, 0.5, 1.0)]
    window = _inside(pose, results[0][2])
    drawn, mixed, own = (result[0][window].astype(float).mean() for result in results)

    assert min(drawn, own) <= mixed <= max(drawn, own)


def test_another_light_is_matched() -> None:
    pose = Pose(gap=0.1, width=0.68)
    means = []
    for gain in (0.5, 0.75):
        mouth = SeenMouth(picture(), points()[INNER_RING], Basis.of(points()), np.full(3, gain, np.float32), BLUR)
        after, _, region = _drawn(pose, [Weighted(mouth, 1.0)])
        means.append(after[_inside(pose, region)].mean())

    assert 0.6 < means[0] / means[1] < 0.85


def test_a_mouth_seen_sharper_than_the_frame_is_blurred_to_match() -> None:
    pose = Pose(gap=0.12, width=0.68)
    crisp = SeenMouth(picture(), points()[INNER_RING], Basis.of(points()), np.ones(3, np.float32), 0.5)
    move = move_points(points(), pose)
    region = face_region(move, picture())
    assert region is not None
    energies = []
    for blur in (0.5, 2.0):
        canvas = np.full((region.height, region.width, 3), 128, dtype=np.uint8)
        fill_mouth(canvas, region, move, pose, [Weighted(crisp, 1.0)], LIGHT, blur)
        energies.append(cv2.Laplacian(canvas[_inside(pose, region)], cv2.CV_32F).var())

    assert energies[1] < 0.5 * energies[0]


def test_less_light_falls_between_lips_that_are_nearer_than_they_were_seen() -> None:
    means = []
    for gap in (0.03, 0.12):
        pose = Pose(gap=gap, width=0.68)
        after, _, region = _drawn(pose, [Weighted(_own(), 1.0)])
        means.append(after[_inside(pose, region)].max(-1).mean())

    assert means[0] < means[1]


def _tooth(gap: float) -> NDArray[np.float32]:
    """The luma down the middle of an upper front tooth, lips parted so far, (9,)."""
    opening = replace(_opening(gap), upper_edge=0.08, lower_edge=1.0)
    drawn = draw_mouth(opening, replace(LIGHT, white=np.full(3, 0.7, np.float32)))[:, 6]
    return np.asarray(drawn @ np.array([0.2126, 0.7152, 0.0722]), np.float32)


def test_teeth_are_bright_in_a_wide_mouth_and_in_shade_in_a_narrow_one() -> None:
    wide, narrow = _tooth(0.16).max(), _tooth(0.04).max()

    assert narrow < 0.9 * wide
    assert 0.6 < wide < 1.0


def test_below_the_upper_teeth_of_a_narrow_mouth_it_is_dark() -> None:
    tooth = _tooth(0.04)

    assert tooth[6:].max() < 0.8 * tooth.max()


@pytest.mark.parametrize("seen", [[], [Weighted(_own(), 1.0)]], ids=["drawn", "own"])
def test_the_teeth_that_a_lip_rests_against_are_bright(seen: list[Weighted]) -> None:
    brightness = []
    for tuck in (0.0, 1.0):
        pose = Pose(gap=0.03, width=0.68, tuck=tuck)
        after, _, region = _drawn(pose, seen)
        brightness.append(after[_inside(pose, region)].astype(float).mean())

    assert brightness[1] > brightness[0] + 8
