"""Real footage that shows more than one face in the open."""

from collections.abc import Iterator
from fractions import Fraction
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest
import torch

from contracts.jobs import FaceChoice, Side
from engines.articulate.engine import Articulate
from engines.articulate.performance import Performance, unpack
from engines.audio import read_speech
from engines.base import Analysis, Direction, Engine, Frame, Timeline
from engines.media import VideoSource
from tests.engines.people.portrait import VOICE

pytestmark = pytest.mark.unit

FPS = Fraction(25)


@lru_cache
def engine() -> Engine:
    return Articulate(torch.device("cpu"))


def _frames(path: Path, numbers: range, size: tuple[int, int]) -> Iterator[Frame]:
    yield from VideoSource(path).frames_at(numbers, size)


def _analysed(frames: list[Frame], face: FaceChoice = FaceChoice.ACTIVE) -> Analysis:
    height, width = frames[0].shape[:2]
    index = np.arange(len(frames), dtype=np.int32)
    timeline = Timeline(fps=FPS, source_fps=FPS, width=width, height=height, source_index=index, is_portrait=False)
    return engine().analyse(frames, [read_speech(VOICE)], timeline, Direction(face=face), lambda _fraction: None)


def _speaker(analysis: Analysis) -> Performance:
    return unpack(analysis.tensors)[Side.ONLY]


def test_who_cuts_in_at_the_same_place_is_not_driven(shared_media: Path) -> None:
    size = (400, 400)
    speaker = list(_frames(shared_media / "th_woman_glasses_524_25fps.mp4", range(45), size))
    stranger = list(_frames(shared_media / "th_man_suit_700_30fps.mp4", range(20), size))
    analysis = _analysed([*speaker[:30], *stranger, *speaker[30:]])

    assert analysis.warnings == (
        "somebody other than the speaker is seen from 1.2 s to 2.0 s: frames kept as they are",
    )
    assert len(np.unique(_speaker(analysis).watched.shots[30:50])) == 1


def test_a_box_before_the_mouth_is_left_alone(shared_media: Path) -> None:
    frames = list(_frames(shared_media / "derived" / "mouth_occluded_box.mp4", range(95), (524, 524)))
    analysis = _analysed(frames)
    rendered = list(engine().render_segment(frames[38:76], analysis, 38, lambda _fraction: None))

    (warning,) = analysis.warnings
    assert warning.startswith("something is before the mouth from 1.4 s to 3.1 s")
    assert all(np.array_equal(one, other) for one, other in zip(rendered, frames[38:76], strict=True))


@pytest.mark.parametrize(("face", "is_left"), [(FaceChoice.LEFT, True), (FaceChoice.RIGHT, False)])
def test_one_of_two_can_be_chosen(shared_media: Path, face: FaceChoice, *, is_left: bool) -> None:
    frames = list(_frames(shared_media / "derived" / "two_faces_side_by_side_960x480.mp4", range(25), (960, 480)))
    middle = _speaker(_analysed(frames, face)).watched.points[..., 0].mean()

    assert (middle < 480) == is_left
