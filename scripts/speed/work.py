"""A job's media work and its baseline, cut as a service cuts it, for processes that each do a part."""

import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from dataclasses import dataclass, replace
from multiprocessing import get_context
from multiprocessing.synchronize import Barrier
from pathlib import Path

import cv2
import torch

from contracts.jobs import MediaInfo, OutputOptions, Role
from contracts.settings import SOFTWARE_ENCODER, Device, Settings
from contracts.steps import Segment
from engines import join, pipeline
from engines.ahead import made_ahead, taken_behind
from engines.analysis import load_analysis
from engines.audio import read_speech
from engines.base import Direction, Engine
from engines.encode import encode_segment
from engines.media import VideoSource
from engines.registry import load
from scripts.speed.fixed_face import drive_always, look_nowhere
from scripts.speed.tasks import ARTICULATE, Chosen, Task

SEGMENT_S = 4.0
_ROLE = MediaInfo(role=Role.VIDEO, field="source", blob="", container="", size_bytes=0)


_loaded: dict[tuple[Device, Chosen], Engine] = {}


def engine(device: Device = "cpu", chosen: Chosen = ARTICULATE) -> Engine:
    """This process's engine, loaded as a worker loads it."""
    if (device, chosen) not in _loaded:
        torch.set_num_threads(chosen.threads)
        cv2.setNumThreads(chosen.threads)
        settings = Settings(device=device, torch_threads=chosen.threads, accept_licences=frozenset({chosen.name}))
        if chosen.models:
            settings = replace(settings, models_dir=chosen.models)
        loaded = load(chosen.name, settings)
        if chosen.face:
            look_nowhere(loaded, chosen.face)
        _loaded[device, chosen] = loaded
    return _loaded[device, chosen]


def analyse(task: Task, device: Device = "cpu", encoder: str = SOFTWARE_ENCODER) -> pipeline.Plan:
    """The first step."""
    voices = [read_speech(task.voice)]
    plan = pipeline.analyse(
        engine(device, task.chosen),
        task.clip,
        _ROLE,
        voices,
        task.seconds,
        OutputOptions(),
        SEGMENT_S,
        Direction(),
        task.analysis,
        _ignore,
        encoder=encoder,
    )
    if task.chosen.face:
        drive_always(task.analysis)
    return plan


def render(task: Task, segment: Segment, device: Device = "cpu") -> None:
    """One segment."""
    pipeline.render(engine(device, task.chosen), task.clip, _ROLE, task.analysis, segment, task.piece(segment), _ignore)


def transcode(task: Task, segment: Segment) -> None:
    """The baseline: a segment's frames decoded and encoded as `render` does it, and nothing done to them."""
    timeline = load_analysis(task.analysis).timeline
    source, size = VideoSource(task.clip), (timeline.width, timeline.height)
    shown = timeline.source_index[segment.start : segment.end]
    with closing(made_ahead(lambda alive: source.frames_at(shown, size, alive), _rest)) as frames:
        taken_behind(frames, lambda given: encode_segment(given, timeline.fps, size, task.piece(segment)))


def publish(task: Task, plan: pipeline.Plan) -> Path:
    """The last step."""
    out = task.folder / "output.mp4"
    join.publish([task.piece(segment) for segment in plan.segments], task.voice, plan.duration_s, out, _ignore)
    return out


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Wall seconds of a whole job and of its steps, and of the same frames decoded and encoded only."""

    analyse_s: float
    render_s: float
    join_s: float
    bare_s: float

    @property
    def whole_s(self) -> float:
        """The job, from its first step to the finished file."""
        return self.analyse_s + self.render_s + self.join_s


def run(task: Task, processes: int) -> tuple[pipeline.Plan, Cost]:
    """Do a job and its baseline with so many processes, loaded before, which take segments as they become free."""
    context = get_context("spawn")
    barrier = context.Barrier(processes + 1)
    with ProcessPoolExecutor(processes, mp_context=context, initializer=_start, initargs=(barrier,)) as pool:
        for _ in range(processes):
            pool.submit(_noop)
        barrier.wait()
        began = time.perf_counter()
        plan = pool.submit(analyse, task).result()
        analysed = time.perf_counter()
        _over_segments(pool, render, task, plan)
        rendered = time.perf_counter()
        publish(task, plan)
        joined = time.perf_counter()
        _over_segments(pool, transcode, task, plan)
        bare = time.perf_counter()
    return plan, Cost(
        analyse_s=analysed - began, render_s=rendered - analysed, join_s=joined - rendered, bare_s=bare - joined
    )


def _start(barrier: Barrier) -> None:
    engine()
    barrier.wait()


def _noop() -> None:
    """Makes the pool start one more process."""


def _over_segments(
    pool: ProcessPoolExecutor, step: Callable[[Task, Segment], None], task: Task, plan: pipeline.Plan
) -> None:
    for done in [pool.submit(step, task, segment) for segment in plan.segments]:
        done.result()


def _ignore(_fraction: float) -> None:
    """Nobody reads the progress."""


def _rest() -> None:
    """Nobody asks for signs of life."""
