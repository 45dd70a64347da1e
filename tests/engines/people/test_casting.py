"""Who speaks: which face is picked for which voice."""

from dataclasses import replace

import numpy as np
import pytest

from contracts.errors import InputError, NoFace, TooFewFaces
from contracts.jobs import FaceChoice, Side
from engines.people.casting import admit_by, pick_of, too_few
from engines.people.faces import Face
from tests.engines.people.portrait import landmarks

pytestmark = pytest.mark.unit

SIDES = (Side.LEFT, Side.RIGHT)


def _face(x: float) -> Face:
    landmarks = np.full((468, 2), (x, 50.0), np.float32)
    return Face(box=(x - 10, 40, x + 10, 60), score=1.0, landmarks=landmarks)


def test_the_two_most_prominent_faces_speak_from_left_to_right() -> None:
    faces = [_face(300), _face(100), _face(10)]

    assert [pick_of(side, 2, 400)(faces) for side in SIDES] == [faces[1], faces[0]]


@pytest.mark.parametrize(("x", "side"), [(100, Side.LEFT), (300, Side.RIGHT)])
def test_a_face_alone_belongs_to_its_half_of_the_picture(x: float, side: Side) -> None:
    found = {who: pick_of(who, 2, 400)([_face(x)]) for who in SIDES}

    assert [who for who, face in found.items() if face] == [side]


def test_a_single_voice_is_the_most_prominent_faces() -> None:
    faces = [_face(300), _face(100)]

    assert pick_of(Side.ONLY, 1, 400)(faces) is faces[0]
    assert pick_of(Side.ONLY, 1, 400)([]) is None


@pytest.mark.parametrize(("choice", "chosen"), [(FaceChoice.LEFT, 1), (FaceChoice.RIGHT, 0)])
@pytest.mark.parametrize("is_portrait", [False, True])
def test_where_nobody_can_be_driven_the_one_furthest_to_the_side_is_followed(
    choice: FaceChoice, chosen: int, is_portrait: bool
) -> None:
    faces = [replace(_face(x), landmarks=landmarks() * np.float32(0.02) + np.float32(x)) for x in (300, 100)]

    assert pick_of(Side.ONLY, 1, 400, choice, is_portrait=is_portrait)(faces) is faces[chosen]
    assert pick_of(Side.ONLY, 1, 400, choice, is_portrait=is_portrait)([]) is None


def test_a_mask_admits_faces_whose_mouths_are_in_its_bright_part() -> None:
    mask = np.zeros((100, 400), np.uint8)
    mask[:, 200:] = 255
    admit = admit_by(mask)

    assert [admit(_face(x)) for x in (-50, 100, 300, 500)] == [False, False, True, False]
    assert admit_by(None)(_face(-50))


@pytest.mark.parametrize(
    ("able", "masked", "kind", "message"),
    [
        ([False], False, NoFace, "no face was found"),
        ([False], True, NoFace, "no face was found where the mask is bright"),
        ([True, False], False, TooFewFaces, "one face was found for two voices"),
        ([False, False], True, TooFewFaces, "no faces were found where the mask is bright for two voices"),
    ],
)
def test_too_few_faces_are_told_with_their_cause(
    able: list[bool], masked: bool, kind: type[InputError], message: str
) -> None:
    fault = too_few(able, "found", masked=masked)

    assert (type(fault), fault.message) == (kind, message)
    assert ("mask" in fault.remedy) == masked
