"""What is to be measured: told to processes of their own by one that loads no torch."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from contracts.settings import Device
from contracts.steps import Segment


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """An engine as it is measured.

    Attributes:
        name: of an installed engine; the terms of its weights count as accepted.
        models: the folder of engines' files; None for that of the settings.
        face: a file of `fixed_face`, to measure without looking for faces; None to look for them as jobs do.
        threads: of each worker.
    """

    name: str = "articulate"
    models: Path | None = None
    face: Path | None = None
    threads: int = 1


ARTICULATE = Chosen()


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A clip that is to say so many seconds of a voice, and a folder for what comes of it."""

    clip: Path
    voice: Path
    seconds: float
    folder: Path
    chosen: Chosen = ARTICULATE

    @property
    def analysis(self) -> Path:
        """The analysis file."""
        return self.folder / "analysis"

    def piece(self, segment: Segment) -> Path:
        """A segment's file."""
        return self.folder / f"{segment.index:05}.mp4"


@dataclass(frozen=True, slots=True)
class Workers:
    """So many `gpu` workers, with so many threads each; written "2x1"."""

    processes: int
    threads: int

    def __str__(self) -> str:
        return f"{self.processes}x{self.threads}"


@dataclass(frozen=True, slots=True, kw_only=True)
class OurTask:
    """A job, on so many processes."""

    task: Task
    processes: int
    device: Device = "cpu"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainTask:
    """A clip to be made to say a voice by the plain loop.

    Attributes:
        clip, voice: the video, and 16 kHz mono sound.
        folder: for what comes of it.
        weights: a checkpoint of Wav2Lip's 96-pixel layout, or MuseTalk's folder.
        box: of the face in all frames: left, top, right, bottom.
        batch: faces drawn at once.
        device: where the network runs.
    """

    clip: Path
    voice: Path
    folder: Path
    weights: Path
    box: tuple[int, int, int, int]
    batch: int
    device: Device = "cpu"


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectorTask:
    """How many frames of a clip to look at, after one to warm up."""

    clip: Path
    frames: int
    device: Device = "cpu"


@dataclass(frozen=True, slots=True, kw_only=True)
class Footage:
    """What is to be made in a folder to measure with.

    Attributes:
        folder: for what is made.
        source: a video to take the clip from; None for a portrait that moves.
        sound: to take the voice from.
        width, height: of the clip, when it is made of the portrait.
        seconds: length of the clip and the voice.
        engine: whose weights are generated.
    """

    engine: Literal["wav2lip", "musetalk"]
    folder: Path
    source: Path | None
    sound: Path
    width: int
    height: int
    seconds: float

    @property
    def clip(self) -> Path:
        """The video."""
        return self.folder / "clip.mp4"

    @property
    def voice(self) -> Path:
        """The speech, 16 kHz mono WAV."""
        return self.folder / "voice.wav"

    @property
    def face(self) -> Path:
        """Where the face is in the first frame: a file of `fixed_face`."""
        return self.folder / "face.npz"

    @property
    def models(self) -> Path:
        """The folder of engines' files."""
        return self.folder / "models"

    @property
    def weights(self) -> Path:
        """A checkpoint of Wav2Lip's 96-pixel layout, or MuseTalk's folder."""
        folder = self.models / self.engine
        return folder / "generated.pth" if self.engine == "wav2lip" else folder
