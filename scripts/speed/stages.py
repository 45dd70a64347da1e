"""Where a job's time goes: its stages one after the other in one thread, though a worker does several at once."""

import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

import numpy as np
from torch import nn
from torch.nn.modules.module import register_module_forward_hook, register_module_forward_pre_hook

from contracts.jobs import OutputOptions
from engines.audio import read_speech
from engines.base import Analysis, Direction, Frame, Timeline
from engines.encode import encode_segment
from engines.media import VideoSource
from engines.pipeline import cut_segments
from engines.timeline import video_timeline
from scripts.speed.tasks import Task
from scripts.speed.work import SEGMENT_S, engine

#: What the networks are called in the results.
_NETWORKS = {"FaceDetector": "detect", "FaceMesh": "mesh", "Hearing": "speech"}


@dataclass(slots=True)
class Clock:
    """Wall and processor seconds by name; work of one name inside another's counts for both."""

    wall_s: dict[str, float] = field(default_factory=dict)
    busy_s: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def at(self, name: str) -> Iterator[None]:
        """Count what is done inside the block; processor time is that of all threads."""
        wall, busy = time.perf_counter(), time.process_time()
        try:
            yield
        finally:
            self.wall_s[name] = self.wall_s.get(name, 0.0) + time.perf_counter() - wall
            self.busy_s[name] = self.busy_s.get(name, 0.0) + time.process_time() - busy

    def each(self, name: str, frames: Iterable[Frame]) -> Iterator[Frame]:
        """Count the making of each frame."""
        remaining = iter(frames)
        while True:
            with self.at(name):
                frame = next(remaining, None)
            if frame is None:
                return
            yield frame


def stages(task: Task) -> dict[str, dict[str, float]]:
    """Do a job stage by stage.

    Returns:
        For each stage its processor and wall milliseconds per output frame, and its share of the processor time.
    """
    clock = Clock()
    source = VideoSource(task.clip)
    timeline = video_timeline(source.size, source.times_s, source.duration_s, source.fps, task.seconds, OutputOptions())
    engine()
    with _networks(clock):
        analysis = _analyse(clock, task, source, timeline)
    _render(clock, task, source, timeline, analysis)
    return _table(clock, timeline.frames)


def _analyse(clock: Clock, task: Task, source: VideoSource, timeline: Timeline) -> Analysis:
    needed = np.arange(timeline.source_index.max() + 1, dtype=np.int32)
    frames = clock.each("analyse: decode", source.frames_at(needed, (timeline.width, timeline.height)))
    with clock.at("analyse"):
        return engine().analyse(frames, [read_speech(task.voice)], timeline, Direction(), lambda fraction: None)


def _render(clock: Clock, task: Task, source: VideoSource, timeline: Timeline, analysis: Analysis) -> None:
    size = (timeline.width, timeline.height)
    for segment in cut_segments(timeline.frames, SEGMENT_S * float(timeline.fps)):
        shown = timeline.source_index[segment.start : segment.end]
        frames = clock.each("render: decode", source.frames_at(shown, size))
        drawn = engine().render_segment(frames, analysis, segment.start, lambda fraction: None)
        with clock.at("render"):
            encode_segment(clock.each("drawn", drawn), timeline.fps, size, task.piece(segment))


@contextmanager
def _networks(clock: Clock) -> Iterator[None]:
    """Count the time in each of the engine's networks."""
    running: dict[int, ExitStack] = {}

    def before(module: nn.Module, _given: object) -> None:
        name = _NETWORKS.get(type(module).__name__)
        if name:
            running[id(module)] = ExitStack()
            running[id(module)].enter_context(clock.at(f"analyse: {name}"))

    def after(module: nn.Module, _given: object, _result: object) -> None:
        if id(module) in running:
            running.pop(id(module)).close()

    hooks = [register_module_forward_pre_hook(before), register_module_forward_hook(after)]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


def _table(clock: Clock, frames: int) -> dict[str, dict[str, float]]:
    wall, busy = _apart(clock.wall_s), _apart(clock.busy_s)
    total = sum(busy.values())
    return {
        name: {
            "busy_ms": round(1000 * busy[name] / frames, 2),
            "wall_ms": round(1000 * wall[name] / frames, 2),
            "share": round(busy[name] / total, 3),
        }
        for name in busy
    }


def _apart(inside: dict[str, float]) -> dict[str, float]:
    """Seconds of each stage alone."""
    parts = {f"analyse: {name}": inside.get(f"analyse: {name}", 0.0) for name in ("decode", *_NETWORKS.values())}
    return parts | {
        "analyse: rest": inside["analyse"] - sum(parts.values()),
        "render: decode": inside["render: decode"],
        "render: draw": inside["drawn"] - inside["render: decode"],
        "render: encode": inside["render"] - inside["drawn"],
    }
