from collections.abc import Iterator
from fractions import Fraction
from functools import lru_cache

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from contracts.errors import EngineFault, NoFace
from engines.articulate import load
from engines.articulate.performance import unpack
from engines.articulate.shape import places
from engines.audio import read_speech
from engines.base import Analysis, Engine, Frame, Speech, Timeline
from tests.engines.articulate.portrait import VOICE, picture, points

pytestmark = pytest.mark.unit

FPS = Fraction(25)


@lru_cache
def engine() -> Engine:
    return load(torch.device("cpu"))


@lru_cache
def voice() -> Speech:
    return read_speech(VOICE)


def _timeline(index: NDArray[np.int32], *, is_portrait: bool = False) -> Timeline:
    return Timeline(fps=FPS, width=512, height=512, source_index=index, is_portrait=is_portrait)


def _video(count: int, without_face: range = range(0)) -> Iterator[Frame]:
    """The portrait, moved to and fro by a few pixels, and frames that show nothing."""
    for number in range(count):
        shifted = np.roll(picture(), round(4 * np.sin(number / 3)), axis=1)
        yield np.full_like(shifted, 120) if number in without_face else shifted


def _quiet(_fraction: float) -> None:
    """Take no notice."""


@lru_cache
def portrait_analysis() -> Analysis:
    timeline = _timeline(np.zeros(50, np.int32), is_portrait=True)
    return engine().analyse([picture()], voice(), timeline, 0, _quiet)


def _rendered(analysis: Analysis, frames: list[Frame], start: int = 0) -> list[Frame]:
    return list(engine().render_segment(frames, analysis, start, _quiet))


def test_a_portrait_speaks() -> None:
    frames = _rendered(portrait_analysis(), [picture()] * 50)
    gaps = unpack(portrait_analysis().tensors).poses[:, 0]

    assert len(frames) == 50
    assert gaps.max() > 0.08
    assert gaps.min() < 0.02
    differences = [np.abs(frame.astype(int) - picture()).mean() for frame in frames]
    assert max(differences) > 0.2


def test_only_mouth_and_jaw_change() -> None:
    eyes = int(points()[places((33, 263)), 1].max())

    for frame in _rendered(portrait_analysis(), [picture()] * 20):
        assert np.array_equal(frame[:eyes], picture()[:eyes])
        assert np.array_equal(frame[:, :60], picture()[:, :60])


def test_segments_rendered_apart_are_those_of_the_whole() -> None:
    whole = _rendered(portrait_analysis(), [picture()] * 50)
    parts = [_rendered(portrait_analysis(), [picture()] * 25, start) for start in (25, 0)]

    assert all(np.array_equal(a, b) for a, b in zip(whole, [*parts[1], *parts[0]], strict=True))


def test_the_same_analysis_comes_out_again() -> None:
    again = engine().analyse([picture()], voice(), _timeline(np.zeros(50, np.int32), is_portrait=True), 0, _quiet)

    assert all(np.array_equal(again.tensors[name], value) for name, value in portrait_analysis().tensors.items())


def test_frames_without_a_face_are_given_back_and_named() -> None:
    gone = range(20, 45)
    analysis = engine().analyse(_video(75, gone), voice(), _timeline(np.arange(75, dtype=np.int32)), 0, _quiet)
    frames = list(_video(75, gone))
    rendered = _rendered(analysis, frames)

    assert analysis.warnings == ("no face from 0.8 s to 1.8 s: frames kept as they are",)
    assert all(rendered[number] is frames[number] for number in gone)


def test_the_change_fades_where_the_face_goes() -> None:
    timeline = _timeline(np.arange(75, dtype=np.int32))
    analysis = engine().analyse(_video(75, range(40, 75)), voice(), timeline, 0, _quiet)
    strength = unpack(analysis.tensors).poses[:, 7]

    assert strength[30] == pytest.approx(1)
    assert (np.diff(strength[36:41]) < 0).all()


def test_a_video_played_to_and_fro_is_looked_at_once() -> None:
    index = np.array([*range(30), *range(28, 0, -1)], dtype=np.int32)
    analysis = engine().analyse(_video(30), voice(), _timeline(index), 0, _quiet)

    assert len(analysis.tensors["points"]) == 30
    assert len(analysis.tensors["poses"]) == len(index)


def test_without_any_face_the_job_cannot_be_done() -> None:
    with pytest.raises(NoFace, match="no face was found"):
        engine().analyse(_video(8, range(8)), voice(), _timeline(np.arange(8, dtype=np.int32)), 0, _quiet)


def test_a_face_too_small_to_drive_is_refused() -> None:
    tiny = np.full((512, 512, 3), 90, np.uint8)
    tiny[200:328, 200:328] = picture()[::4, ::4]

    with pytest.raises(NoFace):
        engine().analyse([tiny], voice(), _timeline(np.zeros(5, np.int32), is_portrait=True), 0, _quiet)


def test_progress_rises_and_a_report_that_raises_stops_the_work() -> None:
    seen: list[float] = []
    engine().analyse(_video(40), voice(), _timeline(np.arange(40, dtype=np.int32)), 0, seen.append)

    assert seen == sorted(seen)
    assert 0 < seen[0] < seen[-1] <= 1

    def stop(_fraction: float) -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        engine().analyse(_video(40), voice(), _timeline(np.arange(40, dtype=np.int32)), 0, stop)


def test_an_analysis_that_lacks_something_is_a_fault() -> None:
    tensors = {name: value for name, value in portrait_analysis().tensors.items() if name != "poses"}

    with pytest.raises(EngineFault, match="poses"):
        _rendered(Analysis(tensors=tensors), [picture()])
