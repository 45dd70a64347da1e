"""Who speaks: in pictures and videos of two people, painted and real."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from contracts.errors import NoFace, TooFewFaces
from contracts.jobs import FaceChoice, OutputOptions, Side
from engines.articulate.engine import Articulate
from engines.articulate.performance import Performance, unpack
from engines.audio import read_speech, shifted
from engines.base import Analysis, Direction, Engine, Frame, Speech, TimedPhone, Timeline
from engines.mask import masked
from engines.media import VideoSource
from engines.stills import read_still
from engines.timeline import portrait_timeline, video_timeline
from tests.engines.drawn_face import drawn_face
from tests.engines.people.portrait import VOICE, picture

pytestmark = pytest.mark.unit

SIDES = (Side.LEFT, Side.RIGHT)


@lru_cache
def engine() -> Engine:
    return Articulate(torch.device("cpu"))


@lru_cache
def couple() -> Frame:
    """Two of the sample portrait: the left one small."""
    canvas = np.full((384, 768, 3), 128, np.uint8)
    canvas[40:340, 20:320] = cv2.resize(picture(), (300, 300), interpolation=cv2.INTER_AREA)
    canvas[:, 384:] = cv2.resize(picture(), (384, 384), interpolation=cv2.INTER_AREA)
    return canvas


def _timeline(frame: Frame, frames: int) -> Timeline:
    size = frame.shape[1], frame.shape[0]
    return portrait_timeline(size, frames / 25, OutputOptions(width_px=size[0], height_px=size[1]))


def _voices(left_s: float, right_s: float) -> list[Speech]:
    said = (TimedPhone(symbol="ɑ", start_s=0, end_s=0.4),)
    return [
        shifted(Speech(samples=np.zeros(8000, np.float32), rate=16000, side=side, phones=said), start_s)
        for side, start_s in zip(SIDES, (left_s, right_s), strict=True)
    ]


def _quiet(_fraction: float) -> None:
    """Take no notice."""


def _analysed(frame: Frame, voices: Sequence[Speech], mask: NDArray[np.uint8] | None = None) -> Analysis:
    return engine().analyse([frame], voices, _timeline(frame, 50), Direction(mask=mask), _quiet)


def _drawn(analysis: Analysis, frame: Frame, number: int) -> Frame:
    """One output frame, without the blinking and swaying of still pictures."""
    spoken = {name: tensor for name, tensor in analysis.tensors.items() if not name.endswith(".lids")}
    return next(engine().render_segment([frame], Analysis(tensors=spoken), number, _quiet))


def _talks(performance: Performance) -> list[int]:
    """The halves of a second in which the mouth opens."""
    gaps = performance.poses[:, 0]
    return [half for half in range(len(gaps) // 12) if gaps[12 * half : 12 * half + 12].max() > 0.05]


def _changed(frame: Frame, other: Frame) -> tuple[bool, bool]:
    """Whether the mouths at the left and at the right differ."""
    differs = (frame != other).any(2)
    middle = frame.shape[1] // 2
    return bool(differs[:, :middle].any()), bool(differs[:, middle:].any())


@pytest.mark.parametrize(
    ("starts", "left", "right"),
    [((0.0, 0.0), [0], [0]), ((0.0, 1.0), [0], [2]), ((1.0, 0.0), [2], [0])],
    ids=["meanwhile", "left_right", "right_left"],
)
def test_each_face_of_a_picture_speaks_when_its_voice_does(
    starts: tuple[float, float], left: list[int], right: list[int]
) -> None:
    performances = unpack(_analysed(couple(), _voices(*starts)).tensors)

    assert list(performances) == list(SIDES)
    assert [half for half in _talks(performances[Side.LEFT]) if half in (0, 2)] == left
    assert [half for half in _talks(performances[Side.RIGHT]) if half in (0, 2)] == right
    centres = [performance.watched.points[0, :, 0].mean() for performance in performances.values()]
    assert centres[0] < 320
    assert centres[1] > 384


def test_one_who_listens_rests_while_the_other_speaks() -> None:
    analysis = _analysed(couple(), _voices(0.0, 1.0))
    speaking, resting = _drawn(analysis, couple(), 6), _drawn(analysis, couple(), 49)

    assert _changed(speaking, resting) == (True, False)


def test_one_of_two_is_drawn_as_alone_bit_for_bit() -> None:
    left, right = _voices(0.0, 0.0)
    mask = np.zeros(couple().shape[:2], np.uint8)
    mask[:, :360] = 255
    both, alone = _analysed(couple(), [left, right]), _analysed(couple(), [replace(left, side=Side.ONLY)], mask)

    for number in (3, 6, 9, 30):
        drawn = _drawn(alone, couple(), number)
        assert np.array_equal(_drawn(both, couple(), number)[:, :360], drawn[:, :360])
        assert np.array_equal(drawn[:, 360:], couple()[:, 360:])


def test_a_mask_that_excludes_one_of_two_faces_leaves_its_pixels_alone() -> None:
    mask = np.zeros(couple().shape[:2], np.uint8)
    mask[:, :360] = 255
    analysis = engine().analyse(
        [couple()], [read_speech(VOICE)], _timeline(couple(), 50), Direction(mask=mask, enhance=True), _quiet
    )
    frames = [couple()] * 50
    results = list(masked(frames, mask, lambda given: engine().render_segment(given, analysis, 0, _quiet)))

    assert all(np.array_equal(result[:, 360:], couple()[:, 360:]) for result in results)
    assert max(np.abs(result[:, :360].astype(int) - couple()[:, :360]).mean() for result in results) > 0.2


def test_a_mask_over_everyone_is_named_as_the_cause() -> None:
    with pytest.raises(NoFace, match="where the mask is bright"):
        _analysed(couple(), [read_speech(VOICE)], np.zeros(couple().shape[:2], np.uint8))


def test_two_voices_for_one_face_are_too_many() -> None:
    with pytest.raises(TooFewFaces, match="one face was found for two voices") as fault:
        _analysed(picture(), _voices(0, 0))

    assert fault.value.remedy


def _walk(count: int) -> Iterator[Frame]:
    """Two painted faces that move towards each other and back."""
    for number in range(count):
        step = 3 * min(number, count - number)
        left = drawn_face(centre=(180.0 + step, 240.0), scale=0.7)
        right = drawn_face(centre=(300.0 - step, 240.0), scale=0.8)
        yield np.concatenate([left, right], axis=1)


def test_each_face_of_a_video_is_followed_for_itself() -> None:
    frames = list(_walk(30))
    timeline = video_timeline((960, 480), np.arange(30) / 25, 1.2, _timeline(frames[0], 1).fps, 1.2, OutputOptions())
    performances = unpack(engine().analyse(frames, _voices(0, 0.5), timeline, Direction(), _quiet).tensors)
    tracks = {side: one.watched.points[..., 0].mean(1) for side, one in performances.items()}

    assert tracks[Side.LEFT][[0, 15, 29]] == pytest.approx([180, 225, 183], abs=6)
    assert tracks[Side.RIGHT][[0, 15, 29]] == pytest.approx([780, 735, 777], abs=6)


def test_who_is_not_seen_in_part_of_a_video_is_named() -> None:
    frames = [frame.copy() for frame in _walk(30)]
    for frame in frames[10:]:
        frame[:, 480:] = 120
    timeline = video_timeline((960, 480), np.arange(30) / 25, 1.2, _timeline(frames[0], 1).fps, 1.2, OutputOptions())
    analysis = engine().analyse(frames, _voices(0, 0), timeline, Direction(), _quiet)

    assert analysis.warnings == ("right speaker: no face from 0.4 s to 1.2 s: frames kept as they are",)


# Real media


def _real(media: Path, name: str) -> Frame:
    size = read_still(media / "img" / name).shape[1::-1]
    timeline = portrait_timeline((size[0], size[1]), 1.0, OutputOptions())
    return read_still(media / "img" / name, "", (timeline.width, timeline.height))


@pytest.mark.parametrize(("choice", "x"), [(FaceChoice.LEFT, 702), (FaceChoice.RIGHT, 1064)])
def test_who_is_furthest_to_a_side_of_a_picture_is_chosen_also_in_profile(
    shared_media: Path, choice: FaceChoice, x: float
) -> None:
    frame = _real(shared_media, "two_people_studio.png")
    alone = replace(_voices(0, 0)[0], side=Side.ONLY)
    analysis = engine().analyse([frame], [alone], _timeline(frame, 5), Direction(face=choice), _quiet)

    assert unpack(analysis.tensors)[Side.ONLY].watched.points[0, :, 0].mean() == pytest.approx(x, abs=20)


@pytest.mark.parametrize(
    ("name", "warnings"),
    [
        ("two_people_studio.png", ("left speaker: the face is seen from the side: its mouth may be misplaced",)),
        ("two_people_photo.jpg", ()),
    ],
)
def test_two_real_people_are_both_driven(shared_media: Path, name: str, warnings: tuple[str, ...]) -> None:
    frame = _real(shared_media, name)
    analysis = _analysed(frame, _voices(0, 1.0))

    assert analysis.warnings == warnings
    left_speaks, right_speaks, nobody = (_drawn(analysis, frame, number).astype(int) for number in (6, 31, 49))
    middle = frame.shape[1] // 2
    for speaks, here, there in (
        (left_speaks, slice(None, middle), slice(middle, None)),
        (right_speaks, slice(middle, None), slice(None, middle)),
    ):
        change = np.abs(speaks - nobody)
        assert change[:, here].mean() > 20 * change[:, there].mean()


def test_a_single_voice_is_given_to_the_face_that_can_be_driven(shared_media: Path) -> None:
    frame = _real(shared_media, "two_people_studio.png")
    analysis = _analysed(frame, [read_speech(VOICE)])

    assert unpack(analysis.tensors)[Side.ONLY].watched.points[0, :, 0].mean() > frame.shape[1] / 2


def test_two_people_of_a_real_video_are_both_driven(shared_media: Path) -> None:
    video = VideoSource(shared_media / "derived" / "two_faces_side_by_side_960x480.mp4")
    timeline = video_timeline(video.size, video.times_s, video.duration_s, video.fps, 1.6, OutputOptions())
    frames = list(video.frames_at(timeline.source_index, video.size))
    performances = unpack(engine().analyse(frames, _voices(0, 1.0), timeline, Direction(), _quiet).tensors)

    assert [0 in _talks(one) for one in performances.values()] == [True, False]
    assert [2 in _talks(one) for one in performances.values()] == [False, True]
