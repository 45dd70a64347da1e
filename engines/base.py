"""The engine contract: load once, then `analyse` and `render_segment` many times, as pure functions.

The same frames, voices, timeline and direction give the same output, in any process, in any order, after any crash:
that is what lets segments be rendered side by side and again.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from contracts.engines import EngineInfo
from contracts.jobs import FaceChoice, FacePoint, Side

if TYPE_CHECKING:
    # What reads media knows frames, and does without networks.
    import torch

#: One picture: uint8 RGB (H, W, 3).
Frame = NDArray[np.uint8]
#: Called with the fraction done, 0..1, at least every second of work; raises to stop the engine (cancellation).
Report = Callable[[float], None]
#: Called at least every second of work of unknown length; raises to stop it (cancellation).
Waiting = Callable[[], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """Which source frame each output frame shows.

    Attributes:
        fps: exact frame rate of the output.
        source_fps: frames of the source per second of it, on average; for a portrait as `fps`.
        width, height: output size in pixels, both even.
        source_index: int32 (T,), the source frame shown at output frame t; all 0 for a portrait.
        is_portrait: whether the source is a still picture.
    """

    fps: Fraction
    source_fps: Fraction
    width: int
    height: int
    source_index: NDArray[np.int32]
    is_portrait: bool

    @property
    def frames(self) -> int:
        """Number of output frames."""
        return len(self.source_index)


#: In place of a phone: something is said that the engine has to hear for itself.
HEARD = "?"


@dataclass(frozen=True, slots=True, kw_only=True)
class TimedPhone:
    """A sound of speech from `start_s` to `end_s`, as an IPA symbol; "" is silence, `HEARD` is left to the engine."""

    symbol: str
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Speech:
    """A voice that drives lips.

    Attributes:
        samples: float32 mono (N,) in [-1, 1]; the first drives the output's first frame.
        rate: samples per second.
        side: which face it belongs to.
        phones: what is said when, where that is known; () leaves it to the engine to hear.
    """

    samples: NDArray[np.float32]
    rate: int
    side: Side = Side.ONLY
    phones: tuple[TimedPhone, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """A place in one source frame where somebody's face is, in pixels of the frames that engines get.

    Attributes:
        x, y: the place, from the frame's top left corner.
        frame: number of the source frame.
        left, top, width, height: the rectangle of the frame that the source's picture fills.
        time_s: when the source shows that frame; None for a portrait.
        field: the request's field it came in, for error messages.
    """

    x: float
    y: float
    frame: int
    left: float
    top: float
    width: float
    height: float
    time_s: float | None
    field: str

    def fractions(self, x: float, y: float) -> tuple[float, float]:
        """A place of the frame in fractions of the source's picture, as requests have it."""
        return (x - self.left) / self.width, (y - self.top) / self.height


@dataclass(frozen=True, slots=True, kw_only=True)
class Direction:
    """How the speakers are to act and look.

    Attributes:
        seed: decides what the speech does not.
        prompt: the style in words, "" for none; an engine warns of words that it does not know.
        enhance: sharpen and clean the face region.
        mask: uint8 (H, W) at the output's size, None for none: only faces whose mouth lies where it is bright are
            driven. What changes where it is dark is taken back by the pipeline, so engines need not heed it otherwise.
        face: which of several faces a single voice moves: by default that of who is seen to speak.
        spot: what `face` points at, where it is a point: the pipeline makes it.
    """

    seed: int = 0
    prompt: str = ""
    enhance: bool = False
    mask: NDArray[np.uint8] | None = None
    face: FaceChoice | FacePoint = FaceChoice.ACTIVE
    spot: Spot | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Analysis:
    """All that rendering needs beside the frames: named arrays that any worker can load, and what to warn of."""

    tensors: dict[str, NDArray[np.generic]]
    warnings: tuple[str, ...] = ()


class Engine(Protocol):
    """One lip-sync method, loaded."""

    #: What it is and can do, known before anything is loaded.
    info: ClassVar[EngineInfo]

    @classmethod
    def load(cls, device: "torch.device", folder: Path) -> Self:
        """Read the weights and make ready to compute.

        Args:
            device: where networks run.
            folder: holds the files that `info.needs`; need not exist for an engine that needs none.

        Raises:
            WeightsMissing: when a file is absent, damaged or of another network, with the remedy in words.
        """
        ...

    def analyse(
        self,
        frames: Iterable[Frame],
        voices: Sequence[Speech],
        timeline: Timeline,
        direction: Direction,
        report: Report,
    ) -> Analysis:
        """Look at the source once and plan the motion.

        Args:
            frames: source frames 0, 1, 2, … at the output's size, as many as `timeline` refers to; read once, lazily.
            voices: one, or one for each side; silence where one is shorter than the timeline.
            timeline: what the output shows when.
            direction: how to act and look.
            report: progress and cancellation.

        Raises:
            NoFace: when nothing in the frames can speak.
            TooFewFaces: when there are fewer faces than voices.
            EngineMemory: when memory ran out.
        """
        ...

    def render_segment(
        self, frames: Iterable[Frame], analysis: Analysis, start: int, report: Report
    ) -> Iterator[Frame]:
        """Yield one output frame per given frame; it is encoded while the next is drawn, so it may not change any more.

        Args:
            frames: for output frames start, start + 1, …, the source frame each of them shows, at output size; not to
                be written to.
            analysis: what `analyse` returned.
            start: output index of the first frame.
            report: progress and cancellation.
        """
        ...
