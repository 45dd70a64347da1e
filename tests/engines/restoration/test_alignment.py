import numpy as np
import pytest

from engines.restoration.alignment import SIDE, TEMPLATE, Alignment, five_points, similarity
from tests.engines.people.portrait import picture, points

pytestmark = pytest.mark.unit


def test_a_turn_a_scale_and_a_shift_are_found_again() -> None:
    turned = TEMPLATE @ np.array([[0.6, 0.8], [-0.8, 0.6]]) * 2.5 + (40, -7)

    matrix = similarity(TEMPLATE, turned)

    assert np.allclose(TEMPLATE @ matrix[:, :2].T + matrix[:, 2], turned)


def test_eyes_nose_and_mouth_come_to_lie_where_networks_expect_them() -> None:
    alignment = Alignment.of(points(), 512, 512)

    assert alignment is not None
    origin = alignment.columns.start, alignment.rows.start
    placed = (five_points(points()) - 0.5 - origin) @ alignment.matrix[:, :2].T + alignment.matrix[:, 2]
    assert np.abs(placed - TEMPLATE).max() < 16


def test_the_aligned_picture_shows_the_frames_colours_at_the_landmarks() -> None:
    alignment = Alignment.of(points(), 512, 512)

    assert alignment is not None
    face = alignment.taken(picture())
    inverse = np.linalg.inv(np.vstack([alignment.matrix, (0, 0, 1)]))
    for x, y in TEMPLATE.round().astype(int):
        column, row = (inverse @ (x, y, 1))[:2] + np.array([alignment.columns.start, alignment.rows.start])
        around = picture()[int(row) : int(row) + 2, int(column) : int(column) + 2].astype(float)
        assert (face[y, x] >= around.min((0, 1)) - 12).all()
        assert (face[y, x] <= around.max((0, 1)) + 12).all()


@pytest.mark.parametrize("scale", [0.4, 1.0, 3.0])
def test_a_change_comes_back_to_where_it_was_taken_from(scale: float) -> None:
    side = round(512 * scale)
    alignment = Alignment.of(points() * scale, side, side)
    assert alignment is not None
    y, x = np.mgrid[:SIDE, :SIDE].astype(np.float32)
    place = np.stack([x, y, np.ones_like(x)], axis=-1)

    back = alignment.put_back(place)

    rows, columns = np.nonzero(back[..., 2] > 0.999)
    expected = np.stack([columns, rows], axis=-1) @ alignment.matrix[:, :2].T + alignment.matrix[:, 2]
    inside = np.abs(expected - SIDE / 2).max(axis=-1) < SIDE / 2 - 20
    assert inside.sum() > 0.5 * inside.size
    assert np.abs(back[rows, columns, :2] - expected)[inside].max() < 0.2


def test_a_face_beyond_the_picture_has_no_alignment() -> None:
    assert Alignment.of(points() + 2000, 512, 512) is None
