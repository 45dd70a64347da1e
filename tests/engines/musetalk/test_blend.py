"""Faces put back: as the public code does through the same mask; and where our own mask lies."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from engines.base import Frame
from engines.inpainting.paste import lay, soft_mask
from engines.inpainting.region import lower_faces
from engines.musetalk.geometry import face_boxes
from engines.musetalk.latents import SIDE
from tests.engines.people.portrait import points

pytestmark = pytest.mark.unit

Box = tuple[int, int, int, int]
#: Half axes and middle, of 512, of the ellipse that stands for a parsed face in the reference, measured in its picture.
_ACROSS, _DOWN, _MIDDLE = 168, 213, (256, 263)


def references_mask(box: Box) -> tuple[NDArray[np.float32], int, int]:
    """The public code's mask for the reference's parsed face, and where in the picture it begins.

    A square about the box, half as large again, is parsed; of the face in it the box's lower half is taken and blurred.
    """
    left, top, right, bottom = box
    reach = int(max(right - left, bottom - top) // 2 * 1.5)
    x, y, side = (left + right) // 2 - reach, (top + bottom) // 2 - reach, 2 * reach
    parsed = np.zeros((512, 512), np.uint8)
    cv2.ellipse(parsed, _MIDDLE, (_ACROSS, _DOWN), 0, 0, 360, 255, -1)
    face = cv2.resize(parsed, (side, side), interpolation=cv2.INTER_AREA)
    mask = np.zeros((side, side), np.uint8)
    inside = np.s_[max(top - y, reach) : bottom - y, left - x : right - x]
    mask[inside] = face[inside]
    blur = int(0.05 * side // 2 * 2) + 1
    blurred = cv2.GaussianBlur(mask, (blur, blur), 0)
    return np.asarray(blurred / 255, np.float32), x, y


def laid(picture: Frame, face: Frame, box: Box) -> Frame:
    """The face in the box of a picture, by our own code through the public code's mask."""
    left, top, right, bottom = box
    mask, x, y = references_mask(box)
    result = picture.copy()
    share = np.ascontiguousarray(mask[top - y : bottom - y, left - x : right - x])
    lay(result[top:bottom, left:right], np.asarray(cv2.resize(face, (right - left, bottom - top)), np.uint8), share)
    return result


@pytest.mark.parametrize(("name", "box"), [("out", (230, 120, 410, 330)), ("out_edge", (0, 10, 150, 180))])
def test_a_face_laid_through_the_public_codes_mask_looks_as_it_does_there(name: str, box: Box, parity: Path) -> None:
    reference = np.load(parity / "musetalk_blend.npz")

    made = laid(reference["img"], reference["face"], box)

    differing = np.abs(made.astype(int) - reference[name])
    # Along the ellipse's edge, which is known from the picture alone, some values differ by two.
    assert (differing > 1).sum() <= 50
    assert differing.max() <= 2
    above = slice(0, (box[1] + box[3]) // 2 - 10)
    assert (made[above] == reference["img"][above]).all()


def test_our_own_mask_changes_the_jaw_and_the_lips_and_no_more_than_the_lower_half() -> None:
    face = points()[None].astype(np.float32)
    (box,), (outline,) = face_boxes(face, np.zeros(1, np.int32), 25.0, 512, 512), lower_faces(face)

    mask = soft_mask(outline, box, SIDE)

    assert mask[: SIDE // 2 - 8].max() < 0.01
    assert mask[int(0.8 * SIDE), SIDE // 2] > 0.99, "the mouth"
    assert max(mask[0].max(), mask[-1].max(), mask[:, 0].max(), mask[:, -1].max()) == 0
    assert 0.1 < mask.mean() < 0.4
