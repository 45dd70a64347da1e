"""The films that several workers make: one whose work is a sleep, and one that is drawn."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from scripts.scale.inputs import write_long_video, write_speech

_ROOT = Path(__file__).resolve().parents[2]
_ENGINE = "sleeping"
#: Without one, each job draws its own, and moves in another way.
_SEED = 42


@dataclass(frozen=True, slots=True, kw_only=True)
class Film:
    """What is made.

    Attributes:
        folder: holds its files.
        form: the request's, with names of files where it wants URLs.
        environ: the settings that it needs.
        computes: whether its work takes a core, so that more workers than cores are of no use; a process's first
            segment takes longer then, so that it is made twice, and the second time counts.
    """

    folder: Path
    form: dict[str, str | int]
    environ: dict[str, str]
    computes: bool


def sleeping_film(folder: Path, seconds: int, sleep_s: float) -> Film:
    """A small video of so many seconds, by an engine that sleeps for each segment of it."""
    write_long_video(folder, seconds)
    models = folder / "models" / _ENGINE
    models.mkdir(parents=True)
    (models / "seconds").write_text(str(sleep_s), encoding="ascii")
    return Film(
        folder=folder,
        form={"video": "long.mp4", "audio": "long.m4a", "resolution": "480p"},
        environ={
            "MOUTHPIECE_ENGINE": _ENGINE,
            "MOUTHPIECE_MODELS_DIR": str(folder / "models"),
            "MOUTHPIECE_MAX_DURATION_S": str(seconds + 60),
            "PYTHONPATH": str(_ROOT / "tests" / "sleeping_engine"),
        },
        computes=False,
    )


def real_film(folder: Path, seconds: int) -> Film:
    """The sample portrait with its own speech over and over, by the default engine, one thread a worker."""
    shutil.copy(_ROOT / "samples" / "portrait.png", folder / "face.png")
    write_speech(folder / "voice.wav", _ROOT / "samples" / "voice-austen.wav", seconds)
    return Film(
        folder=folder,
        form={"image": "face.png", "audio": "voice.wav", "resolution": "480p", "seed": _SEED},
        environ={"MOUTHPIECE_TORCH_THREADS": "1"},
        computes=True,
    )
