import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from engines.people.lips import mouth_contrast, refine_edges
from engines.people.shape import LOWER_INNER, LOWER_OUTER, UPPER_INNER, UPPER_OUTER
from tests.engines.people.portrait import landmarks, picture

pytestmark = pytest.mark.unit

LIP, TEETH = (170, 80, 85), (235, 228, 215)


def _face(scale: float = 3.0) -> NDArray[np.float32]:
    return landmarks() * np.float32(scale)


def _painted(marks: NDArray[np.float32], teeth_into_lip: float, inside: tuple[int, int, int]) -> NDArray[np.uint8]:
    """Lips of one colour; teeth that cover the lower lip's first part below its edge as landmarks have it."""
    canvas = np.full((1540, 1540, 3), (220, 180, 160), dtype=np.uint8)
    upper = marks[[61, *UPPER_OUTER, 291, *UPPER_INNER[::-1]]]
    lower = marks[[61, *LOWER_OUTER, 291, *LOWER_INNER[::-1]]]
    opening = marks[[78, *UPPER_INNER, 308, *LOWER_INNER[::-1]]]
    reach = marks[list(LOWER_INNER)] + teeth_into_lip * (marks[list(LOWER_OUTER)] - marks[list(LOWER_INNER)])
    band = np.concatenate([marks[list(LOWER_INNER)], reach[::-1]])
    areas = [(upper, LIP), (lower, LIP), (opening, inside)] + ([(band, TEETH)] if teeth_into_lip else [])
    for outline, colour in areas:
        cv2.fillPoly(canvas, [np.round(outline).astype(np.int32)], colour)
    return canvas


def test_an_edge_is_moved_off_the_teeth() -> None:
    marks = _face()
    refined = refine_edges(_painted(marks, 0.3, TEETH), marks)

    middle = [LOWER_INNER[index] for index in (3, 4, 5)]
    rims = [LOWER_OUTER[index] for index in (3, 4, 5)]
    moved = (refined[middle, 1] - marks[middle, 1]) / (marks[rims, 1] - marks[middle, 1])
    assert (moved > 0.2).all()
    assert (moved < 0.5).all()


def test_an_edge_that_is_right_stays() -> None:
    marks = _face()

    assert np.allclose(refine_edges(_painted(marks, 0.0, (60, 25, 25)), marks), marks, atol=0.5)


def test_only_the_inner_edges_are_moved() -> None:
    marks = _face()
    refined = refine_edges(_painted(marks, 0.3, TEETH), marks)

    others = np.setdiff1d(np.arange(468), [*UPPER_INNER, *LOWER_INNER])
    assert np.array_equal(refined[others], marks[others])


def test_a_seen_opening_stands_out_from_the_lips() -> None:
    assert mouth_contrast(picture(), landmarks()) > 0.25
    assert mouth_contrast(_painted(_face(), 0.0, (40, 15, 15)), _face()) > 0.4


def test_lips_that_only_the_landmarks_call_open_do_not() -> None:
    assert mouth_contrast(_painted(_face(), 0.0, LIP), _face()) < 0.1


def test_a_mouth_outside_the_picture_has_no_contrast() -> None:
    assert mouth_contrast(picture(), landmarks() + 4000) == 0


def test_where_lips_have_no_colour_nothing_is_taken_for_teeth() -> None:
    marks = _face()
    grey = np.repeat(_painted(marks, 0.3, TEETH).mean(-1, keepdims=True), 3, axis=-1).astype(np.uint8)

    assert np.array_equal(refine_edges(grey, marks), marks)
