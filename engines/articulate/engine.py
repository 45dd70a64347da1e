"""The default engine: the mouth of every frame is moved by geometry, and nothing but the mouth and jaw is touched."""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import chain, islice, product
from pathlib import Path
from typing import ClassVar, Self

import numpy as np
import torch
from numpy.typing import NDArray

from contracts.engines import Capabilities, EngineInfo
from contracts.errors import EngineMemory
from contracts.jobs import Side
from engines.articulate.acting import FAINT, Speaker, perform, speaker_of
from engines.articulate.active import speaker_among
from engines.articulate.casting import admit_by, pick_of, too_few
from engines.articulate.chance import vary_opening
from engines.articulate.driver import SpeechDriver
from engines.articulate.life import Scene, live
from engines.articulate.motion import Acting
from engines.articulate.performance import Performance, pack, unpack
from engines.articulate.render import blink_frame, draw_frame, enhance_frame, sway_frame
from engines.articulate.shape import KEPT, oval_of
from engines.articulate.stretches import flagged, widened
from engines.articulate.styles import style_of
from engines.articulate.watch import ANOTHER, FADE_S, NOBODY, watch
from engines.base import Analysis, Direction, Frame, Report, Speech, Timeline
from engines.faces import FaceFinder
from engines.restoration.base import Enhancer
from engines.restoration.built_in import BuiltIn
from engines.restoration.loading import FOLDER, load_enhancer

_MOST_SPANS = 5
#: How many faces beside the first are followed to find out who speaks.
_BYSTANDERS = 2


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
            speakers = self._cast(frames, voices, timeline, direction, lambda fraction: report(0.9 * fraction))
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
            warnings += _warnings(side, speaker, timeline)
        tensors = pack(performances) | {"enhance": np.array([direction.enhance])}
        return Analysis(tensors=tensors, warnings=warnings)

    def _scene(self, picture: Frame) -> Scene:
        """A still picture and everyone in it."""
        faces = [face.landmarks[list(KEPT)].astype(np.float64) for face in self._finder.find(picture)]
        return Scene(picture=picture, faces=[oval_of(points) for points in faces])

    def _cast(
        self,
        frames: Iterable[Frame],
        voices: Sequence[Speech],
        timeline: Timeline,
        direction: Direction,
        report: Report,
    ) -> list[Speaker]:
        """Find a face for each voice."""
        source_fps, total = float(timeline.source_fps), int(timeline.source_index.max()) + 1
        picks = [
            pick_of(speech.side, len(voices), timeline.width, direction.face, is_portrait=timeline.is_portrait)
            for speech in voices
        ]
        admit, is_alone = admit_by(direction.mask), len(voices) == 1 and not timeline.is_portrait
        bystanders = _BYSTANDERS if is_alone else 0
        tracks = watch(self._finder, frames, picks, admit, total, source_fps, report, bystanders)
        if is_alone:
            tracks = [speaker_among(tracks, direction.face, timeline.width)]
        watched = [track.speaker() for track in tracks]
        is_masked = direction.mask is not None
        present = [bool((face.shots >= 0).any()) for face in watched]
        if not all(present):
            raise too_few(present, "found", masked=is_masked)
        speakers = [speaker_of(face, is_portrait=timeline.is_portrait) for face in watched]
        able = [speaker.drivable for speaker in speakers]
        if not all(able):
            raise too_few(able, "large and frontal enough to be driven", masked=is_masked)
        return speakers

    def render_segment(
        self, frames: Iterable[Frame], analysis: Analysis, start: int, report: Report
    ) -> Iterator[Frame]:
        """See `engines.base.Engine`; a frame without a face is given back as it is."""
        performances = list(unpack(analysis.tensors).values())
        steps: list[Callable[[Frame, Performance, int], Frame]] = [draw_frame, blink_frame, sway_frame]
        if analysis.tensors["enhance"].any():
            steps.insert(1, partial(enhance_frame, self._enhancer, partial(report, 0.0)))
        for number, frame in enumerate(frames, start):
            for step, performance in product(steps, performances):
                frame = step(frame, performance, number)
            yield frame


def _warnings(side: Side, speaker: Speaker, timeline: Timeline) -> tuple[str, ...]:
    who = "" if side is Side.ONLY else f"{side} speaker: "
    fps, shown = float(timeline.fps), timeline.source_index
    shots, hidden = speaker.watched.shots[shown], speaker.watched.clear[shown] <= 0
    absent, others = shots == NOBODY, shots == ANOTHER
    undriven = absent | others | hidden
    faint = ~undriven & (speaker.strength[shown] < FAINT) & ~widened(undriven, math.ceil(FADE_S * fps))
    said = [
        *_spans(absent, fps, "no face"),
        *_spans(others, fps, "somebody other than the speaker is seen"),
        *_spans(hidden & (shots >= 0), fps, "something is before the mouth"),
        *_spans(faint, fps, "the face is too small or turned away"),
    ]
    if speaker.profile:
        said.append("the face is seen from the side: its mouth may be misplaced")
    return tuple(who + sentence for sentence in said)


def _spans(flags: NDArray[np.bool_], fps: float, what: str) -> Iterator[str]:
    """A sentence for each stretch of flagged output frames, the first few of them."""
    spans = flagged(flags)
    for start, end in spans[:_MOST_SPANS]:
        yield f"{what} {_when(start / fps, end / fps)}: frames kept as they are"
    if len(spans) > _MOST_SPANS:
        yield f"{what} in {len(spans) - _MOST_SPANS} more places: frames kept as they are"


def _when(start_s: float, end_s: float) -> str:
    start, end = f"{start_s:.1f} s", f"{end_s:.1f} s"
    return f"from {start} to {end}" if start != end else f"at {start}"
