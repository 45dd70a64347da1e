import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from engines.articulate.profile import fill_profile
from engines.articulate.warp import Move, Region
from engines.base import Frame
from engines.people.light import Light
from engines.people.shape import INNER_CORNERS, LOWER_INNER, UPPER_INNER, Basis, places
from tests.engines.people.portrait import points

pytestmark = pytest.mark.unit

SKIN, AIR = 200, 40
LIGHT = Light(skin=np.full(3, 0.8, np.float32), white=np.full(3, 0.8, np.float32), black=0.05, grain=0.0)
WHOLE = Region(0, 0, 512, 512)
UPPER, LOWER, CORNERS = places(UPPER_INNER), places(LOWER_INNER), places(INNER_CORNERS)


def _move(*, gap_px: float, mirrored: bool = False) -> Move:
    """A head that looks to the viewer's right, or left, its lips `gap_px` apart in front."""
    side = points() * (0.3, 1.0) + (120.0, 0.0)
    nose = places((168, 6, 2, 1))
    side[nose, 0] = side[:, 0].max() + 20
    if mirrored:
        side[:, 0] = 512 - side[:, 0]
        side = _swapped(side)
    along = np.linspace(0, 1, len(UPPER) + 2)[1:-1]
    near, far = CORNERS if not mirrored else CORNERS[::-1]
    order = slice(None) if not mirrored else slice(None, None, -1)
    level = side[near, 1]
    x = side[near, 0] + (side[far, 0] - side[near, 0]) * along
    opening = gap_px * np.minimum(2 * along, 1)
    side[UPPER[order]] = np.stack([x, np.full_like(x, level)], axis=1)
    side[LOWER[order]] = np.stack([x, level + opening], axis=1)
    return Move(Basis.of(side), side, side)


def _swapped(mirrored: NDArray[np.float64]) -> NDArray[np.float64]:
    """The right eye's corners for the left one's, as a mirrored face has them."""
    result = mirrored.copy()
    for one, other in ((33, 263), (133, 362), (61, 291), (78, 308)):
        (a,), (b,) = places((one,)), places((other,))
        result[[a, b]] = result[[b, a]]
    return result


def _filled(move: Move) -> tuple[Frame, Frame]:
    frame = np.full((512, 512, 3), AIR, np.uint8)
    canvas = np.full((512, 512, 3), SKIN, np.uint8)
    before = canvas.copy()
    fill_profile(canvas, WHOLE, move, frame, LIGHT)
    return before, canvas


@pytest.mark.parametrize("mirrored", [False, True], ids=["to the right", "to the left"])
def test_the_mouth_is_dark_inside_and_open_to_the_air_in_front(mirrored: bool) -> None:
    move = _move(gap_px=24, mirrored=mirrored)
    _, canvas = _filled(move)
    near, _ = CORNERS[::-1] if mirrored else CORNERS
    columns = UPPER[::-1] if mirrored else UPPER
    inside = (move.target[columns[2]] + (0, 6)).astype(int)
    front = (move.target[columns[4]] + (0, 10)).astype(int)

    assert canvas[inside[1], inside[0]].max() < 80
    assert canvas[front[1], front[0]].tolist() == pytest.approx([AIR] * 3, abs=12)
    assert canvas[int(move.target[near, 1]) - 20, int(move.target[near, 0])].tolist() == [SKIN] * 3


def test_closed_lips_show_next_to_nothing() -> None:
    before, canvas = _filled(_move(gap_px=0.0))

    assert (np.abs(canvas.astype(int) - before).max(2) > 40).sum() < 30


def test_nothing_away_from_the_lips_changes() -> None:
    move = _move(gap_px=24)
    before, canvas = _filled(move)
    changed = (canvas != before).any(2)
    ring = np.concatenate([move.target[UPPER], move.target[LOWER], move.target[CORNERS]])
    near = np.zeros(changed.shape, np.uint8)
    cv2.fillPoly(near, [cv2.convexHull(ring.astype(np.int32))], 1)

    assert changed.any()
    assert not (changed & (cv2.dilate(near, np.ones((13, 13))) == 0)).any()
