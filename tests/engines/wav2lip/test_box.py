import numpy as np
import pytest
from numpy.typing import NDArray

from engines.wav2lip.box import averaged, face_boxes, padded
from tests.engines.people.portrait import landmarks, points

pytestmark = pytest.mark.unit


def boxes_of(track: NDArray[np.float32], shots: list[int], size: int = 512) -> NDArray[np.int32]:
    return face_boxes(track, np.array(shots, np.int32), size, size)


def still(frames: int) -> NDArray[np.float32]:
    return np.repeat(points()[None].astype(np.float32), frames, axis=0)


def test_eyes_and_mouth_lie_in_the_box_where_the_detector_has_them() -> None:
    left, top, right, bottom = boxes_of(still(1), [0])[0].tolist()
    eyes, mouth = landmarks()[[33, 133, 263, 362]].mean(0), landmarks()[[61, 291]].mean(0)
    height = bottom - 10 - top
    assert (eyes[1] - top) / height == pytest.approx(0.40, abs=0.03)
    assert (mouth[1] - top) / height == pytest.approx(0.73, abs=0.04)
    assert (eyes[0] - left) / (right - left) == pytest.approx(0.5, abs=0.06)
    assert (landmarks()[:, 0] >= left - 2).all()
    assert (landmarks()[:, 0] <= right + 2).all()


def test_it_goes_ten_pixels_below_the_chin_at_any_size() -> None:
    for scale in (0.5, 1, 3):
        bottom = boxes_of(scale * still(1), [0], 2000)[0, 3]
        assert bottom - scale * landmarks()[152, 1] == pytest.approx(10, abs=3 * scale + 1)


def test_boxes_stay_within_the_picture() -> None:
    track = np.concatenate([still(1) - 300, still(1) + 400])
    boxes = boxes_of(track, [0, 1])
    assert boxes.min() >= 0
    assert boxes.max() <= 512
    assert boxes[0, 0] == 0
    assert boxes[1, 3] == 512


def test_frames_without_a_face_have_an_empty_box_and_count_in_no_mean() -> None:
    boxes = boxes_of(still(9), [0, 0, 0, -1, -2, 1, 1, 1, 1])
    assert not boxes[3:5].any()
    np.testing.assert_array_equal(boxes[[0, 1, 2, 5, 8]], np.repeat(boxes_of(still(1), [0]), 5, axis=0))


def test_no_mean_is_taken_over_a_cut() -> None:
    track = np.concatenate([still(6), still(6) + 100])
    boxes = boxes_of(track, [0] * 6 + [1] * 6, 1000)
    assert len(np.unique(boxes[:6], axis=0)) == 1
    np.testing.assert_array_equal(boxes[6:], boxes[:6] + 100)


def test_padding_is_the_public_codes() -> None:
    given = np.array([[-5, -3, 90, 95], [10, 20, 110, 85]], np.int32)
    np.testing.assert_array_equal(padded(given, 100, 100), [[0, 0, 90, 100], [10, 20, 100, 95]])


def test_means_are_the_public_codes_to_the_last_boxes() -> None:
    given = np.random.default_rng(2).integers(0, 400, (13, 4)).astype(np.int32)
    expected = given.copy()
    for number in range(13):
        window = expected[8:] if number + 5 > 13 else expected[number : number + 5]
        expected[number] = np.mean(window, axis=0)
    np.testing.assert_array_equal(averaged(given), expected)


def test_fewer_boxes_than_a_mean_takes_are_all_it_takes() -> None:
    np.testing.assert_array_equal(averaged(np.array([[0, 0, 10, 10]], np.int32)), [[0, 0, 10, 10]])
    assert averaged(np.array([[0] * 4, [10] * 4], np.int32))[0].tolist() == [5] * 4
