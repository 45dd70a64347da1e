"""Wav2Lip as an engine: people are found as everywhere here, their lower faces drawn by a public checkpoint."""

import math
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import ClassVar, Self

import numpy as np
import torch
from numpy.typing import NDArray

from contracts.engines import Capabilities, EngineInfo, Need
from engines.base import Analysis, Direction, Frame, Report, Speech, Timeline
from engines.inpainting.analyse import analysed
from engines.inpainting.draw import inpainted
from engines.inpainting.enhance import enhanced
from engines.inpainting.gate import gated
from engines.inpainting.plan import unpack
from engines.needs import only_file
from engines.people.faces import FaceFinder
from engines.people.watch import Watched
from engines.restoration.base import Enhancer
from engines.restoration.loading import FOLDER, load_enhancer
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


class Wav2LipEngine:
    """The engine, loaded.

    Args:
        generator: draws faces.
        finder: finds and follows them.
        enhancer: makes them clearer where that is asked for.
    """

    info: ClassVar[EngineInfo] = INFO

    def __init__(self, generator: Generator, finder: FaceFinder, enhancer: Enhancer) -> None:
        self._generator = generator
        self._finder = finder
        self._enhancer = enhancer

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
        return analysed(self._finder, frames, voices, timeline, direction, report, boxes=_boxes, hear=_hear)

    def render_segment(
        self, frames: Iterable[Frame], analysis: Analysis, start: int, report: Report
    ) -> Iterator[Frame]:
        """See `engines.base.Engine`; a frame without a face is given back as it is."""
        plans = list(unpack(analysis.tensors).values())
        generator, told = self._generator, Told(report)
        drawn = inpainted(frames, plans, start, generator.canvas, generator.drawing(told.again), told)
        yield from enhanced(drawn, plans, start, self._enhancer, told.again)


def _boxes(watched: Watched, timeline: Timeline) -> NDArray[np.int32]:
    return face_boxes(watched.points, watched.shots, timeline.width, timeline.height)


def _hear(speech: Speech, timeline: Timeline) -> tuple[Mel, NDArray[np.int64]]:
    """The voice, its pauses silent, and silence after it to the end of the output."""
    voice = gated(speech)
    least = COLUMNS * RATE_HZ // COLUMNS_PER_S
    length = max(math.ceil(timeline.frames * RATE_HZ / timeline.fps), least)
    mel = mel_spectrogram(np.pad(voice[:length], (0, max(length - len(voice), 0))))
    return mel, window_starts(mel.shape[1], timeline.frames, timeline.fps)
