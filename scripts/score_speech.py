"""Score what the speech network makes of a voice against the lips that spoke it.

Give clips of one talking person whose sound is their own, each with how many milliseconds its sound is late (a negative
number: early), after an @: clip.mp4@40. Clips that training or tables were fitted to prove nothing. Beside each score
stands that of the loudness of the voice, which is what a mouth that merely flaps would reach.

r: correlation with what the video shows. AUC: chance that a frame with closed lips is told from one with open lips.
"""

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import click
import numpy as np
import torch
from numpy.typing import NDArray

from engines.activity import smooth
from engines.articulate.driver import SpeechDriver, sample_at
from engines.articulate.speech_encoder import HOP
from engines.audio import SPEECH_RATE, read_speech
from engines.media import VideoSource
from engines.people.faces import FaceFinder, inter_ocular_px
from engines.samples import levels_db
from engines.weights import MANIFEST, read_manifest
from scripts.quality.measures import correlation, separation
from scripts.table import lines

Values = NDArray[np.floating]

_WEIGHTS = Path(__file__).resolve().parents[1] / "engines" / "articulate" / "weights"
_NAME = "speech.safetensors"
_INNER_LIPS = ((82, 87), (13, 14), (312, 317))
_CORNERS = (61, 291)
_CLOSED_SHARE = 8
_CLOSED_GAP = 0.012


@dataclass(frozen=True, slots=True, kw_only=True)
class Lips:
    """What a video shows: when, and how far apart the inner lips and the mouth's corners are, in eye distances."""

    times_s: Values
    gap: Values
    width: Values


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """Of one clip: the network's beside the loudness's."""

    opening: float
    opening_loudness: float
    width: float
    closure: float
    closure_loudness: float


@click.command(help=__doc__)
@click.argument("clips", nargs=-1, required=True)
@click.option("--record", is_flag=True, help="Write the means into the weights' manifest.")
def main(clips: tuple[str, ...], record: bool) -> None:
    """Print a row a clip, and their means."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    finder, driver = FaceFinder(device), SpeechDriver(device)
    found = {}
    for clip in clips:
        path, _, late = clip.partition("@")
        found[Path(path).name] = _scores(Path(path), float(late or 0) / 1000, finder, driver)
    found["mean"] = _mean(list(found.values()))
    headers = ("clip", "r opening", "(loudness)", "r width", "AUC closure", "(loudness)")
    rows = [(name, *(f"{value:.2f}" for value in asdict(row).values())) for name, row in found.items()]
    click.echo("\n".join(lines(headers, rows)))
    if record:
        _record(found["mean"], len(clips))


def _scores(path: Path, late_s: float, finder: FaceFinder, driver: SpeechDriver) -> Scores:
    lips = _lips(path, finder)
    voice = read_speech(path).samples
    heard = driver.articulate(voice, SPEECH_RATE)
    moments = lips.times_s + late_s
    opening, width, closure = (sample_at(track, moments) for track in (heard.opening, heard.width, heard.closure))
    power = np.asarray(10 ** (levels_db(voice, HOP) / 20), np.float32)
    loudness = sample_at(smooth(power, 3.0), moments)
    closed = lips.gap < np.maximum(_CLOSED_GAP, np.percentile(lips.gap, _CLOSED_SHARE))
    return Scores(
        opening=correlation(opening, lips.gap),
        opening_loudness=correlation(loudness, lips.gap),
        width=correlation(width, lips.width),
        closure=separation(0.3 * closure - opening, closed),
        closure_loudness=separation(-loudness, closed),
    )


def _lips(path: Path, finder: FaceFinder) -> Lips:
    source = VideoSource(path)
    faces = list(finder.track(source.frames_at(range(len(source)), source.size)))
    seen = np.array([face is not None for face in faces])
    marks = np.stack([face.landmarks for face in faces if face is not None])  # (T, 468, 2)
    unit = np.median(inter_ocular_px(marks))
    gaps = [np.linalg.norm(marks[:, upper] - marks[:, lower], axis=-1) for upper, lower in _INNER_LIPS]
    width = np.linalg.norm(marks[:, _CORNERS[0]] - marks[:, _CORNERS[1]], axis=-1)
    return Lips(times_s=source.times_s[seen], gap=np.mean(gaps, 0) / unit, width=width / unit)


def _mean(rows: list[Scores]) -> Scores:
    means = np.mean([list(asdict(row).values()) for row in rows], 0)
    return Scores(**dict(zip(asdict(rows[0]), map(float, means), strict=True)))


def _record(mean: Scores, clips: int) -> None:
    entries = read_manifest(_WEIGHTS)
    measured = {f"real_{name}": round(value, 3) for name, value in asdict(mean).items()}
    scores = entries[_NAME].scores | measured | {"real_clips": clips}
    entries[_NAME] = replace(entries[_NAME], scores=scores)
    listing = {name: asdict(entry) for name, entry in sorted(entries.items())}
    (_WEIGHTS / MANIFEST).write_text(json.dumps(listing, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
