"""What every engine promises, whoever wrote it: one suite, and all engines go through it."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from importlib.metadata import entry_points
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from contracts.errors import NoFace, TooFewFaces, WeightsMissing
from contracts.jobs import Side
from engines.analysis import SavedAnalysis, load_analysis, save_analysis
from engines.audio import read_speech
from engines.base import Analysis, Direction, Engine, Frame, Speech, Timeline
from engines.needs import found_files
from engines.registry import GROUP
from tests.engines.people.portrait import VOICE, picture
from tests.engines.prepared import ENGINES

pytestmark = pytest.mark.unit

FPS = Fraction(25)
FRAMES = 12
SIDE = 256


class Stop(Exception):
    """The job was cancelled."""


@dataclass(frozen=True)
class Ready:
    """An engine under test, loaded, and what it makes of a short video."""

    kind: type[Engine]
    engine: Engine
    analysis: Analysis

    def rendered(self, frames: list[Frame], start: int = 0) -> list[Frame]:
        return list(self.engine.render_segment(iter(frames), self.analysis, start, quiet))


def quiet(_fraction: float) -> None:
    """Take no notice."""


def small() -> Frame:
    return np.ascontiguousarray(picture()[::2, ::2])


def video() -> list[Frame]:
    return [np.roll(small(), round(3 * np.sin(number / 3)), axis=1) for number in range(FRAMES)]


def timeline(frames: int = FRAMES, *, is_portrait: bool = False) -> Timeline:
    shown: NDArray[np.int32] = np.zeros(frames, np.int32) if is_portrait else np.arange(frames, dtype=np.int32)
    return Timeline(fps=FPS, source_fps=FPS, width=SIDE, height=SIDE, source_index=shown, is_portrait=is_portrait)


def voice(side: Side = Side.ONLY) -> Speech:
    said = read_speech(VOICE)
    # Where the sample is loud.
    return Speech(samples=said.samples[said.rate :][: said.rate], rate=said.rate, side=side)


@pytest.fixture(scope="module", params=sorted(ENGINES))
def ready(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Ready:
    folder = tmp_path_factory.mktemp(str(request.param))
    kind = ENGINES[request.param](folder)
    engine = kind.load(torch.device("cpu"), folder)
    return Ready(kind, engine, engine.analyse(iter(video()), [voice()], timeline(), Direction(), quiet))


def test_every_engine_that_is_installed_goes_through_this_suite() -> None:
    assert set(entry_points(group=GROUP).names) <= set(ENGINES)


def test_it_is_described_before_it_is_loaded(ready: Ready) -> None:
    info = ready.kind.info

    assert info.name in ENGINES
    assert info.summary.endswith(".")
    assert info.licence
    assert all(need.what and need.paths and need.licence and need.source for need in info.needs)
    assert ready.engine.info == info


def test_it_says_which_of_its_files_is_missing_and_what_to_do(ready: Ready, tmp_path: Path) -> None:
    if not ready.kind.info.needs:
        ready.kind.load(torch.device("cpu"), tmp_path / "not there")
        return
    with pytest.raises(WeightsMissing) as refusal:
        ready.kind.load(torch.device("cpu"), tmp_path)

    assert refusal.value.remedy
    assert str(tmp_path) not in refusal.value.message
    assert all(found_files(need, tmp_path) == [] for need in ready.kind.info.needs)


def test_its_analysis_is_arrays_that_any_worker_can_load(ready: Ready, tmp_path: Path) -> None:
    save_analysis(SavedAnalysis(timeline=timeline(), analysis=ready.analysis), tmp_path / "analysis")
    loaded = load_analysis(tmp_path / "analysis").analysis

    assert loaded.tensors.keys() == ready.analysis.tensors.keys()
    assert all(np.array_equal(loaded.tensors[name], array) for name, array in ready.analysis.tensors.items())
    again = list(ready.engine.render_segment(iter(video()), loaded, 0, quiet))
    assert np.array_equal(again, ready.rendered(video()))


def test_it_gives_a_frame_for_each_and_leaves_the_source_alone(ready: Ready) -> None:
    frames = video()
    for frame in frames:
        frame.setflags(write=False)

    drawn = ready.rendered(frames)

    assert [(frame.shape, frame.dtype) for frame in drawn] == [((SIDE, SIDE, 3), np.uint8)] * FRAMES
    assert np.array_equal(frames, video())


def test_the_same_request_is_analysed_the_same(ready: Ready) -> None:
    again = ready.engine.analyse(iter(video()), [voice()], timeline(), Direction(), quiet)

    assert again.warnings == ready.analysis.warnings
    assert all(np.array_equal(again.tensors[name], array) for name, array in ready.analysis.tensors.items())


@pytest.mark.parametrize("cuts", [(0, 5, FRAMES), (0, 1, 2, 9, FRAMES)])
def test_a_frame_is_the_same_however_segments_are_cut_and_in_whatever_order(
    ready: Ready, cuts: tuple[int, ...]
) -> None:
    whole = ready.rendered(video())

    for start, end in sorted(pairwise(cuts), reverse=True):
        assert np.array_equal(ready.rendered(video()[start:end], start), whole[start:end])


def test_a_portrait_is_drawn_for_as_long_as_it_speaks(ready: Ready) -> None:
    if not ready.kind.info.capabilities.portrait:
        return
    still = timeline(is_portrait=True)

    analysis = ready.engine.analyse(iter([small()]), [voice()], still, Direction(), quiet)

    assert len(list(ready.engine.render_segment([small()] * FRAMES, analysis, 0, quiet))) == FRAMES


def test_it_says_that_it_is_alive_and_stops_when_told(ready: Ready) -> None:
    told: list[float] = []

    def stop(fraction: float) -> None:
        told.append(fraction)
        raise Stop

    with pytest.raises(Stop):
        ready.engine.analyse(iter(video()), [voice()], timeline(), Direction(), stop)
    with pytest.raises(Stop):
        list(ready.engine.render_segment(iter(video()), ready.analysis, 0, stop))
    assert all(0 <= fraction <= 1 for fraction in told)


def test_it_takes_frames_as_they_come(ready: Ready) -> None:
    """Frames that are taken but not yet given back are bounded, whatever the length."""
    taken, most = 0, 0

    def source() -> Iterator[Frame]:
        nonlocal taken
        for frame in video():
            taken += 1
            yield frame

    for given, _ in enumerate(ready.engine.render_segment(source(), ready.analysis, 0, quiet)):
        most = max(most, taken - given)
    assert most <= 9


def test_where_nobody_is_seen_nothing_is_drawn(ready: Ready) -> None:
    empty = [np.full((SIDE, SIDE, 3), 120, np.uint8)] * FRAMES

    try:
        analysis = ready.engine.analyse(iter(empty), [voice()], timeline(), Direction(), quiet)
    except NoFace:
        return
    assert np.array_equal(list(ready.engine.render_segment(iter(empty), analysis, 0, quiet)), empty)


def test_a_frame_without_a_face_is_left_as_it_is(ready: Ready) -> None:
    frames = video()
    frames[7] = np.full_like(frames[7], 120)

    analysis = ready.engine.analyse(iter(frames), [voice()], timeline(), Direction(), quiet)
    drawn = list(ready.engine.render_segment(iter(frames), analysis, 0, quiet))

    assert np.array_equal(drawn[7], frames[7])


def test_two_voices_want_two_faces(ready: Ready) -> None:
    if not ready.kind.info.capabilities.several_faces:
        return
    voices = [voice(Side.LEFT), voice(Side.RIGHT)]
    pair = np.concatenate([small(), small()], axis=1)
    both = Timeline(
        fps=FPS,
        source_fps=FPS,
        width=2 * SIDE,
        height=SIDE,
        source_index=np.arange(4, dtype=np.int32),
        is_portrait=False,
    )

    analysis = ready.engine.analyse(iter([pair] * 4), voices, both, Direction(), quiet)
    assert len(list(ready.engine.render_segment([pair] * 4, analysis, 0, quiet))) == 4
    with suppress(TooFewFaces):
        ready.engine.analyse(iter(video()), voices, timeline(), Direction(), quiet)


def test_a_voice_that_is_shorter_than_the_video_is_followed_by_silence(ready: Ready) -> None:
    short = Speech(samples=voice().samples[:3000], rate=voice().rate)

    analysis = ready.engine.analyse(iter(video()), [short], timeline(), Direction(), quiet)

    assert len(list(ready.engine.render_segment(iter(video()), analysis, 0, quiet))) == FRAMES
