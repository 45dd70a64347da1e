"""Analyse, render and publish with the real pipeline and an engine that changes nothing."""

import signal
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

import cv2
import numpy as np
import pytest
import torch
from temporalio.exceptions import ApplicationError, CancelledError
from temporalio.testing import ActivityEnvironment

from activities.analyse import Analyse
from activities.engine_cache import EngineCache
from activities.publish import Publish
from activities.render import Render
from activities.workplace import Workplace
from contracts.engines import Capabilities, EngineInfo
from contracts.errors import NoFace
from contracts.jobs import FaceChoice, MediaInfo, OutputOptions, Role, Side, TimedText, Timings
from contracts.steps import AnalyseInput, AnalyseResult, PublishInput, RenderInput, Voice
from engines.base import (
    HEARD,
    Analysis,
    Direction,
    Frame,
    Report,
    Speech,
    TimedPhone,
    Timeline,
)
from engines.timings import write_timings
from tests.activities.media import write_face, write_voice

pytestmark = pytest.mark.unit

T = TypeVar("T")
JOB = "job1"
INFO = EngineInfo(
    name="passing", summary="", licence="", capabilities=Capabilities(several_faces=True, prompt=True, enhance=True)
)


@dataclass
class PassingEngine:
    """Shows the source as it is. `fault` is raised instead, once; `rendered` counts segments."""

    fault: Exception | None = None
    rendered: list[int] = field(default_factory=list)
    voices: Sequence[Speech] = ()
    direction: Direction | None = None
    info: EngineInfo = INFO

    def analyse(
        self,
        frames: Iterable[Frame],
        voices: Sequence[Speech],
        timeline: Timeline,
        direction: Direction,
        report: Report,
    ) -> Analysis:
        self._fail_once()
        self.voices, self.direction = voices, direction
        return Analysis(tensors={"seed": np.array([direction.seed], np.float32)}, warnings=("all is as it was",))

    def render_segment(
        self, frames: Iterable[Frame], analysis: Analysis, start: int, report: Report
    ) -> Iterator[Frame]:
        self._fail_once()
        self.rendered.append(start)
        yield from frames

    def _fail_once(self) -> None:
        fault, self.fault = self.fault, None
        if fault:
            raise fault


@pytest.fixture
def engine() -> PassingEngine:
    return PassingEngine()


@pytest.fixture
def inputs(workplace: Workplace, tmp_path: Path) -> tuple[MediaInfo, MediaInfo]:
    face = MediaInfo(
        role=Role.IMAGE, field="image", blob="jobs/job1/inputs/image-1", container="image/png", size_bytes=1
    )
    voice = MediaInfo(
        role=Role.AUDIO,
        field="audio",
        blob="jobs/job1/inputs/audio-1",
        container="audio/wav",
        size_bytes=1,
        duration_s=1.2,
    )
    workplace.blobs.put(face.blob, write_face(tmp_path / "face.png"))
    workplace.blobs.put(voice.blob, write_voice(tmp_path / "voice.wav", seconds=1.2))
    return face, voice


def _cache(engine: PassingEngine) -> EngineCache:
    return EngineCache({"passing": engine}.__getitem__)


def _environment(run_id: str = "run-one") -> ActivityEnvironment:
    environment = ActivityEnvironment()
    environment.info = replace(environment.info, workflow_run_id=run_id)
    return environment


def _analyse(
    workplace: Workplace,
    engine: PassingEngine,
    inputs: tuple[MediaInfo, MediaInfo],
    run_id: str = "run-one",
    voices: tuple[Voice, ...] = (),
    mask: MediaInfo | None = None,
    sync_offset_ms: int = 0,
    encoder: str = "libx264",
) -> AnalyseResult:
    face, voice = inputs
    wanted = AnalyseInput(
        job_id=JOB,
        engine="passing",
        source=face,
        voices=voices or (Voice(media=voice),),
        audio=voice,
        options=OutputOptions(enhance=True, sync_offset_ms=sync_offset_ms),
        seed=3,
        prompt="calm",
        mask=mask,
        face=FaceChoice.LEFT,
    )
    return _environment(run_id).run(Analyse(workplace, _cache(engine), encoder).analyse, wanted)


def _segment(analysis: AnalyseResult, face: MediaInfo, index: int) -> RenderInput:
    return RenderInput(
        job_id=JOB, engine="passing", source=face, analysis=analysis.analysis, segment=analysis.segments[index]
    )


def _render(
    workplace: Workplace, engine: PassingEngine, step: RenderInput, environment: ActivityEnvironment | None = None
) -> str:
    return (environment or _environment()).run(Render(workplace, _cache(engine)).render, step).blob


def _scratch(workplace: Workplace) -> list[Path]:
    return [path for path in (workplace.settings.data_dir / "scratch").rglob("*") if path.is_file()]


def test_an_analysis_plans_segments_that_cover_the_audio(
    workplace: Workplace, engine: PassingEngine, inputs: tuple[MediaInfo, MediaInfo]
) -> None:
    plan = _analyse(workplace, engine, inputs)

    assert (plan.frames, plan.width, plan.height) == (30, 64, 48)
    assert plan.segments[0].start == 0
    assert plan.segments[-1].end == 30
    assert len(plan.segments) == 2
    assert plan.warnings == ("all is as it was",)
    assert workplace.blobs.exists(plan.analysis)


def test_segments_join_to_an_output_as_long_as_the_audio(
    workplace: Workplace, engine: PassingEngine, inputs: tuple[MediaInfo, MediaInfo]
) -> None:
    plan = _analyse(workplace, engine, inputs)
    segments = tuple(_render(workplace, engine, _segment(plan, inputs[0], index)) for index in range(2))

    step = PublishInput(job_id=JOB, segments=segments, audio=inputs[1], duration_s=plan.duration_s)
    published = _environment().run(Publish(workplace).publish, step)

    assert published.output == "jobs/job1/output.mp4"
    assert published.duration_s == pytest.approx(1.2)
    assert published.size_bytes == workplace.blobs.size(published.output)
    assert _scratch(workplace) == []


def test_a_segment_that_is_finished_is_not_rendered_again(
    workplace: Workplace, engine: PassingEngine, inputs: tuple[MediaInfo, MediaInfo]
) -> None:
    step = _segment(_analyse(workplace, engine, inputs), inputs[0], 0)

    assert _render(workplace, engine, step) == _render(workplace, engine, step)
    assert engine.rendered == [0]


def test_a_run_from_the_start_shares_nothing_with_the_one_before(
    workplace: Workplace, engine: PassingEngine, inputs: tuple[MediaInfo, MediaInfo]
) -> None:
    first = _segment(_analyse(workplace, engine, inputs), inputs[0], 0)
    second = _segment(_analyse(workplace, engine, inputs, run_id="run-two"), inputs[0], 0)

    assert _render(workplace, engine, first) != _render(workplace, engine, second)
    assert engine.rendered == [0, 0]


def test_two_attempts_at_a_segment_give_the_same_bytes(
    workplace: Workplace, engine: PassingEngine, inputs: tuple[MediaInfo, MediaInfo]
) -> None:
    step = _segment(_analyse(workplace, engine, inputs), inputs[0], 1)
    first = workplace.blobs.local(_render(workplace, engine, step)).read_bytes()
    workplace.blobs.delete(_render(workplace, engine, step))

    assert workplace.blobs.local(_render(workplace, engine, step)).read_bytes() == first


def test_a_cancelled_segment_leaves_neither_blob_nor_scratch(
    workplace: Workplace, engine: PassingEngine, inputs: tuple[MediaInfo, MediaInfo]
) -> None:
    step = _segment(_analyse(workplace, engine, inputs), inputs[0], 0)
    environment = _environment()
    environment.on_heartbeat = lambda *details: environment.cancel()

    with pytest.raises(CancelledError):
        _render(workplace, engine, step, environment)

    assert _scratch(workplace) == []
    assert list((workplace.settings.data_dir / "blobs").rglob("segment-*")) == []


@pytest.mark.parametrize("fault", [MemoryError(), torch.OutOfMemoryError("CUDA out of memory")])
def test_want_of_memory_is_to_be_tried_again(
    workplace: Workplace, engine: PassingEngine, inputs: tuple[MediaInfo, MediaInfo], fault: Exception
) -> None:
    engine.fault = fault

    with pytest.raises(ApplicationError) as failure:
        _analyse(workplace, engine, inputs)

    assert (failure.value.type, failure.value.non_retryable) == ("engine_memory", False)


def test_a_device_that_failed_is_left_to_a_fresh_worker(
    workplace: Workplace, engine: PassingEngine, inputs: tuple[MediaInfo, MediaInfo]
) -> None:
    engine.fault = torch.AcceleratorError("CUDA error: an illegal memory access was encountered")
    signals: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, frame: signals.append(number))

    try:
        with pytest.raises(ApplicationError) as failure:
            _analyse(workplace, engine, inputs)
    finally:
        signal.signal(signal.SIGTERM, before)

    assert (failure.value.type, failure.value.non_retryable) == ("unavailable", False)
    assert signals == [signal.SIGTERM]


def test_a_source_without_a_face_is_named_as_the_request_named_it(
    workplace: Workplace, engine: PassingEngine, inputs: tuple[MediaInfo, MediaInfo]
) -> None:
    engine.fault = NoFace("no face was found")

    with pytest.raises(ApplicationError, match=r"^no_face: image: no face was found$") as failure:
        _analyse(workplace, engine, inputs)

    assert failure.value.non_retryable


def test_a_mask_that_hides_all_faces_is_named_as_the_request_named_it(
    workplace: Workplace, engine: PassingEngine, inputs: tuple[MediaInfo, MediaInfo], tmp_path: Path
) -> None:
    engine.fault = NoFace("no face was found where the mask is bright")

    with pytest.raises(ApplicationError, match=r"^no_face: mask_image: no face was found where"):
        _analyse(workplace, engine, inputs, mask=_mask(workplace, tmp_path, 64, 48))


def _mask(workplace: Workplace, folder: Path, width: int, height: int) -> MediaInfo:
    info = MediaInfo(
        role=Role.MASK, field="mask_image", blob="jobs/job1/inputs/mask-1", container="image/png", size_bytes=1
    )
    assert cv2.imwrite(str(folder / "mask.png"), np.full((height, width), 255, np.uint8))
    workplace.blobs.put(info.blob, folder / "mask.png")
    return info


def test_the_engine_is_told_how_to_act_and_look(
    workplace: Workplace, engine: PassingEngine, inputs: tuple[MediaInfo, MediaInfo], tmp_path: Path
) -> None:
    _analyse(workplace, engine, inputs, mask=_mask(workplace, tmp_path, 64, 48))

    assert engine.direction is not None
    assert (engine.direction.seed, engine.direction.prompt, engine.direction.enhance) == (3, "calm", True)
    assert engine.direction.face is FaceChoice.LEFT
    assert engine.direction.mask is not None
    assert engine.direction.mask.shape == (48, 64)


def test_a_mask_of_another_aspect_fails_the_job(
    workplace: Workplace, engine: PassingEngine, inputs: tuple[MediaInfo, MediaInfo], tmp_path: Path
) -> None:
    with pytest.raises(ApplicationError, match=r"^unreadable_media: mask_image: the mask is 64 x 64") as failure:
        _analyse(workplace, engine, inputs, mask=_mask(workplace, tmp_path, 64, 64))

    assert failure.value.non_retryable


def test_each_voice_begins_at_its_time_and_drives_its_side(
    workplace: Workplace, engine: PassingEngine, inputs: tuple[MediaInfo, MediaInfo]
) -> None:
    voice = inputs[1]
    _analyse(
        workplace,
        engine,
        inputs,
        voices=(Voice(media=voice, side=Side.LEFT), Voice(media=voice, side=Side.RIGHT, start_s=0.5)),
    )
    left, right = engine.voices

    assert (left.side, right.side) == (Side.LEFT, Side.RIGHT)
    assert not right.samples[:8000].any()
    assert np.array_equal(right.samples[8000:], left.samples)


def test_known_timings_come_with_their_voice(
    workplace: Workplace, engine: PassingEngine, inputs: tuple[MediaInfo, MediaInfo], tmp_path: Path
) -> None:
    write_timings([TimedPhone(symbol="a", start_s=0.1, end_s=0.2)], tmp_path / "timings.json")
    workplace.blobs.put("jobs/job1/inputs/timings", tmp_path / "timings.json")
    _analyse(
        workplace,
        engine,
        inputs,
        voices=(Voice(media=inputs[1], start_s=0.5, phones="jobs/job1/inputs/timings"),),
    )
    ((phone,),) = (voice.phones for voice in engine.voices)

    assert (phone.symbol, phone.start_s, phone.end_s) == ("a", pytest.approx(0.6), pytest.approx(0.7))


@pytest.mark.parametrize("offset_ms", [0, 40, -40])
def test_given_timings_come_with_their_voice_and_the_offset_moves_them(
    workplace: Workplace, engine: PassingEngine, inputs: tuple[MediaInfo, MediaInfo], offset_ms: int
) -> None:
    timings = Timings(
        field="timings",
        entries=(TimedText(phones="m", start_s=0.1, end_s=0.2), TimedText(text="Hallo", start_s=0.2, end_s=0.6)),
        language="de",
    )
    plan = _analyse(
        workplace, engine, inputs, voices=(Voice(media=inputs[1], timings=timings),), sync_offset_ms=offset_ms
    )
    (voice,) = engine.voices

    assert [phone.symbol for phone in voice.phones] == ["m", HEARD]
    assert voice.phones[0].start_s == pytest.approx(0.1 + offset_ms / 1000)
    assert len(voice.samples) == pytest.approx(16000 * 1.2 + 16 * offset_ms, abs=1)
    assert plan.frames == 30
    assert plan.warnings[0].startswith("there is no dictionary of de")
    assert plan.warnings[1:] == ("all is as it was",)


def test_timings_beyond_the_sound_fail_the_job_at_once_and_are_named(
    workplace: Workplace, engine: PassingEngine, inputs: tuple[MediaInfo, MediaInfo]
) -> None:
    timings = Timings(field="formState.timings", entries=(TimedText(phones="m", start_s=1.0, end_s=1.5),))

    with pytest.raises(
        ApplicationError, match=r"^invalid_request: formState\.timings\.0\.end: 1\.5 s is beyond"
    ) as fault:
        _analyse(workplace, engine, inputs, voices=(Voice(media=inputs[1], timings=timings),))

    assert fault.value.non_retryable


def test_an_engine_is_loaded_once() -> None:
    loaded: list[str] = []

    def load(name: str) -> PassingEngine:
        loaded.append(name)
        return PassingEngine()

    cache = EngineCache(load)

    assert cache.get("passing") is cache.get("passing")
    assert loaded == ["passing"]


def test_a_segment_is_encoded_as_its_analysis_says_or_left_to_another_worker(
    workplace: Workplace, engine: PassingEngine, inputs: tuple[MediaInfo, MediaInfo]
) -> None:
    analysis = _analyse(workplace, engine, inputs, encoder="h264_none")

    with pytest.raises(ApplicationError, match="h264_none") as fault:
        _render(workplace, engine, _segment(analysis, inputs[0], 0))

    assert not fault.value.non_retryable
