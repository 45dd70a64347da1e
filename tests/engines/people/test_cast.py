"""The speakers of a source, and what is said of where they are not driven."""

from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache

import cv2
import numpy as np
import pytest
import torch

from contracts.errors import NoFace, TooFewFaces
from contracts.jobs import Side
from engines.base import Direction, Frame, Speech, Timeline
from engines.people.cast import Speaker, cast, warnings_of
from engines.people.faces import FaceFinder
from tests.engines.people.portrait import picture, points

pytestmark = pytest.mark.unit

FPS = Fraction(25)


@lru_cache
def finder() -> FaceFinder:
    return FaceFinder(torch.device("cpu"))


def _timeline(frames: Sequence[Frame], *, is_portrait: bool = False) -> Timeline:
    height, width = frames[0].shape[:2]
    index = np.arange(len(frames), dtype=np.int32)
    return Timeline(fps=FPS, source_fps=FPS, width=width, height=height, source_index=index, is_portrait=is_portrait)


def _speech(side: Side) -> Speech:
    return Speech(samples=np.zeros(16000, np.float32), rate=16000, side=side)


def _cast(frames: Sequence[Frame], *sides: Side, is_portrait: bool = False, keep_mouths: bool = False) -> list[Speaker]:
    timeline, voices = _timeline(frames, is_portrait=is_portrait), [_speech(side) for side in sides]
    return cast(finder(), frames, voices, timeline, Direction(), lambda _fraction: None, keep_mouths=keep_mouths)


def test_the_speaker_is_where_the_face_is() -> None:
    (speaker,) = _cast([picture()] * 3, Side.ONLY)

    assert speaker.watched.points.shape == (3, *points().shape)
    assert np.abs(speaker.watched.points - points()).max() < 3
    assert speaker.watched.light.shape == (3, 8)
    assert speaker.strength == pytest.approx(1)


def test_open_mouths_are_kept_only_where_they_are_wanted() -> None:
    (with_mouths,) = _cast([picture()] * 3, Side.ONLY, keep_mouths=True)
    (without,) = _cast([picture()] * 3, Side.ONLY)

    assert len(with_mouths.watched.bank.number) > 0
    assert (len(without.watched.bank.number), len(without.watched.bank.pixels)) == (0, 0)
    assert np.array_equal(with_mouths.watched.points, without.watched.points)
    assert np.array_equal(with_mouths.watched.contrast, without.watched.contrast)


def test_a_face_that_goes_fades_before_it_does() -> None:
    empty = np.full_like(picture(), 120)
    (speaker,) = _cast([picture()] * 10 + [empty] * 5, Side.ONLY)

    assert (np.diff(speaker.strength[6:11]) < 0).all()
    assert speaker.strength[10:].tolist() == [0] * 5
    assert warnings_of(Side.ONLY, speaker, _timeline([picture()] * 15)) == (
        "no face from 0.4 s to 0.6 s: frames kept as they are",
    )


def test_a_warning_names_the_side_where_there_are_two() -> None:
    two = np.concatenate([picture(), picture()], axis=1)
    left_alone = np.concatenate([picture(), np.full_like(picture(), 120)], axis=1)
    frames = [two] * 5 + [left_alone] * 5
    speakers = _cast(frames, Side.LEFT, Side.RIGHT)

    assert [one.watched.points[0, :, 0].mean() < picture().shape[1] for one in speakers] == [True, False]
    assert warnings_of(Side.RIGHT, speakers[1], _timeline(frames)) == (
        "right speaker: no face from 0.2 s to 0.4 s: frames kept as they are",
    )


def test_only_the_first_few_places_are_named() -> None:
    empty = np.full_like(picture(), 120)
    (speaker,) = _cast(([picture()] * 2 + [empty]) * 7, Side.ONLY)

    said = warnings_of(Side.ONLY, speaker, _timeline([picture()] * 21))
    assert said[0] == "no face at 0.1 s: frames kept as they are"
    assert said[5] == "no face in 2 more places: frames kept as they are"


def test_without_a_face_there_is_no_cast() -> None:
    with pytest.raises(NoFace, match="no face was found"):
        _cast([np.full_like(picture(), 120)], Side.ONLY)


def test_a_face_that_is_too_small_is_none() -> None:
    small = np.full_like(picture(), 90)
    small[150:310, 200:360] = cv2.resize(picture(), (160, 160), interpolation=cv2.INTER_AREA)
    with pytest.raises(NoFace, match="large and frontal enough"):
        _cast([small], Side.ONLY, is_portrait=True)


def test_one_face_is_too_few_for_two_voices() -> None:
    with pytest.raises(TooFewFaces):
        _cast([picture()], Side.LEFT, Side.RIGHT, is_portrait=True)
