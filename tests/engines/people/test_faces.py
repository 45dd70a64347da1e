"""Faces in pictures and through videos."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
import torch

from engines.base import Frame
from engines.people.faces import Face, FaceFinder, inter_ocular_px
from tests.engines.drawn_face import drawn_face
from tests.engines.people.portrait import picture

pytestmark = pytest.mark.unit

EMPTY: Frame = np.full((480, 480, 3), 120, np.uint8)
UPPER_LIP, LOWER_LIP = 13, 14


@pytest.fixture(scope="module")
def finder() -> FaceFinder:
    return FaceFinder(torch.device("cpu"))


def gap(face: Face) -> float:
    return float(np.linalg.norm(face.landmarks[UPPER_LIP] - face.landmarks[LOWER_LIP]))


def presence(faces: Iterable[Face | None]) -> str:
    return "".join("-" if face is None else "x" for face in faces)


def video(path: Path, start: int, stop: int) -> Iterator[Frame]:
    with av.open(str(path)) as container:
        for frame in islice(container.decode(video=0), start, stop):
            yield frame.to_ndarray(format="rgb24")


# One picture


def test_a_face_is_found_with_its_size_and_place(finder: FaceFinder) -> None:
    (face,) = finder.find(drawn_face())
    assert face.landmarks.shape == (468, 2)
    assert face.landmarks.dtype == np.float32
    assert face.score > 0.9
    assert inter_ocular_px(face.landmarks) == pytest.approx(117, abs=4)
    assert face.landmarks[:, 0].mean() == pytest.approx(240, abs=4)


def test_lips_open_as_far_as_they_are_drawn(finder: FaceFinder) -> None:
    closed, ajar = (finder.find(drawn_face(opening=opening))[0] for opening in (0, 14))
    assert gap(closed) < 3
    assert gap(ajar) == pytest.approx(15, abs=3)


@pytest.mark.parametrize("angle", [-1.0, -0.5, 0.5, 1.0])
def test_a_tilted_head_is_measured_like_an_upright_one(finder: FaceFinder, angle: float) -> None:
    (face,) = finder.find(drawn_face(angle=angle, scale=0.8))
    eyes = face.landmarks[263] - face.landmarks[33]
    assert np.arctan2(eyes[1], eyes[0]) == pytest.approx(angle, abs=0.05)
    assert inter_ocular_px(face.landmarks) == pytest.approx(0.8 * 117, rel=0.05)


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_a_face_on_its_side_or_head_is_measured_like_an_upright_one(finder: FaceFinder, quarters: int) -> None:
    upright = finder.find(picture())[0]
    (face,) = finder.find(np.ascontiguousarray(np.rot90(picture(), quarters)))
    eyes = face.landmarks[263] - face.landmarks[33]
    level = upright.landmarks[263] - upright.landmarks[33]
    turn = np.degrees(np.arctan2(level[1], level[0]) - np.arctan2(eyes[1], eyes[0])) % 360

    assert turn == pytest.approx(90 * quarters, abs=4)
    assert inter_ocular_px(face.landmarks) == pytest.approx(inter_ocular_px(upright.landmarks), rel=0.03)


def test_a_small_face_in_a_large_picture_is_found(finder: FaceFinder) -> None:
    (face,) = finder.find(drawn_face(size=1600, scale=0.3, centre=(1300, 400)))
    assert inter_ocular_px(face.landmarks) == pytest.approx(35, abs=3)


def test_faces_come_largest_first(finder: FaceFinder) -> None:
    faces = finder.find(np.concatenate([drawn_face(scale=scale) for scale in (0.6, 0.9, 0.75)], 1))
    widths = [face.box[2] - face.box[0] for face in faces]
    assert len(faces) == 3
    assert widths == sorted(widths, reverse=True)
    assert 480 < faces[0].box[0] < 960


def test_a_large_face_turned_away_comes_after_a_small_one_from_the_front(
    finder: FaceFinder, shared_media: Path
) -> None:
    picture = cv2.cvtColor(cv2.imread(str(shared_media / "img" / "two_people_studio.png")), cv2.COLOR_BGR2RGB)
    first, second = finder.find(picture)
    assert first.box[0] > second.box[0]
    assert first.box[2] - first.box[0] < second.box[2] - second.box[0]


def test_a_profile_is_found_either_way_round_and_before_a_thing_taken_for_a_face(
    finder: FaceFinder, shared_media: Path
) -> None:
    picture = cv2.cvtColor(cv2.imread(str(shared_media / "img" / "two_people_studio.png")), cv2.COLOR_BGR2RGB)
    mirrored = np.ascontiguousarray(cv2.resize(picture, (1750, 1080), interpolation=cv2.INTER_AREA)[:, ::-1])
    woman, man = finder.find(mirrored)[:2]
    assert (woman.box[0], woman.box[1]) == pytest.approx((581, 256), abs=10)
    assert (man.box[0], man.box[1]) == pytest.approx((992, 152), abs=20)


def test_a_wall_has_no_face(finder: FaceFinder) -> None:
    assert finder.find(EMPTY) == []


def test_the_same_picture_gives_the_same_bits(finder: FaceFinder) -> None:
    first, second = (finder.find(drawn_face())[0] for _ in range(2))
    assert np.array_equal(first.landmarks, second.landmarks)


# Videos


def test_a_moving_face_is_followed(finder: FaceFinder) -> None:
    centres = [(200.0 + 3 * t, 240.0) for t in range(40)]
    faces = list(finder.track(drawn_face(centre=centre, scale=0.7) for centre in centres))
    middles = [face.landmarks[:, 0].mean() for face in faces if face is not None]
    assert middles == pytest.approx([x for x, _ in centres], abs=4)


def test_frames_without_a_face_give_none(finder: FaceFinder) -> None:
    frames = [drawn_face()] * 9 + [EMPTY] * 9 + [drawn_face()] * 9
    assert presence(finder.track(frames)) == "x" * 9 + "-" * 9 + "x" * 9


def test_a_cut_to_another_place_is_followed_from_its_first_frame(finder: FaceFinder) -> None:
    frames = [drawn_face(centre=(150, 200), scale=0.5)] * 7 + [drawn_face(centre=(330, 260), scale=0.6)] * 7
    faces = list(finder.track(frames))
    middles = [face.landmarks[:, 0].mean() for face in faces if face is not None]
    assert middles == pytest.approx([150] * 7 + [330] * 7, abs=5)


def test_the_first_speaker_is_kept_when_another_comes_closer(finder: FaceFinder) -> None:
    frames = [np.concatenate([drawn_face(scale=0.8), drawn_face(scale=0.6 + 0.02 * t)], 1) for t in range(24)]
    faces = list(finder.track(frames))
    assert all(face is not None and face.box[2] < 480 for face in faces)


def leftmost(faces: Sequence[Face]) -> Face | None:
    return min(faces, key=lambda face: face.box[0], default=None)


def rightmost(faces: Sequence[Face]) -> Face | None:
    return max(faces, key=lambda face: face.box[0], default=None)


def couple(frames: int) -> list[Frame]:
    return [np.concatenate([drawn_face(centre=(200 + 2 * t, 240)), drawn_face()], 1) for t in range(frames)]


def test_two_faces_are_followed_each_for_itself(finder: FaceFinder) -> None:
    tracks = list(zip(*finder.follow(couple(20), [leftmost, rightmost]), strict=True))
    middles = [[face.landmarks[:, 0].mean() for face in track if face is not None] for track in tracks]
    assert middles[0] == pytest.approx([200 + 2 * t for t in range(20)], abs=5)
    assert middles[1] == pytest.approx([720] * 20, abs=5)


@pytest.mark.parametrize("cut", [5, 16])
def test_after_a_cut_both_are_found_again_though_one_stands_where_the_other_stood(finder: FaceFinder, cut: int) -> None:
    here = [drawn_face(), drawn_face(), EMPTY]
    there = [EMPTY, drawn_face(centre=(290, 240)), drawn_face()]
    frames = [np.concatenate(here, 1)] * cut + [np.concatenate(there, 1)] * 19
    tracks = list(zip(*finder.follow(frames, [leftmost, rightmost]), strict=True))
    middles = [[face and face.landmarks[:, 0].mean() for face in track] for track in tracks]
    assert middles[0] == pytest.approx([240] * cut + [770] * 19, abs=5)
    assert middles[1] == pytest.approx([720] * cut + [1200] * 19, abs=5)


def test_one_face_is_not_two_speakers(finder: FaceFinder) -> None:
    for one, other in finder.follow([drawn_face()] * 6, [leftmost, rightmost]):
        assert one is not None
        assert other is None


def test_only_admitted_faces_are_followed(finder: FaceFinder) -> None:
    frames = couple(6)
    for (face,) in finder.follow(frames, [leftmost], admit=lambda face: face.box[0] > 480):
        assert face is not None
        assert face.box[0] > 480
    assert presence(face for (face,) in finder.follow(frames, [leftmost], admit=lambda face: False)) == "-" * 6


def test_frames_are_read_no_further_than_one_batch_ahead(finder: FaceFinder) -> None:
    read = iter(range(1000))
    track = finder.track(EMPTY for _ in read)
    next(track)
    assert next(read) == 16


def test_no_frames_give_no_faces(finder: FaceFinder) -> None:
    assert list(finder.track([])) == []


# Real media


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("portrait_woman.png", 1),
        ("portrait_man_older.jpg", 1),
        ("statue_female.png", 1),
        ("art_beard_painting.png", 1),
        ("fullbody_small_face.png", 1),
        ("two_people_studio.png", 2),
        ("two_people_photo.jpg", 2),
        ("group_many_faces.jpg", 6),
        ("no_face_grass.jpg", 0),
        ("animal_dog.jpg", 0),
    ],
)
def test_real_pictures_show_as_many_faces_as_people(
    finder: FaceFinder, shared_media: Path, name: str, count: int
) -> None:
    picture = cv2.cvtColor(cv2.imread(str(shared_media / "img" / name)), cv2.COLOR_BGR2RGB)
    assert len(finder.find(picture)) == count


def test_a_small_face_in_a_real_video_is_followed(finder: FaceFinder, shared_media: Path) -> None:
    frames = video(shared_media / "fullbody_smallface_720x1080_25fps.mp4", 0, 48)
    assert presence(finder.track(frames)) == "x" * 48


def test_a_real_face_that_vanishes_is_not_invented(finder: FaceFinder, shared_media: Path) -> None:
    frames = list(video(shared_media / "derived" / "face_gone_1s.mp4", 50, 100))
    grey = "".join("-" if frame.std() < 5 else "x" for frame in frames)
    assert presence(finder.track(frames)) == grey


def test_a_real_video_without_a_face_has_none(finder: FaceFinder, shared_media: Path) -> None:
    assert presence(finder.track(video(shared_media / "derived" / "noface_640x426.mp4", 0, 20))) == "-" * 20
