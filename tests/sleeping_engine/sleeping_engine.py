"""An engine whose time is a sleep: any number of its workers run beside each other on any number of cores.

Installed by putting this folder on `PYTHONPATH`, as an engine package from elsewhere would be by pip. In the place of
weights it has one file, `seconds`: how long a segment takes, in text.
"""

import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import ClassVar, Self

import numpy as np
import torch

from contracts.engines import Capabilities, EngineInfo
from engines.base import Analysis, Direction, Frame, Report, Speech, Timeline

#: Longest rest between two reports, in seconds.
_REST_S = 0.2


class SleepingEngine:
    """Passes frames through, and sleeps before the first of each segment."""

    info: ClassVar = EngineInfo(
        name="sleeping",
        summary="Sleeps in the place of work.",
        licence="Apache-2.0",
        capabilities=Capabilities(several_faces=True),
    )

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    @classmethod
    def load(cls, device: torch.device, folder: Path) -> Self:
        return cls(float((folder / "seconds").read_text(encoding="ascii")))

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
        ends_at = time.monotonic() + self._seconds
        while (left_s := ends_at - time.monotonic()) > 0:
            report(0.0)
            time.sleep(min(left_s, _REST_S))
        yield from frames
