"""Pointing at a face: the one that is meant speaks, and where there is none that is said."""

from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from contracts.errors import NoFace
from contracts.jobs import FacePoint, OutputOptions, Side
from engines.base import Direction, Frame, Speech, Spot, Timeline
from engines.media import VideoSource
from engines.people.cast import Speaker, cast
from engines.people.faces import FaceFinder
from engines.people.spot import Box, nearest
from engines.stills import read_still
from engines.timeline import spot_of, video_timeline
from tests.engines.people.portrait import picture

pytestmark = pytest.mark.unit

FPS = Fraction(25)
SIDE_PX = 320


@lru_cache
def finder() -> FaceFinder:
    return FaceFinder(torch.device("cpu"))


@lru_cache
def person() -> Frame:
    return np.asarray(cv2.resize(picture(), (SIDE_PX, SIDE_PX), interpolation=cv2.INTER_AREA), np.uint8)


def row(*people: Frame) -> Frame:
    return np.ascontiguousarray(np.concatenate(people, axis=1))


def three() -> Frame:
    return row(person(), person()[:, ::-1], person())


def nobody() -> Frame:
    return np.full_like(person(), 120)


def _timeline(frames: Sequence[Frame], *, is_portrait: bool = False) -> Timeline:
    height, width = frames[0].shape[:2]
    index = np.arange(len(frames), dtype=np.int32)
    return Timeline(fps=FPS, source_fps=FPS, width=width, height=height, source_index=index, is_portrait=is_portrait)


def _speaker(
    frames: Sequence[Frame], point: FacePoint, *, is_portrait: bool = False, mask: Frame | None = None
) -> Speaker:
    timeline = _timeline(frames, is_portrait=is_portrait)
    times_s = None if is_portrait else np.arange(len(frames)) / float(FPS)
    spot = spot_of(point, (timeline.width, timeline.height), timeline, times_s)
    voice = Speech(samples=np.zeros(16000, np.float32), rate=16000, side=Side.ONLY)
    direction = Direction(face=point, spot=spot, mask=mask)
    (speaker,) = cast(finder(), frames, [voice], timeline, direction, lambda _done: None, keep_mouths=False)
    return speaker


def _middles(speaker: Speaker) -> list[int]:
    """Which of the squares in a row the speaker is in, frame by frame; -1 where nobody is."""
    squares = speaker.watched.points[..., 0].mean(-1) // SIDE_PX
    return [int(square) if shot >= 0 else -1 for square, shot in zip(squares, speaker.watched.shots, strict=True)]


def at(x: float, y: float = 0.24, at_s: float = 0.0) -> FacePoint:
    return FacePoint(x=x, y=y, at_s=at_s, field="formState.face")


@pytest.mark.parametrize(("x", "square"), [(0.17, 0), (0.5, 1), (0.83, 2)])
def test_of_three_in_a_picture_each_can_be_chosen(x: float, square: int) -> None:
    assert _middles(_speaker([three()], at(x), is_portrait=True)) == [square]


@pytest.mark.parametrize(("x", "square"), [(0.17, 0), (0.5, 1), (0.83, 2)])
def test_of_three_in_a_video_each_can_be_chosen(x: float, square: int) -> None:
    assert _middles(_speaker([three()] * 12, at(x))) == [square] * 12


def test_who_is_pointed_at_later_is_followed_from_the_first_frame_on() -> None:
    speaker = _speaker([three()] * 12, at(0.5, at_s=0.32))

    assert _middles(speaker) == [1] * 12


def test_the_place_counts_at_its_time_alone() -> None:
    before, after = row(person(), nobody(), nobody()), row(nobody(), person()[:, ::-1], nobody())
    speaker = _speaker([before] * 8 + [after] * 8, at(0.5, at_s=0.4))

    assert set(_middles(speaker)[8:]) == {1}
    with pytest.raises(NoFace, match=r"no face is near x 0\.50, y 0\.24 at 0\.00 s"):
        _speaker([before] * 8 + [after] * 8, at(0.5))


def test_a_time_after_the_end_is_that_of_the_last_frame() -> None:
    before, after = row(person(), nobody()), row(nobody(), person())
    speaker = _speaker([before] * 6 + [after] * 6, at(0.75, at_s=60))

    assert set(_middles(speaker)[6:]) == {1}


def test_a_small_face_beside_a_large_one_can_be_chosen() -> None:
    wide = np.full((640, 1280, 3), 120, np.uint8)
    wide[:, :640] = cv2.resize(picture(), (640, 640))
    wide[200:440, 960:1200] = cv2.resize(picture(), (240, 240), interpolation=cv2.INTER_AREA)
    speaker = _speaker([wide] * 3, at(1080 / 1280, 260 / 640))

    assert (speaker.watched.points[..., 0].mean(-1) > 900).all()


def test_where_no_face_is_near_it_is_said_where_there_are_some() -> None:
    with pytest.raises(NoFace, match=r"no face is near x 0\.50, y 0\.90") as fault:
        _speaker([row(person(), nobody(), person())], at(0.5, 0.9), is_portrait=True)

    assert fault.value.field == "formState.face"
    assert "those that are seen are at x 0.1" in fault.value.message
    assert "POST /api/v1/inspect" in fault.value.remedy


def test_where_nobody_is_seen_that_is_said() -> None:
    with pytest.raises(NoFace, match="none is seen there") as fault:
        _speaker([row(nobody(), nobody())] * 3, at(0.5))

    assert fault.value.field == "formState.face"


def test_a_face_that_is_too_small_to_be_driven_is_refused_with_its_size() -> None:
    frame = np.full((512, 1024, 3), 120, np.uint8)
    frame[:, :512] = picture()
    frame[200:360, 700:860] = cv2.resize(picture(), (160, 160), interpolation=cv2.INTER_AREA)
    with pytest.raises(NoFace, match=r"its eyes are \d+ pixels apart in the output, 22 are the least") as fault:
        _speaker([frame], at(780 / 1024, 240 / 512), is_portrait=True)

    assert fault.value.field == "formState.face"


def test_a_face_that_the_mask_covers_is_refused() -> None:
    mask = np.zeros((SIDE_PX, 3 * SIDE_PX), np.uint8)
    mask[:, :SIDE_PX] = 255
    with pytest.raises(NoFace, match="is not where the mask is bright") as fault:
        _speaker([three()], at(0.5), is_portrait=True, mask=mask)

    assert fault.value.field == "formState.face"
    assert _middles(_speaker([three()], at(0.17), is_portrait=True, mask=mask)) == [0]


def _spot(x: float, y: float) -> Spot:
    return Spot(x=x, y=y, frame=0, left=0, top=0, width=100, height=100, time_s=None, field="face")


BOXES: list[Box] = [(0, 0, 40, 40), (30, 0, 70, 40), (80, 80, 90, 90)]


@pytest.mark.parametrize(
    ("place", "index"),
    [
        ((10, 10), 0),
        ((34, 20), 0),
        ((36, 20), 1),
        ((20, 55), 0),
        ((85, 93), 2),
        ((85, 99), 2),
        ((85, 101), None),
        ((10, 95), None),
    ],
)
def test_a_face_that_holds_the_place_comes_before_one_beside_it_and_none_is_taken_from_afar(
    place: tuple[float, float], index: int | None
) -> None:
    assert nearest(_spot(*place), BOXES) == index


def test_a_place_is_found_between_the_bars_of_an_output_of_another_shape() -> None:
    options = OutputOptions(width_px=200, height_px=200)
    timeline = video_timeline((400, 200), np.arange(10) / 25, 0.4, FPS, 0.4, options)
    spot = spot_of(at(0.25, 0.5, 0.13), (400, 200), timeline, np.arange(10) / 25)

    assert (spot.x, spot.y, spot.frame, spot.time_s) == (50, 100, 3, 0.12)
    assert (spot.left, spot.top, spot.width, spot.height) == (0, 50, 200, 100)
    assert spot.fractions(spot.x, spot.y) == (0.25, 0.5)


def test_each_of_six_in_a_photograph_can_be_chosen(shared_media: Path) -> None:
    photo = read_still(shared_media / "img" / "group_many_faces.jpg")
    height, width = photo.shape[:2]
    faces = finder().find(photo)
    for face in faces:
        x, y = (face.box[0] + face.box[2]) / 2 / width, (face.box[1] + face.box[3]) / 2 / height
        speaker = _speaker([photo], at(x, y), is_portrait=True)
        left, top, right, bottom = face.box
        middle_x, middle_y = speaker.watched.points[0].mean(0)
        assert left < middle_x < right
        assert top < middle_y < bottom
    assert len(faces) == 6


@pytest.mark.parametrize(("x", "is_left"), [(0.25, True), (0.75, False)])
@pytest.mark.parametrize("at_s", [0.0, 1.0])
def test_either_of_two_people_on_film_is_followed_throughout(
    shared_media: Path, x: float, is_left: bool, at_s: float
) -> None:
    video = VideoSource(shared_media / "derived" / "two_faces_side_by_side_960x480.mp4")
    frames = list(video.frames_at(range(50), video.size))
    speaker = _speaker(frames, at(x, 0.45, at_s))

    assert (speaker.watched.shots >= 0).all()
    assert ((speaker.watched.points[..., 0].mean(-1) < 480) == is_left).all()
