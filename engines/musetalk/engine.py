"""MuseTalk 1.5 as an engine: the lower half of each face drawn anew by the networks of a public checkpoint."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Self

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from contracts.engines import Capabilities, EngineInfo
from engines.base import Analysis, Direction, Frame, Report, Speech, Timeline
from engines.inpainting.analyse import analysed
from engines.inpainting.draw import Canvas, Crop, Drawn, inpainted
from engines.inpainting.enhance import enhanced
from engines.inpainting.gate import gated
from engines.inpainting.plan import unpack
from engines.inpainting.transfer import arriving
from engines.musetalk.folder import NEEDS, files_in
from engines.musetalk.geometry import face_boxes
from engines.musetalk.latents import SIDE, Painter
from engines.musetalk.pulse import Pulse
from engines.musetalk.speech import Hear, Hearing, kept, step_begins
from engines.people.faces import FaceFinder
from engines.people.watch import Watched
from engines.restoration.base import Enhancer
from engines.restoration.loading import FOLDER, load_enhancer
from engines.told import Told

if TYPE_CHECKING:
    from engines.musetalk.networks import Networks

#: Faces that a GPU draws at once. A CPU is no faster with several, and is heard from less often.
_GPU_BATCH = 8
#: Faces whose latents are held, 32 KiB each or half of it: for two and a half minutes that are shown to and fro.
_KEPT = 4096


class MuseTalkEngine:
    """The engine, loaded.

    Args:
        device: where the networks run.
        networks: loaded there.
        enhancer: makes faces clearer where that is asked for.
    """

    info: ClassVar = EngineInfo(
        name="musetalk",
        summary="Draws the lower half of the face anew with MuseTalk 1.5; made for GPUs.",
        licence="code: Apache-2.0; weights: CreativeML OpenRAIL-M and MIT",
        capabilities=Capabilities(several_faces=True, enhance=True),
        needs=NEEDS,
        vram_bytes=4 << 30,
    )

    def __init__(self, device: torch.device, networks: "Networks", enhancer: Enhancer) -> None:
        from engines.musetalk.ear import Ear

        is_cpu = device.type == "cpu"
        self._finder = FaceFinder(device)
        self._enhancer = enhancer
        self._hear: Hear = Ear(networks.encoder).hear
        self._painter = Painter(networks, _KEPT)
        self._canvas = Canvas(side=SIDE, interpolation=cv2.INTER_LANCZOS4, batch=1 if is_cpu else _GPU_BATCH)
        # A GPU is told what to do within milliseconds, and is heard from after each batch.
        self._pulse = Pulse(*((networks.unet, networks.vae, networks.encoder) if is_cpu else ()))

    @classmethod
    def load(cls, device: torch.device, folder: Path) -> Self:
        """See `engines.base.Engine`."""
        # The libraries take seconds to import, which whoever only lists engines need not wait for.
        from engines.musetalk.networks import load_networks

        return cls(device, load_networks(files_in(folder), device), load_enhancer(device, folder.parent / FOLDER))

    def analyse(
        self,
        frames: Iterable[Frame],
        voices: Sequence[Speech],
        timeline: Timeline,
        direction: Direction,
        report: Report,
    ) -> Analysis:
        """See `engines.base.Engine`."""
        return analysed(self._finder, frames, voices, timeline, direction, report, boxes=_boxes, hear=_hear)

    def render_segment(
        self, frames: Iterable[Frame], analysis: Analysis, start: int, report: Report
    ) -> Iterator[Frame]:
        """See `engines.base.Engine`; a frame without a face is given back as it is."""
        plans = list(unpack(analysis.tensors).values())
        hearings = {id(plan): Hearing(self._hear, plan.speech.astype("int16", copy=False)) for plan in plans}
        told = Told(report)

        def draw(crops: Sequence[Crop]) -> Drawn:
            with self._pulse.during(told.again):
                heard = [hearings[id(crop.plan)].windows([int(crop.plan.begins[crop.number])]) for crop in crops]
                return _coming(self._painter.draw([crop.pixels for crop in crops], torch.cat(heard)))

        drawn = inpainted(frames, plans, start, self._canvas, draw, told)
        yield from enhanced(drawn, plans, start, self._enhancer, told.again)


def _boxes(watched: Watched, timeline: Timeline) -> NDArray[np.int32]:
    fps = float(timeline.source_fps)
    return face_boxes(watched.points, watched.shots, fps, timeline.width, timeline.height)


def _hear(speech: Speech, timeline: Timeline) -> tuple[NDArray[np.int16], NDArray[np.int64]]:
    """The voice, its pauses silent, and where in it each frame's steps begin."""
    voice = kept(gated(speech), timeline.frames, timeline.fps)
    return voice, step_begins(timeline.frames, timeline.fps)


def _coming(drawn: Tensor) -> Drawn:
    """Faces on their way to main memory."""
    arrived = arriving(drawn)
    return lambda: list(arrived())
