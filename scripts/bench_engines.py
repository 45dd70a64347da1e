"""Speed and memory of the engines `wav2lip` and `musetalk` beside the plain loop, in one run, with generated weights.

The plain loop is what reference implementations do, in our words (`scripts/speed/plain`): the whole video in memory,
one stage after the other. Both get the same clip, voice, weights and machine; every run is a process of its own, which
has loaded its networks before the clock starts. Prints one JSON object; docs/operations.md says how to read it.

usage: python -m scripts.bench_engines [--engine wav2lip] [--size 458x458] [--seconds 10] [--long 300] [--out FILE]
"""

import json
import os
import tempfile
from pathlib import Path
from typing import Literal, get_args

import click

from contracts.settings import Device
from scripts.speed.beside import Measured, Plan, beside, long_run
from scripts.speed.tasks import Workers

_ROOT = Path(__file__).resolve().parent.parent
_MEDIA = _ROOT.parent / "shared" / "media"
_SAMPLE_VOICE = _ROOT / "samples" / "voice-austen.wav"
_VOICE = _MEDIA / "wav" / "eng_musetalk.wav"
#: Clips of the sizes that references were measured with.
_CLIPS = {"458x458": "th_man_bald_458_25fps_15s.mp4", "1080x1920": "vert_woman_1080x1920_25fps_hevc.mp4"}


#: Length of the clips and batches of the plain loop, where none are asked for.
_SECONDS = {"wav2lip": 10.0, "musetalk": 0.4}
_BATCHES = {"wav2lip": (16, 128), "musetalk": (8,)}


class _Size(click.ParamType[tuple[int, int]]):
    """WIDTHxHEIGHT, both even."""

    name = "WIDTHxHEIGHT"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, int]:
        """The two numbers."""
        width, _, height = str(value).partition("x")
        if not (width.isdecimal() and height.isdecimal() and int(width) % 2 == int(height) % 2 == 0):
            self.fail(f"{value} is not WIDTHxHEIGHT in even numbers", param, ctx)
        return int(width), int(height)


class _Workers(click.ParamType[Workers]):
    """PROCESSESxTHREADS."""

    name = "PROCESSESxTHREADS"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Workers:
        """So many processes, of so many threads."""
        processes, _, threads = str(value).partition("x")
        if not (processes.isdecimal() and threads.isdecimal() and int(processes) and int(threads)):
            self.fail(f"{value} is not PROCESSESxTHREADS, such as 2x1", param, ctx)
        return Workers(int(processes), int(threads))


def _source(width: int, height: int) -> Path | None:
    name = _CLIPS.get(f"{width}x{height}")
    path = _MEDIA / name if name else None
    return path if path and path.is_file() else None


@click.command()
@click.option("--engine", type=click.Choice(["wav2lip", "musetalk"]), default="wav2lip", show_default=True)
@click.option("--size", "sizes", type=_Size(), multiple=True, default=("458x458", "1080x1920"), show_default=True)
@click.option("--seconds", type=float, help="Length of each clip: 10, for musetalk 0.4.")
@click.option(
    "--batch",
    "batches",
    type=int,
    multiple=True,
    help="Faces that the plain loop draws at once: 16 and 128, musetalk 8.",
)
@click.option(
    "--workers",
    type=_Workers(),
    multiple=True,
    default=("1x1", "1x2", "2x1"),
    show_default=True,
    help="Our gpu workers: how many, and threads of each.",
)
@click.option(
    "--detector-frames", default=3, show_default=True, help="Frames that the plain loop's detector is timed on."
)
@click.option(
    "--long", "long_s", default=0.0, show_default=True, help="Seconds of a second, longer job of ours; 0: none."
)
@click.option("--device", type=click.Choice(["cpu", "cuda"]), default="cpu", show_default=True)
@click.option("--out", type=click.Path(path_type=Path), help="Write the JSON there too.")
def main(
    engine: str,
    sizes: tuple[tuple[int, int], ...],
    seconds: float | None,
    batches: tuple[int, ...],
    workers: tuple[Workers, ...],
    detector_frames: int,
    long_s: float,
    device: str,
    out: Path | None,
) -> None:
    """Measure clips of ../shared/media where there are some of a size, else of the sample portrait."""
    chosen: Literal["wav2lip", "musetalk"] = "musetalk" if engine == "musetalk" else "wav2lip"
    where: Device = next(one for one in get_args(Device) if one == device)
    results: dict[str, Measured] = {}
    load = round(os.getloadavg()[0], 1)
    for width, height in sizes:
        source = _source(width, height)
        with tempfile.TemporaryDirectory(prefix="mouthpiece-bench-") as name:
            plan = Plan(
                engine=chosen,
                folder=Path(name),
                source=source,
                sound=_VOICE if _VOICE.is_file() else _SAMPLE_VOICE,
                width=width,
                height=height,
                seconds=seconds or _SECONDS[chosen],
                batches=batches or _BATCHES[chosen],
                workers=workers,
                detector_frames=detector_frames,
                device=where,
            )
            found = beside(plan, lambda said: click.echo(said, err=True))
            if long_s:
                found["ours_long"] = long_run(plan, long_s, lambda said: click.echo(said, err=True))
        results[f"{width}x{height}"] = {"clip": source.name if source else "samples/portrait.png", **found}
    machine = {
        "cores": os.cpu_count(),
        "load": load,
        "load_after": round(os.getloadavg()[0], 1),
        "device": device,
        "engine": engine,
    }
    text = json.dumps({**machine, "sizes": results}, indent=2)
    if out:
        out.write_text(text + "\n", encoding="utf-8")
    click.echo(text)


if __name__ == "__main__":
    main()
