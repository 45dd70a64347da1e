from collections.abc import Callable

import cv2
import numpy as np
import pytest

from engines.base import Frame
from engines.inpainting.paste import Place, matched, paste, soft_mask

pytestmark = pytest.mark.unit

_BOX = np.array([40, 30, 140, 150], np.int32)
_OUTLINE = np.array([[55, 95], [125, 95], [118, 140], [62, 140]], np.float32)


def place(strength: float = 1.0, grain: float = 0.0, source: int = 0) -> Place:
    return Place(box=_BOX, outline=_OUTLINE, strength=strength, grain=grain, number=source)


def smooth_picture() -> Frame:
    rows, columns = np.mgrid[:200, :180]
    shade = 110 + 30 * np.sin(rows / 40) + 20 * np.cos(columns / 30)
    return np.asarray(np.clip(shade[..., None] + np.array([30, 0, -20]), 0, 255), np.uint8)


def cut_of(picture: Frame, side: int = 96) -> Frame:
    return np.asarray(cv2.resize(picture[30:150, 40:140], (side, side)), np.uint8)


def pasted(picture: Frame, face: Frame, where: Place) -> Frame:
    result = picture.copy()
    paste(result, face, cut_of(picture, len(face)), where)
    return result


def test_no_pixel_outside_the_box_and_none_of_its_upper_half_changes() -> None:
    picture = smooth_picture()
    changed = np.any(pasted(picture, np.zeros((96, 96, 3), np.uint8), place()) != picture, axis=2)
    assert changed[95:140, 55:125].mean() > 0.9
    changed[80:150, 40:140] = False
    assert not changed.any()


def test_the_edges_of_the_box_keep_the_source() -> None:
    everything = Place(
        box=_BOX,
        outline=np.array([[0, 0], [180, 0], [180, 200], [0, 200]], np.float32),
        strength=1.0,
        grain=0.0,
        number=0,
    )
    picture = smooth_picture()
    made = pasted(picture, np.full((96, 96, 3), 255, np.uint8), everything)
    np.testing.assert_array_equal(made[30], picture[30])
    np.testing.assert_array_equal(made[149], picture[149])
    np.testing.assert_array_equal(made[30:150, 40], picture[30:150, 40])
    np.testing.assert_array_equal(made[30:150, 139], picture[30:150, 139])


def test_within_the_mask_the_face_lies_where_scaling_it_to_the_box_puts_it() -> None:
    picture = smooth_picture()
    face = cut_of(picture)
    face[70:80, 40:56] = (250, 20, 20)
    made = pasted(picture, face, place()).astype(int)
    plain = np.asarray(cv2.resize(face, (100, 120)), int)
    assert np.abs(made[105:132, 70:110] - plain[75:102, 30:70]).max() <= 2


@pytest.mark.parametrize("side", [96, 256])
def test_the_mask_of_an_outline_in_the_middle_is_in_the_middle(side: int) -> None:
    middle = np.array([[70, 66], [110, 66], [110, 114], [70, 114]], np.float32)
    mask = soft_mask(middle, _BOX, side)
    np.testing.assert_allclose(mask, mask[::-1, ::-1], atol=0.02)


def test_a_face_of_another_shade_takes_the_shade_around_it() -> None:
    picture = smooth_picture()
    face = np.clip(cut_of(picture).astype(int) + np.array([18, -12, 9]), 0, 255).astype(np.uint8)
    made = pasted(picture, face, place()).astype(int)
    assert np.abs(made - picture.astype(int)).max() <= 3


def test_what_differs_too_much_to_be_skin_moves_no_colours() -> None:
    face = np.full((96, 96, 3), 128, np.uint8)
    cut = face.copy()
    cut[:, :48] = 250
    mask = soft_mask(_OUTLINE, _BOX, 96)
    np.testing.assert_array_equal(matched(face, cut, mask), face)


def test_matching_does_not_raise_noise() -> None:
    noise = np.random.default_rng(1).normal(0, 8, (96, 96, 3))
    face = np.clip(90 + noise, 0, 255).astype(np.uint8)
    cut = np.full((96, 96, 3), 110, np.uint8)
    made = matched(face, cut, soft_mask(_OUTLINE, _BOX, 96))
    inside = slice(60, 85), slice(30, 66)
    assert made[inside].mean() == pytest.approx(110, abs=2.5)
    assert made[inside].std() <= face[inside].std() * 1.03


def test_half_the_strength_is_half_the_change() -> None:
    picture = smooth_picture()
    face = cut_of(picture)
    face[60:85, 30:66] //= 2
    whole = pasted(picture, face, place()).astype(int) - picture
    half = pasted(picture, face, place(strength=0.5)).astype(int) - picture
    assert np.abs(whole - 2 * half).max() <= 2


@pytest.mark.parametrize("measure", [np.mean, np.std], ids=["mean", "deviation"])
def test_a_grainy_picture_gets_a_grainy_face(measure: Callable[[Frame], float]) -> None:
    picture = np.full((200, 180, 3), 120, np.uint8)
    face = np.full((96, 96, 3), 120, np.uint8)
    made = pasted(picture, face, place(grain=0.02))[105:132, 70:110]
    assert measure(made[..., 1]) == pytest.approx({np.mean: 120, np.std: 5.1}[measure], rel=0.1)


def test_grain_differs_between_source_frames_and_not_between_runs() -> None:
    picture = np.full((200, 180, 3), 120, np.uint8)
    face = np.full((96, 96, 3), 120, np.uint8)
    first, second, again = (pasted(picture, face, place(grain=0.02, source=source)) for source in (4, 5, 4))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, second)
