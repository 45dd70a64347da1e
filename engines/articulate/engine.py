"""The default engine: the mouth of every frame is moved by geometry, and nothing but the mouth and jaw is touched."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import chain, islice, product
from pathlib import Path
from typing import ClassVar, Self

import numpy as np
import torch

from contracts.engines import Capabilities, EngineInfo
from contracts.errors import EngineMemory
from contracts.jobs import Side
from engines.articulate.acting import perform
from engines.articulate.chance import vary_opening
from engines.articulate.driver import SpeechDriver
from engines.articulate.life import Scene, live
from engines.articulate.motion import Acting
from engines.articulate.performance import Performance, pack, unpack
from engines.articulate.render import blink_frame, draw_frame, enhance_frame, sway_frame
from engines.articulate.styles import style_of
from engines.base import Analysis, Direction, Frame, Report, Speech, Timeline
from engines.people.cast import cast, warnings_of
from engines.people.faces import FaceFinder
from engines.people.shape import KEPT, oval_of
from engines.restoration.base import Enhancer
from engines.restoration.built_in import BuiltIn
from engines.restoration.loading import FOLDER, load_enhancer


class Articulate:
    """The engine, loaded.

    Args:
        device: where the networks run; pictures are drawn on the CPU, where a face takes milliseconds.
        enhancer: what makes faces clearer where that is asked for.
    """

    info: ClassVar = EngineInfo(
        name="articulate",
        summary="Moves the speaker's own lips and jaw by geometry; runs without a GPU.",
        licence="Apache-2.0 and MIT",
        capabilities=Capabilities(several_faces=True, prompt=True, enhance=True, seed=True),
    )

    def __init__(self, device: torch.device, enhancer: Enhancer | None = None) -> None:
        self._finder = FaceFinder(device)
        self._driver = SpeechDriver(device)
        self._enhancer = enhancer or BuiltIn()

    @classmethod
    def load(cls, device: torch.device, folder: Path) -> Self:
        """See `engines.base.Engine`; its weights come with it, but for a checkpoint that restores faces."""
        return cls(device, load_enhancer(device, folder.parent / FOLDER))

    def analyse(
        self,
        frames: Iterable[Frame],
        voices: Sequence[Speech],
        timeline: Timeline,
        direction: Direction,
        report: Report,
    ) -> Analysis:
        """See `engines.base.Engine`."""
        first = list(islice(source := iter(frames), int(timeline.is_portrait)))
        frames = chain(first, source)
        try:
            scene = self._scene(first[0]) if first else None
            speakers = cast(
                self._finder, frames, voices, timeline, direction, lambda done: report(0.9 * done), keep_mouths=True
            )
            style, warnings = style_of(direction.prompt)
            performances: dict[Side, Performance] = {}
            for number, (speech, speaker) in enumerate(zip(voices, speakers, strict=True)):
                variation = vary_opening(direction.seed, number, timeline.frames, float(timeline.fps))
                heard = partial(report, 0.9 + 0.1 * number / len(voices))
                articulation = self._driver.articulate(speech.samples, speech.rate, speech.phones, heard)
                acting = Acting(style=style, variation=variation)
                performance = perform(speaker, articulation, timeline, acting)
                if scene is not None:
                    points = speaker.watched.points[0].astype(np.float64)
                    life = live(scene, points, speech, articulation, timeline, direction, number)
                    performance = replace(performance, life=life)
                performances[speech.side] = performance
                report(0.9 + 0.1 * (number + 1) / len(voices))
        except torch.OutOfMemoryError as error:
            raise EngineMemory("the GPU ran out of memory", remedy="Run one GPU worker on each GPU.") from error
        for side, speaker in zip(performances, speakers, strict=True):
            warnings += warnings_of(side, speaker, timeline)
        tensors = pack(performances) | {"enhance": np.array([direction.enhance])}
        return Analysis(tensors=tensors, warnings=warnings)

    def _scene(self, picture: Frame) -> Scene:
        """A still picture and everyone in it."""
        faces = [face.landmarks[list(KEPT)].astype(np.float64) for face in self._finder.find(picture)]
        return Scene(picture=picture, faces=[oval_of(points) for points in faces])

    def render_segment(
        self, frames: Iterable[Frame], analysis: Analysis, start: int, report: Report
    ) -> Iterator[Frame]:
        """See `engines.base.Engine`; a frame without a face is given back as it is."""
        performances = list(unpack(analysis.tensors).values())
        steps: list[Callable[[Frame, Performance, int], Frame]] = [draw_frame, blink_frame, sway_frame]
        if analysis.tensors["enhance"].any():
            steps.insert(1, partial(enhance_frame, self._enhancer, partial(report, 0.0)))
        for number, frame in enumerate(frames, start):
            report(0.0)
            for step, performance in product(steps, performances):
                frame = step(frame, performance, number)
            yield frame
