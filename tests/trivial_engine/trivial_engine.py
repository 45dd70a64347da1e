"""An engine that changes nothing and costs nothing: what is left of a job's time is everything but the engine.

Installed by putting this folder on `PYTHONPATH`, as an engine package from elsewhere would be by pip.
"""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import ClassVar, Self

import numpy as np
import torch

from contracts.engines import Capabilities, EngineInfo
from engines.base import Analysis, Direction, Frame, Report, Speech, Timeline


class TrivialEngine:
    """Passes every frame through."""

    info: ClassVar = EngineInfo(
        name="trivial",
        summary="Passes frames through.",
        licence="Apache-2.0",
        capabilities=Capabilities(several_faces=True),
    )

    @classmethod
    def load(cls, device: torch.device, folder: Path) -> Self:
        return cls()

    def analyse(
        self,
        frames: Iterable[Frame],
        voices: Sequence[Speech],
        timeline: Timeline,
        direction: Direction,
        report: Report,
    ) -> Analysis:
        report(1.0)
        return Analysis(tensors={"nothing": np.zeros(1, np.float32)})

    def render_segment(
        self, frames: Iterable[Frame], analysis: Analysis, start: int, report: Report
    ) -> Iterator[Frame]:
        for frame in frames:
            report(0.5)
            yield frame
