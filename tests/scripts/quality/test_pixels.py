"""What the judge sees in pixels, on the repository's own portrait."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from engines.base import Frame
from engines.people.faces import FaceFinder, Landmarks
from engines.people.shape import KEPT
from engines.stills import read_still
from scripts.quality.pixels import changed_outside, look_at, untouched

pytestmark = pytest.mark.unit

PORTRAIT = Path(__file__).resolve().parents[3] / "samples" / "portrait.png"


@pytest.fixture(scope="module")
def portrait() -> Frame:
    return read_still(PORTRAIT, "source")


@pytest.fixture(scope="module")
def face(portrait: Frame) -> Landmarks:
    return FaceFinder(torch.device("cpu")).find(portrait)[0].landmarks


def test_a_blurred_mouth_is_less_sharp(portrait: Frame, face: Landmarks) -> None:
    blurred = np.asarray(cv2.GaussianBlur(portrait, (0, 0), 2), np.uint8)

    assert look_at(blurred, face).lips < 0.5 * look_at(portrait, face).lips


def test_a_change_of_the_mouth_is_allowed_and_one_of_the_brow_is_counted(portrait: Frame, face: Landmarks) -> None:
    kept = face[list(KEPT)].astype(np.float64)
    for index, expected in ((13, 0), (9, 1)):
        x, y = face[index].astype(int)
        drawn = portrait.copy()
        drawn[y, x] ^= 1
        assert changed_outside(portrait, drawn, kept) == expected


def test_where_there_is_no_face_nothing_may_change(portrait: Frame) -> None:
    drawn = portrait.copy()
    drawn[100:102, 100:103] ^= 1

    assert changed_outside(portrait, drawn, None) == 6


def test_most_of_a_picture_may_not_change(portrait: Frame, face: Landmarks) -> None:
    assert untouched(portrait, face[list(KEPT)].astype(np.float64)).mean() > 0.5


def test_skin_that_turns_darker_is_seen(portrait: Frame, face: Landmarks) -> None:
    darker = np.asarray(portrait * 0.9, np.uint8)
    own, now = (look_at(picture, face).skin for picture in (portrait, darker))

    assert np.all(now < 0.95 * own)


def test_a_face_that_moves_keeps_its_patch(portrait: Frame, face: Landmarks) -> None:
    moved = np.roll(portrait, (3, 5), axis=(0, 1))
    shifted = face + np.array([5, 3], np.float32)
    apart = np.abs(look_at(moved, shifted).patch - look_at(portrait, face).patch)

    assert apart.mean() < 1
