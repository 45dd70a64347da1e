import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from engines.base import Frame
from engines.people.crops import LEFT_EYE_CORNER, RIGHT_EYE_CORNER
from engines.people.mesh import LIPS
from engines.people.occlusion import COLOURS, colours_of, covered
from tests.engines.people.portrait import landmarks, picture

pytestmark = pytest.mark.unit

FPS = 25.0
SHOT = np.zeros(50, np.int32)


def _unit() -> float:
    return float(np.linalg.norm(landmarks()[RIGHT_EYE_CORNER] - landmarks()[LEFT_EYE_CORNER]))


def _with(patch: Frame | int) -> Frame:
    """The portrait, with something before the mouth: a colour, or a piece of skin."""
    frame = picture().copy()
    low, high = landmarks()[LIPS, :].min(0) - 6, landmarks()[LIPS, :].max(0) + 10
    place = frame[int(low[1]) : int(high[1]), int(low[0]) : int(high[0])]
    place[:] = patch if isinstance(patch, int) else cv2.resize(patch, place.shape[1::-1])
    return frame


def _colours(frames: list[Frame]) -> NDArray[np.uint8]:
    return np.stack([colours_of(frame, landmarks(), _unit()) for frame in frames])


def _video(hidden: Frame, when: range) -> NDArray[np.uint8]:
    generator = np.random.default_rng(0)
    open_face, hidden_face = _colours([picture()])[0], _colours([hidden])[0]
    colours = np.stack([hidden_face if number in when else open_face for number in range(50)]).astype(int)
    return np.clip(colours + generator.integers(-4, 5, colours.shape), 0, 255).astype(np.uint8)


def _cheek() -> Frame:
    x, y = landmarks()[50].astype(int)
    return picture()[y - 8 : y + 8, x - 8 : x + 8]


@pytest.mark.parametrize("what", ["a grey box", "a black microphone", "a hand in its own shade"])
def test_what_is_before_the_mouth_is_told_with_its_time(what: str) -> None:
    hidden = _with({"a grey box": 128, "a black microphone": 20}.get(what, 0) or _cheek() // 2)
    frames = np.flatnonzero(covered(_video(hidden, range(20, 35)), SHOT, FPS))

    assert frames[0] in (18, 19, 20)
    assert frames[-1] in (34, 35, 36)
    assert len(frames) == frames[-1] - frames[0] + 1


def test_a_mouth_in_the_open_is_never_hidden() -> None:
    assert not covered(_video(picture(), range(0)), SHOT, FPS).any()


def test_light_that_changes_hides_nothing() -> None:
    lit = [np.clip(picture() * share, 0, 255).astype(np.uint8) for share in np.linspace(0.4, 1.1, 50)]

    assert not covered(_colours(lit), SHOT, FPS).any()


def test_a_short_shot_is_judged_by_the_others_of_the_person() -> None:
    shots = np.where(np.arange(50) < 15, 0, 1).astype(np.int32)

    assert covered(_video(_with(20), range(15)), shots, FPS)[:14].all()


def test_a_hand_that_leaves_for_a_moment_has_not_left() -> None:
    colours = _video(_with(128), range(10, 30))
    colours[18:21] = _colours([picture()])[0]

    assert covered(colours, SHOT, FPS)[10:30].all()


def test_where_no_face_is_nothing_is_hidden() -> None:
    nobody = np.full(50, -1, np.int32)

    assert not covered(np.zeros((50, COLOURS, 3), np.uint8), nobody, FPS).any()


def test_a_face_at_the_edge_of_the_picture_has_colours() -> None:
    aside = landmarks() - np.array([landmarks()[:, 0].max() - 30, 0], np.float32)

    assert colours_of(picture(), aside, _unit()).shape == (COLOURS, 3)
    assert not colours_of(picture(), aside - 2000, _unit()).any()
