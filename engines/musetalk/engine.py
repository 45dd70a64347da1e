"""MuseTalk 1.5 as an engine: the lower half of each face drawn anew by the networks of a public checkpoint."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Self

import cv2
import torch
from torch import Tensor

from contracts.engines import Capabilities, EngineInfo
from contracts.errors import EngineMemory
from contracts.jobs import Side
from engines.base import Analysis, Direction, Frame, Report, Speech, Timeline
from engines.inpainting.draw import Canvas, Crop, Drawn, inpainted
from engines.inpainting.gate import gated
from engines.inpainting.plan import FacePlan, pack, unpack
from engines.inpainting.region import lower_faces
from engines.musetalk.folder import NEEDS, files_in
from engines.musetalk.geometry import face_boxes
from engines.musetalk.latents import SIDE, Painter
from engines.musetalk.pulse import Pulse
from engines.musetalk.speech import Hear, Hearing, kept, step_begins
from engines.people.cast import Speaker, cast, warnings_of
from engines.people.faces import FaceFinder
from engines.people.stretches import smooth_within
from engines.restoration.base import Enhancer
from engines.restoration.built_in import BuiltIn
from engines.restoration.loading import FOLDER, load_enhancer
from engines.restoration.tracks import enhanced, tracks_of
from engines.told import Told

if TYPE_CHECKING:
    from engines.musetalk.networks import Networks

#: Faces that a GPU draws at once. A CPU is no faster with several, and is heard from less often.
_GPU_BATCH = 8
#: Faces whose latents are held, 32 KiB each or half of it: for two and a half minutes that are shown to and fro.
_KEPT = 4096
#: Seconds over which the measured noise of the picture is evened out.
_STEADY_S = 0.4


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

    def __init__(self, device: torch.device, networks: "Networks", enhancer: Enhancer | None = None) -> None:
        from engines.musetalk.ear import Ear

        is_cpu = device.type == "cpu"
        self._finder = FaceFinder(device)
        self._enhancer = enhancer or BuiltIn()
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

        enhancer = load_enhancer(device, folder.parent / FOLDER)
        return cls(device, load_networks(files_in(folder), device), enhancer)

    def analyse(
        self,
        frames: Iterable[Frame],
        voices: Sequence[Speech],
        timeline: Timeline,
        direction: Direction,
        report: Report,
    ) -> Analysis:
        """See `engines.base.Engine`."""
        try:
            speakers = cast(
                self._finder, frames, voices, timeline, direction, lambda done: report(0.95 * done), keep_mouths=False
            )
        except torch.OutOfMemoryError as error:
            raise _no_memory() from error
        plans: dict[Side, FacePlan] = {}
        warnings: tuple[str, ...] = ()
        for speech, speaker in zip(voices, speakers, strict=True):
            plans[speech.side] = _plan(speech, speaker, timeline)
            warnings += warnings_of(speech.side, speaker, timeline)
            report(0.95)
        report(1.0)
        clearer = tracks_of(speakers, timeline) if direction.enhance else {}
        return Analysis(tensors=pack(plans) | clearer, warnings=warnings)

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

        try:
            drawn = inpainted(frames, plans, start, self._canvas, draw, told)
            yield from enhanced(drawn, analysis.tensors, start, self._enhancer, told.again)
        except torch.OutOfMemoryError as error:
            raise _no_memory() from error


def _plan(speech: Speech, speaker: Speaker, timeline: Timeline) -> FacePlan:
    watched = speaker.watched
    source_fps = float(timeline.source_fps)
    light = smooth_within(watched.light, watched.shots, _STEADY_S * source_fps)
    return FacePlan(
        shown=timeline.source_index,
        boxes=face_boxes(watched.points, watched.shots, source_fps, timeline.width, timeline.height),
        outlines=lower_faces(watched.points),
        strength=speaker.strength,
        grain=light[:, -1],
        speech=kept(gated(speech), timeline.frames, timeline.fps),
        begins=step_begins(timeline.frames, timeline.fps),
    )


def _no_memory() -> EngineMemory:
    return EngineMemory("the GPU ran out of memory", remedy="Run one GPU worker on each GPU.")


def _coming(drawn: Tensor) -> Drawn:
    """Faces on their way to main memory."""
    if drawn.device.type != "cuda":
        return lambda: list(drawn.cpu().numpy())
    arrived = torch.empty(drawn.shape, dtype=drawn.dtype, pin_memory=True)
    arrived.copy_(drawn, non_blocking=True)
    event = torch.cuda.Event()  # type: ignore[no-untyped-call]
    event.record()

    def wait() -> Sequence[Frame]:
        event.synchronize()
        return list(arrived.numpy())

    return wait
