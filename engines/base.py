"""The engine contract: load once, then `analyse` and `render_segment` many times, as pure functions.

The same frames, speech, timeline and seed give the same output, in any process, in any order, after any crash:
that is what lets segments be rendered side by side and again.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

#: One picture: uint8 RGB (H, W, 3).
Frame = NDArray[np.uint8]
#: Called with the fraction done, 0..1, at least every second of work; raises to stop the engine (cancellation).
Report = Callable[[float], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """Which source frame each output frame shows.

    Attributes:
        fps: exact frame rate of the output.
        width, height: output size in pixels, both even.
        source_index: int32 (T,), the source frame shown at output frame t; all 0 for a portrait.
        is_portrait: whether the source is a still picture.
    """

    fps: Fraction
    width: int
    height: int
    source_index: NDArray[np.int32]
    is_portrait: bool

    @property
    def frames(self) -> int:
        """Number of output frames."""
        return len(self.source_index)


@dataclass(frozen=True, slots=True, kw_only=True)
class Speech:
    """The voice that drives the lips: float32 mono (N,) in [-1, 1] at `rate` Hz."""

    samples: NDArray[np.float32]
    rate: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Analysis:
    """All that rendering needs beside the frames: named arrays that any worker can load, and what to warn of."""

    tensors: dict[str, NDArray[np.generic]]
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What an engine can do with a request."""

    portrait: bool = True
    video: bool = True
    seed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineInfo:
    """How an engine is listed: its weights' licence, what it can do, what it lacks to run."""

    name: str
    summary: str
    licence: str
    capabilities: Capabilities = field(default_factory=Capabilities)
    missing: tuple[str, ...] = ()


class Engine(Protocol):
    """One lip-sync method, loaded."""

    info: EngineInfo

    def analyse(
        self, frames: Iterable[Frame], speech: Speech, timeline: Timeline, seed: int, report: Report
    ) -> Analysis:
        """Look at the source once and plan the motion.

        Args:
            frames: source frames 0, 1, 2, … at the output's size, as many as `timeline` refers to; read once, lazily.
            speech: the driving voice; silence where it is shorter than the timeline.
            timeline: what the output shows when.
            seed: decides what the speech does not.
            report: progress and cancellation.

        Raises:
            NoFace: when nothing in the frames can speak.
            EngineMemory: when memory ran out.
        """
        ...

    def render_segment(
        self, frames: Iterable[Frame], analysis: Analysis, start: int, report: Report
    ) -> Iterator[Frame]:
        """Yield one output frame per given frame.

        Args:
            frames: for output frames start, start + 1, …, the source frame each of them shows, at output size.
            analysis: what `analyse` returned.
            start: output index of the first frame.
            report: progress and cancellation.
        """
        ...
