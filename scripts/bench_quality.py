"""Judge the engine against real mouths: how like a person's own lips those it drives are.

Each clip of a talking person is cut in two. Its first half is driven by the real mouth of the second half (how good the
drawing is), by the second half's sound (how good the whole is), and, for comparison, by loudness alone, by recognised
English words, and by nothing. What is drawn is then watched again and held against the real second half, the sound
moved by the clip's known offset and by nothing else.

A clip that was judged before into the same OUT, by the same code, is not judged again.

Writes OUT/results.json, OUT/table.txt and for each clip the videos, a contact sheet and a video side by side.
"""

from pathlib import Path

import click
import cv2
import torch

from contracts.errors import MouthpieceError
from scripts.quality import report
from scripts.quality.clips import Clip, clips_in
from scripts.quality.judge import REAL, VOICE, Judge, Judged
from scripts.quality.kept import kept_or
from scripts.quality.opinion import second_opinion
from scripts.quality.outside import Outside
from scripts.quality.scores import Driver
from scripts.quality.show import Panel, write_sheet, write_side_by_side

_MEDIA = Path(__file__).resolve().parents[2] / "shared" / "media"
_ORDER = (Driver.NO_CHANGE, Driver.ENERGY, Driver.WORDS, Driver.AUDIO, Driver.RENDERER)
_EXISTING = click.Path(path_type=Path, exists=True)


@click.command(help=__doc__)
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False), default=_MEDIA)
@click.option("--out", type=click.Path(path_type=Path), default=Path("out/quality"), show_default=True)
@click.option("--clips", type=_EXISTING, help="JSON list of clips, offsets and tiers; see scripts/quality/clips.json.")
@click.option("--words-python", type=_EXISTING, help="Interpreter with pocketsphinx, for the words.")
@click.option("--mediapipe-python", type=_EXISTING, help="Interpreter with mediapipe 0.10.21, for a second opinion.")
def main(folder: Path, out: Path, clips: Path | None, words_python: Path | None, mediapipe_python: Path | None) -> None:
    """Judge every clip, and print the table."""
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    outside = Outside(words=words_python, mediapipe=mediapipe_python)
    judge = Judge(torch.device("cuda" if torch.cuda.is_available() else "cpu"), outside)
    judged: list[Judged] = []
    left_out: dict[str, str] = {}
    for clip in clips_in(folder, clips):
        try:
            judged.append(_judged(judge, clip, out / clip.label, outside))
        except MouthpieceError as error:
            left_out[clip.label] = str(error)
        _write(judged, left_out, outside, out)
    click.echo((out / "table.txt").read_text(encoding="utf-8"), nl=False)
    if not judged:
        raise click.ClickException("no clip could be judged")


def _judged(judge: Judge, clip: Clip, folder: Path, outside: Outside) -> Judged:
    click.echo(f"{clip.label} ...", err=True)
    folder.mkdir(parents=True, exist_ok=True)
    return kept_or(lambda: _judged_anew(judge, clip, folder, outside), clip, folder, outside)


def _judged_anew(judge: Judge, clip: Clip, folder: Path, outside: Outside) -> Judged:
    judged = judge.judge(clip, folder)
    if outside.mediapipe:
        judged = second_opinion(judged, folder, outside.mediapipe)
    shown = [driver for driver in _ORDER if driver in judged.scores]
    panels = [Panel(driver, folder / f"{driver}.mp4", judged.first_place) for driver in shown]
    panels.append(Panel(REAL, folder / f"{REAL}.mp4", judged.later_place))
    write_sheet(panels, folder / "sheet.png")
    write_side_by_side(panels, folder / VOICE, folder / "side-by-side.mp4")
    return judged


def _write(judged: list[Judged], left_out: dict[str, str], outside: Outside, out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    notes = _notes(outside)
    report.write(out / "results.json", report.document(judged, left_out, notes))
    failures = [f"{each.clip.label}: {what}: {why}" for each in judged for what, why in each.failures.items()]
    failures += [f"{label}: left out: {why}" for label, why in left_out.items()]
    report.write(
        out / "table.txt",
        "\n".join([*report.table(judged), "", *report.verdicts(judged), "", *notes, *failures]) + "\n",
    )


def _notes(outside: Outside) -> list[str]:
    notes = ["* by mediapipe, on the encoded videos"] if outside.mediapipe else []
    if outside.words is None:
        notes.append("words: not run, for --words-python names no interpreter")
    if outside.mediapipe is None:
        notes.append("second opinion (*): not asked, for --mediapipe-python names no interpreter")
    return notes


if __name__ == "__main__":
    main()
