"""What any network's drawing becomes in a frame."""

import cv2
import numpy as np
import pytest

from engines.base import Frame, Waiting
from engines.people.shape import oval_of, places
from engines.restoration.alignment import TEMPLATE, Picture, five_points
from engines.restoration.restorer import Restorer
from tests.engines.people.portrait import picture, points

pytestmark = pytest.mark.unit


def _unchanged(face: Picture, _alive: Waiting) -> Picture:
    return face


def _sharpened(face: Picture, _alive: Waiting) -> Picture:
    return np.clip(face + 2 * (face - cv2.GaussianBlur(face, (0, 0), 4)), 0, 255).astype(np.float32)


def _darkened(face: Picture, _alive: Waiting) -> Picture:
    return face * np.float32(0.6)


def _dotted(face: Picture, _alive: Waiting) -> Picture:
    dotted = face.copy()
    for x, y in TEMPLATE:
        cv2.circle(dotted, (round(float(x)), round(float(y))), 5, (0, 255, 0), -1)
    return dotted


def _difference(made: Frame) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    return np.asarray(np.abs(made.astype(np.int64) - picture()).max(axis=-1))


def test_a_network_that_changes_nothing_leaves_every_pixel_as_it_is() -> None:
    made = Restorer(_unchanged, "").enhance(picture(), points(), 0.004)

    assert (made == picture()).all()


def test_what_a_network_draws_at_the_eyes_nose_and_mouth_appears_there() -> None:
    made = Restorer(_dotted, "").enhance(picture(), points(), 0.004)

    green = made[..., 1].astype(int) - made[..., ::2].max(axis=-1)
    for x, y in five_points(points()):
        around = green[int(y) - 5 : int(y) + 6, int(x) - 5 : int(x) + 6]
        assert around.max() > 60


def test_nothing_changes_outside_the_oval_that_the_built_in_enhancement_uses() -> None:
    made = Restorer(_sharpened, "").enhance(picture(), points(), 0.004)

    mask = oval_of(points()).mask(slice(0, 512), slice(0, 512))
    assert not _difference(made)[mask == 0].any()
    assert _difference(made)[mask > 0.9].mean() > 2


def test_the_change_fades_towards_the_edge_of_the_oval() -> None:
    made = Restorer(_sharpened, "").enhance(picture(), points(), 0.004)

    mask = oval_of(points()).mask(slice(0, 512), slice(0, 512))
    assert _difference(made)[(mask > 0) & (mask < 0.02)].max() <= 2


def test_tones_over_large_distances_stay_those_of_the_frame() -> None:
    made = Restorer(_darkened, "").enhance(picture(), points(), 0.004)

    inside = oval_of(points()).mask(slice(0, 512), slice(0, 512)) > 0.5
    assert 0.4 * picture()[inside].mean() > 60
    assert abs(made[inside].mean() - picture()[inside].mean()) < 5


def test_a_share_makes_so_much_of_the_change() -> None:
    whole = Restorer(_sharpened, "").enhance(picture(), points(), 0.004)
    half = Restorer(_sharpened, "").enhance(picture(), points(), 0.004, 0.5)
    none = Restorer(_sharpened, "").enhance(picture(), points(), 0.004, 0.0)

    assert none is picture() or (none == picture()).all()
    assert _difference(half).sum() == pytest.approx(_difference(whole).sum() / 2, rel=0.1)


def test_a_face_in_profile_is_left_alone() -> None:
    turned = points()
    turned[places((168,))] = turned[places((33,))]

    assert Restorer(_sharpened, "").enhance(picture(), turned, 0.004) is picture()


def test_a_face_that_is_not_in_the_frame_is_left_alone() -> None:
    assert Restorer(_sharpened, "").enhance(picture(), points() + 3000, 0.004) is picture()


def test_a_face_cut_by_the_frames_edge_is_enhanced_as_far_as_it_is_seen() -> None:
    left = int(points()[places((1,))][0, 0])

    cut = np.ascontiguousarray(picture()[:, left:])
    made = Restorer(_sharpened, "").enhance(cut, points() - (left, 0), 0.004)

    assert np.abs(made.astype(int) - cut).mean() > 0.05
    assert made.shape == cut.shape
