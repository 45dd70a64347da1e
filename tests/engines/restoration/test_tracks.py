"""Enhancement by an engine that draws faces anew."""

from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from engines.audio import read_speech
from engines.base import Analysis, Direction, Frame, Timeline, Waiting
from engines.people.faces import FaceFinder
from engines.restoration.base import unwatched
from engines.restoration.tracks import enhanced
from engines.wav2lip.engine import Wav2LipEngine
from tests.engines.people.portrait import VOICE, picture, points
from tests.engines.wav2lip.generators import generator

pytestmark = pytest.mark.unit

#: Frames of the video, and which of them show nobody.
FRAMES, EMPTY = 24, range(16, 20)


@dataclass
class Recorder:
    """Leaves frames as they are and keeps what it was given."""

    summary: str = "records"
    shares: list[float] = field(default_factory=list)
    eyes: list[float] = field(default_factory=list)

    def enhance(
        self,
        frame: Frame,
        points: NDArray[np.float64],
        grain: float,
        share: float = 1.0,
        alive: Waiting = unwatched,
    ) -> Frame:
        alive()
        self.shares.append(share)
        self.eyes.append(float(points.mean(0)[0]))
        return frame


def _video() -> list[Frame]:
    return [np.full_like(picture(), 120) if number in EMPTY else picture() for number in range(FRAMES)]


@pytest.fixture(scope="module")
def engine() -> Wav2LipEngine:
    return Wav2LipEngine(generator(), FaceFinder(torch.device("cpu")), Recorder())


@pytest.fixture(scope="module")
def analysis(engine: Wav2LipEngine) -> Analysis:
    shown = Timeline(
        fps=Fraction(25),
        source_fps=Fraction(25),
        width=512,
        height=512,
        source_index=np.arange(FRAMES, dtype=np.int32),
        is_portrait=False,
    )
    return engine.analyse(_video(), [read_speech(VOICE)], shown, Direction(enhance=True), lambda _: None)


def test_every_face_that_is_seen_is_enhanced_where_it_is(analysis: Analysis) -> None:
    recorder, calls = Recorder(), []

    list(enhanced(_video(), analysis.tensors, 0, recorder, lambda: calls.append(True)))

    assert len(recorder.shares) == FRAMES - len(EMPTY) == len(calls)
    assert max(recorder.shares) == 1
    assert recorder.shares[EMPTY.start - 1] < 0.5
    assert np.abs(np.array(recorder.eyes) - points().mean(0)[0]).max() < 2


def test_a_segment_is_enhanced_as_the_whole_is(analysis: Analysis) -> None:
    whole, part = Recorder(), Recorder()

    list(enhanced(_video(), analysis.tensors, 0, whole, unwatched))
    list(enhanced(_video()[8:12], analysis.tensors, 8, part, unwatched))

    assert part.shares == whole.shares[8:12]
    assert part.eyes == whole.eyes[8:12]


def test_nothing_is_enhanced_unasked(analysis: Analysis) -> None:
    recorder, frames = Recorder(), _video()
    bare = {name: array for name, array in analysis.tensors.items() if not name.startswith("clearer")}

    made = list(enhanced(frames, bare, 0, recorder, unwatched))

    assert recorder.shares == []
    assert all(one is other for one, other in zip(made, frames, strict=True))


def test_the_engine_enhances_what_it_drew(engine: Wav2LipEngine, analysis: Analysis) -> None:
    drawn = list(engine.render_segment(_video()[:2], analysis, 0, lambda _: None))

    assert len(drawn) == 2
    assert isinstance(engine._enhancer, Recorder)
    assert len(engine._enhancer.shares) == 2
