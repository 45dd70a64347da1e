"""Speed and memory of a job's media work, beside the same frames decoded and encoded with nothing done to them.

Each clip says some seconds of a voice, with one process and with two, as so many `gpu` workers would do it; the bare
decoding and encoding of the same frames runs in the same processes right after. The stages' shares are then taken in
one thread. At last a whole service does jobs of several lengths in 1080p, while the memory of its `gpu` worker is
watched. Prints one JSON object.

Wall times count what else the machine does; `busy` is processor time and hardly does.

usage: python -m scripts.bench_render [CLIP ...] [--voice FILE] [--out FILE]
"""

import json
import os
import tempfile
from pathlib import Path

import click

from engines.media import VideoSource
from scripts.speed import clips
from scripts.speed.stages import stages
from scripts.speed.tasks import Task
from scripts.speed.work import Cost, run
from scripts.speed.worker import worker_cost

_MEDIA = Path(__file__).resolve().parent.parent.parent / "shared" / "media"
#: 512, 720 and 1080 pixels on the shorter side.
_CLIPS = (
    "man_german_news_512_25fps_20s.mp4",
    "angled_woman_1280x720_30fps.mp4",
    "man_glasses_sofa_1080p_2997fps_10s.mp4",
)
_MEMORY_CLIP = "vert_woman_1080x1920_25fps_hevc.mp4"
_VOICE = "wav/eng_musetalk.wav"
#: A clip is repeated to this length at most; longer voices play it to and fro.
_LONGEST_SOURCE_S = 30.0

Numbers = dict[str, float]


def speed(task: Task, processes: int) -> Numbers:
    """Frames per second of a job and of its baseline, and the wall seconds of the job's steps."""
    plan, cost = run(task, processes)
    return _speed(plan.frames, cost)


def _speed(frames: int, cost: Cost) -> Numbers:
    numbers = {
        "frames": frames,
        "fps": frames / cost.whole_s,
        "bare_fps": frames / cost.bare_s,
        "times_bare": cost.whole_s / cost.bare_s,
        "analyse_s": cost.analyse_s,
        "render_s": cost.render_s,
        "join_s": cost.join_s,
        "bare_s": cost.bare_s,
    }
    return {name: round(value, 3) for name, value in numbers.items()}


def memory(clip: Path, voice: Path, seconds: float, folder: Path) -> Numbers:
    """Memory of a `gpu` worker that makes a clip say so many seconds."""
    folder.mkdir()
    source = clips.looped(clip, folder / "clip.mp4", "video", min(seconds, _LONGEST_SOURCE_S))
    sound = clips.voice_of(voice, folder / "voice.wav", seconds)
    return {name: round(value, 1) for name, value in worker_cost(source, sound, folder / "service.log").items()}


def _of_clip(clip: Path, voice: Path, seconds: float, processes: tuple[int, ...], folder: Path) -> dict[str, object]:
    folder.mkdir()
    task = Task(clip=clip, voice=clips.voice_of(voice, folder / "voice.wav", seconds), seconds=seconds, folder=folder)
    by_processes = {str(count): speed(task, count) for count in processes}
    shares = stages(task)
    return {
        "size": VideoSource(clip).size,
        "processes": by_processes,
        "busy_ms": round(sum(stage["busy_ms"] for stage in shares.values()), 1),
        "stages": shares,
    }


@click.command()
@click.argument("chosen", metavar="[CLIP]...", nargs=-1, type=click.Path(path_type=Path, exists=True))
@click.option("--voice", type=click.Path(path_type=Path, exists=True), default=_MEDIA / _VOICE, help="What is said.")
@click.option("--seconds", default=6.0, show_default=True, help="Length of each job whose speed is measured.")
@click.option("--processes", type=int, multiple=True, default=(1, 2), show_default=True)
@click.option("--memory-clip", type=click.Path(path_type=Path, exists=True), default=_MEDIA / _MEMORY_CLIP)
@click.option("--memory-seconds", type=float, multiple=True, default=(10.0, 120.0), show_default=True)
@click.option("--out", type=click.Path(path_type=Path), help="Write the JSON there too.")
def main(
    chosen: tuple[Path, ...],
    voice: Path,
    seconds: float,
    processes: tuple[int, ...],
    memory_clip: Path,
    memory_seconds: tuple[float, ...],
    out: Path | None,
) -> None:
    """Measure each CLIP, by default three of ../shared/media; --memory-seconds 600 takes a quarter of an hour more."""
    results: dict[str, object] = {"cores": os.cpu_count(), "load": round(os.getloadavg()[0], 1)}
    with tempfile.TemporaryDirectory(prefix="mouthpiece-bench-") as name:
        folder = Path(name)
        of_clips: dict[str, object] = {}
        for number, clip in enumerate(chosen or [_MEDIA / name for name in _CLIPS]):
            click.echo(clip.name, err=True)
            of_clips[clip.name] = _of_clip(clip, voice, seconds, processes, folder / str(number))
        lengths: dict[str, object] = {}
        for length in memory_seconds:
            click.echo(f"{memory_clip.name}, {length:g} s, memory of a worker", err=True)
            lengths[f"{length:g}s"] = memory(memory_clip, voice, length, folder / f"memory-{length:g}")
    results |= {"clips": of_clips, "worker": {"clip": memory_clip.name, "lengths": lengths}}
    text = json.dumps(results | {"load_after": round(os.getloadavg()[0], 1)}, indent=2)
    if out:
        out.write_text(text + "\n", encoding="utf-8")
    click.echo(text)


if __name__ == "__main__":
    main()
