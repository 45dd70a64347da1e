"""Wav2Lip as an engine: people are found as everywhere here, their lower faces drawn by a public checkpoint."""

import math
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import ClassVar, Self

import numpy as np
import torch

from contracts.engines import Capabilities, EngineInfo, Need
from contracts.errors import EngineMemory
from engines.base import Analysis, Direction, Frame, Report, Speech, Timeline
from engines.inpainting.draw import inpainted
from engines.inpainting.gate import gated
from engines.inpainting.plan import FacePlan, pack, unpack
from engines.inpainting.region import lower_faces
from engines.needs import only_file
from engines.people.cast import Speaker, cast, warnings_of
from engines.people.faces import FaceFinder
from engines.people.stretches import smooth_within
from engines.restoration.base import Enhancer
from engines.restoration.built_in import BuiltIn
from engines.restoration.loading import FOLDER, load_enhancer
from engines.restoration.tracks import enhanced, tracks_of
from engines.told import Told
from engines.wav2lip.box import face_boxes
from engines.wav2lip.generator import Generator
from engines.wav2lip.mel import COLUMNS_PER_S, RATE_HZ, Mel, mel_spectrogram, window_starts
from engines.wav2lip.network import COLUMNS

_GENERATOR = Need(
    what="the generator",
    paths=("*.pth", "*.pt", "*.ckpt", "*.safetensors"),
    licence="personal, research and non-commercial use only: trained on LRS2, whose publishers forbid commercial use",
    source="the links in github.com/Rudrabha/Wav2Lip (wav2lip_gan.pth, wav2lip.pth), or whoever trained a 256 px one",
    sha256=("ca9ab7b7b812c0e80a6e70a5977c545a1e8a365a6c49d5e533023c034d7ac3d8",),  # pragma: allowlist secret
)
INFO = EngineInfo(
    name="wav2lip",
    summary="Draws the lower face anew from the sound, by a Wav2Lip checkpoint of yours.",
    licence="code: Apache-2.0; weights: non-commercial",
    notice="The weights of Wav2Lip are for personal, research and non-commercial use only: the recordings that they "
    "were trained on (LRS2) may not be used commercially, and their publishers gave them no licence.",
    capabilities=Capabilities(several_faces=True, enhance=True),
    needs=(_GENERATOR,),
    vram_bytes=2 << 30,
)

#: Seconds over which the measured noise of the picture is evened out.
_STEADY_S = 0.4


class Wav2LipEngine:
    """The engine, loaded.

    Args:
        generator: draws faces.
        finder: finds and follows them.
        enhancer: makes them clearer where that is asked for.
    """

    info: ClassVar[EngineInfo] = INFO

    def __init__(self, generator: Generator, finder: FaceFinder, enhancer: Enhancer | None = None) -> None:
        self._generator = generator
        self._finder = finder
        self._enhancer = enhancer or BuiltIn()

    @classmethod
    def load(cls, device: torch.device, folder: Path) -> Self:
        """See `engines.base.Engine`."""
        generator = Generator.load(only_file(_GENERATOR, folder), device)
        return cls(generator, FaceFinder(device), load_enhancer(device, folder.parent / FOLDER))

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
            speakers = cast(self._finder, frames, voices, timeline, direction, report, keep_mouths=False)
        except torch.OutOfMemoryError as error:
            raise _no_memory() from error
        plans = {
            speech.side: _plan(speech, speaker, timeline) for speech, speaker in zip(voices, speakers, strict=True)
        }
        warnings: tuple[str, ...] = ()
        for side, speaker in zip(plans, speakers, strict=True):
            warnings += warnings_of(side, speaker, timeline)
        clearer = tracks_of(speakers, timeline) if direction.enhance else {}
        return Analysis(tensors=pack(plans) | clearer, warnings=warnings)

    def render_segment(
        self, frames: Iterable[Frame], analysis: Analysis, start: int, report: Report
    ) -> Iterator[Frame]:
        """See `engines.base.Engine`; a frame without a face is given back as it is."""
        plans = list(unpack(analysis.tensors).values())
        generator, told = self._generator, Told(report)
        try:
            drawn = inpainted(frames, plans, start, generator.canvas, generator.drawing(told.again), told)
            yield from enhanced(drawn, analysis.tensors, start, self._enhancer, told.again)
        except torch.OutOfMemoryError as error:
            raise _no_memory() from error


def _no_memory() -> EngineMemory:
    return EngineMemory("the GPU ran out of memory", remedy="Run one GPU worker on each GPU.")


def _plan(speech: Speech, speaker: Speaker, timeline: Timeline) -> FacePlan:
    watched = speaker.watched
    mel = _mel(speech, timeline)
    light = smooth_within(watched.light, watched.shots, _STEADY_S * float(timeline.source_fps))
    return FacePlan(
        shown=timeline.source_index,
        boxes=face_boxes(watched.points, watched.shots, timeline.width, timeline.height),
        outlines=lower_faces(watched.points),
        strength=speaker.strength,
        grain=light[:, -1],
        speech=mel,
        begins=window_starts(mel.shape[1], timeline.frames, timeline.fps),
    )


def _mel(speech: Speech, timeline: Timeline) -> Mel:
    """The voice, its pauses silent, and silence after it to the end of the output."""
    voice = gated(speech)
    least = COLUMNS * RATE_HZ // COLUMNS_PER_S
    length = max(math.ceil(timeline.frames * RATE_HZ / timeline.fps), least)
    return mel_spectrogram(np.pad(voice[:length], (0, max(length - len(voice), 0))))
