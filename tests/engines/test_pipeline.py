import random
import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from contracts.engines import Capabilities
from contracts.errors import EngineFault, EngineMemory, NoFace, UnreadableMedia
from contracts.jobs import MediaInfo, OutputOptions, Role
from engines.audio import read_speech
from engines.base import Analysis, Direction, Engine, Frame, Report, Speech, Timeline
from engines.join import publish
from engines.pipeline import MOST_SEGMENTS, MaskFile, Plan, analyse, cut_segments, render
from tests.activities.media import write_face
from tests.engines.generated_media import likeness, pictures, read_video, write_sound, write_video
from tests.trivial_engine.trivial_engine import TrivialEngine

pytestmark = pytest.mark.unit


def ignore(_fraction: float) -> None:
    """Stands for a report that nobody reads."""


def info(role: Role) -> MediaInfo:
    return MediaInfo(role=role, field=str(role), blob="", container="", size_bytes=0)


@dataclass
class Job:
    """One job's files, done with an engine."""

    folder: Path
    source: Path
    role: Role
    speech: Path
    audio_s: float
    engine: Engine

    def analyse(
        self,
        options: OutputOptions | None = None,
        segment_s: float = 0.2,
        report: Report = ignore,
        voices: int = 1,
        direction: Direction = Direction(),  # noqa: B008 - immutable
        mask: MaskFile | None = None,
    ) -> Plan:
        return analyse(
            self.engine,
            self.source,
            info(self.role),
            [read_speech(self.speech)] * voices,
            self.audio_s,
            options or OutputOptions(),
            segment_s,
            direction=direction,
            out=self.folder / "analysis",
            report=report,
            mask=mask,
        )

    def render(self, plan: Plan, index: int, report: Report = ignore) -> Path:
        out = self.folder / f"segment-{index}.mp4"
        render(self.engine, self.source, info(self.role), self.folder / "analysis", plan.segments[index], out, report)
        return out

    def whole(self, plan: Plan, order: Iterable[int]) -> Path:
        for index in order:
            self.render(plan, index)
        pieces = [self.folder / f"segment-{segment.index}.mp4" for segment in plan.segments]
        publish(pieces, self.speech, plan.duration_s, self.folder / "out.mp4", ignore)
        return self.folder / "out.mp4"


@pytest.fixture
def portrait(tmp_path: Path) -> Job:
    source = write_face(tmp_path / "face.png", width=65, height=49)
    speech = write_sound(tmp_path / "voice.wav", 0.8)
    return Job(tmp_path, source, Role.IMAGE, speech, 0.8, TrivialEngine())


@pytest.fixture
def video(tmp_path: Path) -> Job:
    source = write_video(tmp_path / "a.mp4", pictures(12), gop=6)
    speech = write_sound(tmp_path / "voice.m4a", 1.2, codec="aac", rate=44100)
    return Job(tmp_path, source, Role.VIDEO, speech, 1.2, TrivialEngine())


@pytest.mark.parametrize("frames", [1, 2, 3, 24, 25, 99, 100, 149, 151, 1000, 7501])
@pytest.mark.parametrize("length", [0.5, 1.0, 24 / 1.001, 100.0, 1e9])
def test_segments_cover_every_frame_once_and_in_order(frames: int, length: float) -> None:
    segments = cut_segments(frames, length)

    assert [segment.index for segment in segments] == list(range(len(segments)))
    assert segments[0].start == 0
    assert segments[-1].end == frames
    assert all(before.end == after.start for before, after in pairwise(segments))
    assert all(segment.start < segment.end for segment in segments), "none is empty"


def test_segments_are_equal_but_for_one_frame() -> None:
    lengths = {segment.end - segment.start for segment in cut_segments(1003, 100)}

    assert lengths <= {100, 101}


def test_ten_hours_are_cut_into_no_more_segments_than_a_workflow_can_have() -> None:
    segments = cut_segments(10 * 3600 * 25, 4 * 25)

    assert len(segments) == MOST_SEGMENTS == 1000
    assert [segment.start for segment in segments[1:]] == [segment.end for segment in segments[:-1]]
    assert (segments[0].start, segments[-1].end) == (0, 10 * 3600 * 25)


def test_a_portrait_becomes_a_video_as_long_as_its_audio(portrait: Job) -> None:
    plan = portrait.analyse()
    out = portrait.whole(plan, range(len(plan.segments)))

    assert (plan.frames, plan.width, plan.height, plan.duration_s) == (20, 64, 48, 0.8)
    assert len(plan.segments) == 4
    frames = read_video(out)
    assert len(frames) == 20
    assert frames[0].shape == (48, 64, 3)
    with av.open(str(out)) as container:
        assert (container.duration or 0) / av.time_base == pytest.approx(0.8, abs=0.002)
        assert container.streams.video[0].average_rate == 25


def test_a_video_shorter_than_its_audio_plays_to_and_fro(video: Job) -> None:
    plan = video.analyse()
    frames = read_video(video.whole(plan, range(len(plan.segments))))

    forth = [*range(12), *range(10, 0, -1), *range(8)]
    source = read_video(video.source)
    assert plan.frames == len(frames) == 30
    nearest = [min(range(12), key=lambda number: likeness(frame, source[number])) for frame in frames]
    assert nearest == forth


def test_the_request_decides_on_size_and_rate(video: Job) -> None:
    plan = video.analyse(OutputOptions(short_side_px=32, fps=29.97))
    out = video.whole(plan, range(len(plan.segments)))

    assert (plan.width, plan.height, plan.frames) == (48, 32, 36)
    with av.open(str(out)) as container:
        stream = container.streams.video[0]
        assert (stream.width, stream.height, stream.average_rate) == (48, 32, Fraction(30000, 1001))


@pytest.mark.parametrize("kind", ["portrait", "video"])
def test_segments_rendered_in_another_order_give_the_same_bytes(request: pytest.FixtureRequest, kind: str) -> None:
    job: Job = request.getfixturevalue(kind)
    plan = job.analyse()
    in_order = job.whole(plan, range(len(plan.segments))).read_bytes()
    shuffled = random.Random(1).sample(range(len(plan.segments)), len(plan.segments))

    assert job.whole(plan, shuffled).read_bytes() == in_order
    assert shuffled != sorted(shuffled)


def test_an_analysis_made_again_gives_the_same_bytes(video: Job) -> None:
    plans = []
    for _ in range(2):
        plans.append((video.analyse(), (video.folder / "analysis").read_bytes()))

    assert plans[0] == plans[1]


def test_progress_rises_to_the_end_while_a_segment_is_rendered(video: Job) -> None:
    plan = video.analyse()
    told: list[float] = []

    video.render(plan, 0, told.append)

    assert told == sorted(told)
    assert (told[0], told[-1]) == (0, 1)
    assert len(told) > plan.segments[0].end


def test_a_report_that_raises_stops_the_work(video: Job) -> None:
    plan = video.analyse()

    def cancel(_fraction: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        video.analyse(report=cancel)
    with pytest.raises(KeyboardInterrupt):
        video.render(plan, 0, cancel)
    assert not [thread.name for thread in threading.enumerate() if thread.name.startswith(("ahead", "behind"))]


class Faulty(TrivialEngine):
    """Gives `surplus` frames more than it is asked for, or runs out of memory."""

    def __init__(self, surplus: int = 0, fault: type[Exception] | None = None) -> None:
        self._surplus = surplus
        self._fault = fault

    def render_segment(
        self, frames: Iterable[Frame], analysis: Analysis, start: int, report: Report
    ) -> Iterator[Frame]:
        if self._fault:
            raise self._fault
        given = list(frames)
        yield from given[: len(given) + min(self._surplus, 0)]
        yield from given[: max(self._surplus, 0)]


@pytest.mark.parametrize(("surplus", "given"), [(-1, 4), (-5, 0), (2, 7)])
def test_an_engine_that_gives_too_few_or_too_many_frames_is_at_fault(video: Job, surplus: int, given: int) -> None:
    plan = video.analyse()
    video.engine = Faulty(surplus)

    with pytest.raises(EngineFault, match=rf"^the engine gave {given} frames for 5$"):
        video.render(plan, 0)


def test_want_of_memory_while_rendering_is_told_with_a_remedy(video: Job) -> None:
    plan = video.analyse()
    video.engine = Faulty(fault=MemoryError)

    with pytest.raises(EngineMemory) as fault:
        video.render(plan, 0)

    assert fault.value.remedy


class Looking(TrivialEngine):
    """Keeps what it was shown; finds no face if it is told so."""

    def __init__(self, finds_nothing: bool = False) -> None:
        self._finds_nothing = finds_nothing
        self.shown: list[Frame] = []
        self.speech: Speech | None = None

    def analyse(
        self,
        frames: Iterable[Frame],
        voices: Sequence[Speech],
        timeline: Timeline,
        direction: Direction,
        report: Report,
    ) -> Analysis:
        if self._finds_nothing:
            raise NoFace("no face was found")
        self.shown, (self.speech,) = list(frames), voices
        return Analysis(tensors={"seed": np.array([direction.seed])}, warnings=("blurred",))


def test_an_engine_sees_each_needed_frame_once_at_the_size_of_the_output(video: Job) -> None:
    video.engine = engine = Looking()
    video.audio_s = 0.32

    plan = video.analyse(OutputOptions(short_side_px=32))

    assert plan.warnings == ("blurred",)
    assert len(engine.shown) == 8, "no more of the source than the output shows"
    assert {frame.shape for frame in engine.shown} == {(32, 48, 3)}
    assert engine.speech is not None
    assert engine.speech.rate == 16000


def test_a_source_in_which_nothing_speaks_leaves_no_analysis(portrait: Job) -> None:
    portrait.engine = Looking(finds_nothing=True)

    with pytest.raises(NoFace):
        portrait.analyse()

    assert not (portrait.folder / "analysis").exists()


def test_the_long_way_to_a_late_segment_is_reported_and_can_be_cancelled(tmp_path: Path) -> None:
    source = write_video(tmp_path / "a.avi", pictures(120), codec="mpeg4", gop=600)
    speech = write_sound(tmp_path / "voice.wav", 4.8)
    job = Job(tmp_path, source, Role.VIDEO, speech, 4.8, TrivialEngine())
    plan = job.analyse()
    told: list[float] = []

    def cancelled_on_the_way(fraction: float) -> None:
        told.append(fraction)
        if len(told) == 3:
            raise TimeoutError

    with pytest.raises(TimeoutError):
        job.render(plan, len(plan.segments) - 1, cancelled_on_the_way)
    assert set(told) == {0.0}


def test_an_analysis_reports_while_it_looks_for_the_frames(video: Job) -> None:
    told: list[float] = []

    video.analyse(report=told.append)

    assert told[0] == 0.0, "also while the file is opened"


class Inverting(TrivialEngine):
    """Turns every pixel's colour round; says what it was asked for."""

    def __init__(self, capabilities: Capabilities | None = None) -> None:
        self.info = replace(TrivialEngine.info, capabilities=capabilities or Capabilities())
        self.directions: list[Direction] = []

    def analyse(
        self,
        frames: Iterable[Frame],
        voices: Sequence[Speech],
        timeline: Timeline,
        direction: Direction,
        report: Report,
    ) -> Analysis:
        self.directions.append(direction)
        return super().analyse(frames, voices, timeline, direction, report)

    def render_segment(
        self, frames: Iterable[Frame], analysis: Analysis, start: int, report: Report
    ) -> Iterator[Frame]:
        for frame in frames:
            yield 255 - frame


def _mask_file(folder: Path, width: int, height: int) -> MaskFile:
    """Dark on the left, bright on the right."""
    pixels = np.zeros((height, width), np.uint8)
    pixels[:, width // 2 :] = 255
    assert cv2.imwrite(str(folder / "mask.png"), pixels)
    return MaskFile(path=folder / "mask.png", field="mask_image")


def test_what_changes_where_the_mask_is_dark_is_taken_back(video: Job) -> None:
    unmasked = read_video(video.whole(video.analyse(), range(6)))
    video.engine = Inverting()
    masked = read_video(video.whole(video.analyse(mask=_mask_file(video.folder, 96, 64)), range(6)))

    for before, after in zip(unmasked, masked, strict=True):
        assert np.abs(after[:, :40].astype(int) - before[:, :40]).mean() < 4
        assert np.abs(after[:, 56:].astype(int) - (255 - before[:, 56:].astype(int))).mean() < 8


def test_an_engine_is_shown_the_mask_at_the_size_of_the_output(video: Job) -> None:
    video.engine = engine = Inverting()
    video.analyse(OutputOptions(short_side_px=32), mask=_mask_file(video.folder, 192, 128))

    (direction,) = engine.directions
    assert direction.mask is not None
    assert direction.mask.shape == (32, 48)
    assert (direction.mask[:, :20] == 0).all()


def test_a_mask_of_another_aspect_is_refused_by_its_field(video: Job) -> None:
    with pytest.raises(UnreadableMedia) as fault:
        video.analyse(mask=_mask_file(video.folder, 64, 64))

    assert fault.value.field == "mask_image"


def test_an_engine_of_one_face_cannot_have_two_voices(video: Job) -> None:
    video.engine = Inverting()

    with pytest.raises(EngineFault, match=r"'trivial' drives one face.* 2 voices") as fault:
        video.analyse(voices=2)

    assert fault.value.remedy


def test_an_engine_of_stills_takes_no_video(video: Job) -> None:
    video.engine = Inverting(Capabilities(video=False))

    with pytest.raises(EngineFault, match="'trivial' takes no video") as fault:
        video.analyse()

    assert fault.value.remedy


def test_what_an_engine_cannot_do_is_told(video: Job) -> None:
    direction = Direction(prompt="calm", enhance=True)
    video.engine = Inverting()
    told = video.analyse(direction=direction).warnings
    video.engine = Inverting(Capabilities(prompt=True, enhance=True))

    assert told == (
        "the prompt changes nothing: the engine 'trivial' cannot do that",
        "faces are not enhanced: the engine 'trivial' cannot do that",
    )
    assert video.analyse(direction=direction).warnings == ()
    assert video.analyse().warnings == ()
