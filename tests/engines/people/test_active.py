"""Who speaks: told by the lips, chosen by place, kept through cuts."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from contracts.jobs import FaceChoice
from engines.people.active import speaker_among, speech_of
from engines.people.bank import Bank
from engines.people.identity import Likeness
from engines.people.light import COLUMNS
from engines.people.occlusion import COLOURS
from engines.people.shape import LOWER_INNER, LOWER_OUTER, places
from engines.people.watch import ANOTHER, NOBODY, Track, Watched
from tests.engines.people.portrait import points

pytestmark = pytest.mark.unit

FPS, WIDTH = 25.0, 1000
LOWER = places((*LOWER_INNER, *LOWER_OUTER))
TALK = 4 * (1 + np.sin(np.arange(100) * 2 * np.pi * 4 / FPS))
STILL = np.zeros(100)


def _likeness(person: int) -> Likeness:
    shape = np.random.default_rng(person).normal(size=(60, 3))
    return Likeness(shape / np.linalg.norm(shape), np.log(np.array([200.0, 150.0, 130.0])))


def _track(
    x: float, lips_px: NDArray[np.float64], shots: NDArray[np.int32] | None = None, people: tuple[int, ...] = (0,)
) -> Track:
    """The portrait's face, moved so far right, whose lower lip goes down so far in each of 100 frames."""
    shots = np.zeros(100, np.int32) if shots is None else shots
    seen = np.repeat(points()[None] + np.array([x, 0.0]), 100, axis=0)
    seen[:, LOWER, 1] += lips_px[:, None]
    numbers = np.flatnonzero(shots >= 0)[::10].astype(np.int32)
    watched = Watched(
        points=seen.astype(np.float32),
        shots=shots,
        light=np.full((100, COLUMNS), x, np.float32),
        contrast=np.full(100, x, np.float32),
        clear=np.ones(100, np.float32),
        bank=Bank(
            number=numbers,
            place=np.tile(np.array([round(x), 0, 2, 1], np.int32), (len(numbers), 1)),
            pixels=np.full(6 * len(numbers), round(x) % 256, np.uint8),
        ),
        fps=FPS,
    )
    colours = np.zeros((100, COLOURS, 3), np.uint8)
    return Track(watched=watched, colours=colours, likenesses=dict(enumerate(map(_likeness, people))))


def _middle(track: Track) -> NDArray[np.float64]:
    """Where the speaker is in each frame."""
    return np.asarray(track.watched.light[:, 0], np.float64)


def test_lips_that_talk_are_told_from_lips_that_smile_slowly() -> None:
    talk, smile = 0.03 * np.sin(np.arange(100) * 2 * np.pi * 4 / FPS), 0.03 * np.sin(np.arange(100) * 2 * np.pi / 100)

    assert speech_of(talk, 100, FPS) > 0.2
    assert speech_of(smile, 100, FPS) < 0.05
    assert speech_of(np.zeros(100), 100, FPS) == speech_of(talk[:3], 100, FPS) == 0


def test_who_moves_the_lips_speaks_though_another_is_as_large() -> None:
    listener, talker = _track(0, STILL), _track(300, TALK, people=(1,))

    assert (_middle(speaker_among([listener, talker], FaceChoice.ACTIVE, WIDTH)) == 300).all()
    assert speaker_among([talker, listener], FaceChoice.ACTIVE, WIDTH).watched.points is talker.watched.points


@pytest.mark.parametrize(("choice", "x"), [(FaceChoice.LEFT, 0), (FaceChoice.RIGHT, 300), (FaceChoice.LARGEST, 0)])
def test_a_face_can_be_chosen_whoever_talks(choice: FaceChoice, x: float) -> None:
    large = _track(0, STILL)
    small = _track(300, TALK, people=(1,))
    shrunk = replace(small, watched=replace(small.watched, points=small.watched.points * 0.9))

    assert (_middle(speaker_among([large, shrunk], choice, WIDTH)) == x).all()


def test_only_the_speaker_is_kept_where_shots_show_others_in_their_place() -> None:
    shots = np.repeat(np.array([0, 1, 2, NOBODY], np.int32), 25)
    chosen = speaker_among([_track(0, TALK, shots, (1, 2, 1))], FaceChoice.ACTIVE, WIDTH).watched

    assert chosen.shots.tolist() == [0] * 25 + [ANOTHER] * 25 + [1] * 25 + [NOBODY] * 25
    assert not (np.isin(chosen.bank.number, np.arange(25, 50))).any()


def test_a_speaker_is_followed_from_track_to_track() -> None:
    halves = np.repeat(np.array([0, 1], np.int32), 50)
    one, other = _track(10, TALK, halves, (1, 2)), _track(20, STILL, halves, (3, 1))
    chosen = speaker_among([one, other], FaceChoice.ACTIVE, WIDTH)

    assert (_middle(chosen)[:50] == 10).all()
    assert (_middle(chosen)[50:] == 20).all()
    assert chosen.watched.shots.tolist() == [0] * 50 + [1] * 50
    for index, number in enumerate(chosen.watched.bank.number):
        assert (chosen.watched.bank.picture(index) == (10 if number < 50 else 20)).all()


def test_in_flickering_light_where_each_frame_is_a_shot_people_stay_who_they_are() -> None:
    shots = np.arange(100, dtype=np.int32)
    large, small = _track(10, STILL, shots, (1, 2) * 50), _track(20, STILL, shots, (2, 1) * 50)
    shrunk = replace(small, watched=replace(small.watched, points=small.watched.points * 0.9))
    chosen = speaker_among([large, shrunk], FaceChoice.ACTIVE, WIDTH)

    assert np.array_equal(_middle(chosen), np.tile([10.0, 20.0], 50))


@pytest.mark.parametrize("choice", [FaceChoice.ACTIVE, FaceChoice.LEFT])
def test_a_speaker_in_a_shot_in_which_they_cannot_be_driven_is_nobody_else(choice: FaceChoice) -> None:
    halves = np.repeat(np.array([0, 1], np.int32), 50)
    alone = _track(0, TALK, halves, (1, 1))
    far = alone.watched.points * np.where(halves == 1, 0.1, 1).astype(np.float32)[:, None, None]
    chosen = speaker_among([replace(alone, watched=replace(alone.watched, points=far))], choice, WIDTH)

    assert chosen.watched.shots.tolist() == halves.tolist()


def test_who_can_be_driven_comes_before_who_is_further_to_the_side() -> None:
    near, far = _track(300, STILL), _track(0, STILL, people=(1,))
    far = replace(far, watched=replace(far.watched, points=far.watched.points * np.float32(0.1)))

    assert (_middle(speaker_among([near, far], FaceChoice.LEFT, WIDTH)) == 300).all()


def test_nobody_can_be_chosen_of_nobody() -> None:
    nobody = _track(0, STILL, np.full(100, NOBODY, np.int32), ())

    assert speaker_among([nobody, nobody], FaceChoice.ACTIVE, WIDTH) is nobody
