import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from engines.articulate.sway import COLUMNS, reach_of, sway_track, swayed
from engines.enhance import Oval
from engines.people.shape import oval_of
from tests.engines.people.portrait import picture, points

pytestmark = pytest.mark.unit

FPS = 25.0


def _loudness(frames: int) -> NDArray[np.float32]:
    return np.clip(np.sin(np.arange(frames) / 4), 0, 1).astype(np.float32)


def _track(seed: int, frames: int = 750, speaker: int = 0) -> NDArray[np.float32]:
    return sway_track(seed, speaker, frames, FPS, _loudness(frames))


def test_a_head_sways_by_one_or_two_percent_of_the_face() -> None:
    most = np.abs(np.concatenate([_track(seed) for seed in range(8)])[:, :2]).max(0)

    assert 0.01 < most[0] < 0.02
    assert 0.01 < most[1] < 0.025


def test_it_moves_slowly_and_begins_from_rest() -> None:
    track = _track(1)

    assert np.abs(track[0]).max() < 1e-4
    assert np.abs(np.diff(track[:, :2], axis=0)).max() < 0.004
    assert np.abs(np.diff(track[:, :2], 2, axis=0)).max() < 0.002


def test_it_nods_with_loud_syllables() -> None:
    still = sway_track(1, 0, 750, FPS, np.zeros(750, np.float32))
    nods = _track(1)[:, 1] - still[:, 1]

    assert nods.max() > 0.003
    assert nods.min() > -1e-6
    assert np.array_equal(_track(1)[:, 0], still[:, 0])


def test_the_seed_and_the_speaker_decide() -> None:
    assert np.array_equal(_track(3), _track(3))
    assert not np.array_equal(_track(3), _track(4))
    assert not np.array_equal(_track(3), _track(3, speaker=1))


def test_the_picture_s_edges_stay() -> None:
    head = oval_of(points())
    reach, share = reach_of(picture(), head, [])
    moved = swayed(picture(), head, reach, np.array([0.02, -0.02, 0.01], np.float32))

    assert share > 0.3
    for edge in (np.s_[0], np.s_[-1], np.s_[:, 0], np.s_[:, -1]):
        assert np.array_equal(moved[edge], picture()[edge])
    assert (moved != picture()).any(-1).mean() > 0.1


def test_the_face_moves_as_it_is_told() -> None:
    head = oval_of(points())
    reach, _ = reach_of(picture(), head, [])
    moved = swayed(picture(), head, reach, np.array([0.02, 0.0, 0.0], np.float32))
    x, y = head.middle.astype(int)
    ours, theirs = (
        cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)[y - 32 : y + 32, x - 32 : x + 32].astype(np.float32)
        for frame in (picture(), moved)
    )
    (shift, _), _ = cv2.phaseCorrelate(ours, theirs)

    assert shift == pytest.approx(0.02 * 2 * np.linalg.norm(head.down), rel=0.25)


def test_a_head_that_does_not_move_leaves_the_picture_as_it_is() -> None:
    head = oval_of(points())
    reach, _ = reach_of(picture(), head, [])

    assert swayed(picture(), head, reach, np.zeros(COLUMNS, np.float32)) is picture()


def _detail(frame: NDArray[np.uint8], head: Oval) -> float:
    x, y = head.middle.astype(int)
    half = int(0.6 * np.linalg.norm(head.down))
    luma = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)[y - half : y + half, x - half : x + half]
    return float(cv2.Laplacian(luma, cv2.CV_32F).var())


def test_a_swaying_face_stays_as_sharp_as_it_was() -> None:
    head = oval_of(points())
    reach, _ = reach_of(picture(), head, [])
    sharpness = [_detail(swayed(picture(), head, reach, row), head) for row in 0.6 * _track(5, 250)[25::5]]
    sharpness = [value / _detail(picture(), head) for value in sharpness]

    assert 0.93 < np.mean(sharpness) < 1.07
    assert min(sharpness) > 0.8
    assert max(sharpness) < 1.2


def test_other_faces_stay_still() -> None:
    head = oval_of(points())
    other = Oval(middle=head.middle + np.array([-150.0, 0.0]), across=head.across, down=head.down, unit=head.unit)
    reach, share = reach_of(picture(), head, [other])
    nodes = (other.middle / reach.step).astype(int)

    assert share > 0
    assert reach.weights[nodes[1], nodes[0]] == 0


def test_heads_that_touch_or_are_cut_off_keep_still() -> None:
    head = oval_of(points())
    beside = Oval(middle=head.middle + 1.9 * head.across, across=head.across, down=head.down, unit=head.unit)
    cut = picture()[:, int(head.middle[0]) :]
    moved = Oval(
        middle=head.middle - np.array([int(head.middle[0]), 0.0]), across=head.across, down=head.down, unit=head.unit
    )

    assert reach_of(picture(), head, [beside])[1] == 0
    assert reach_of(np.ascontiguousarray(cut), moved, [])[1] == 0
