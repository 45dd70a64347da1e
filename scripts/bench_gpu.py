"""Speed of a job on a GPU, with each encoder that works; the GPU's share; and how far its numbers are from the CPU's.

Only for machines with a GPU; it ends at once on others. Prints one JSON object.

usage: python -m scripts.bench_gpu [CLIP] [--voice FILE] [--seconds 20]
"""

import json
import tempfile
import time
from contextlib import nullcontext
from pathlib import Path
from typing import get_args

import click
import numpy as np
import torch
from numpy.typing import NDArray
from torch.profiler import ProfilerActivity, profile

from contracts.settings import SOFTWARE_ENCODER, Device, Encoder
from engines.analysis import load_analysis
from engines.encoders import works
from scripts.speed import work
from scripts.speed.clips import voice_of
from scripts.speed.tasks import Task

_MEDIA = Path(__file__).resolve().parent.parent.parent / "shared" / "media"

Numbers = dict[str, float]


def cost(task: Task, device: Device, encoder: str) -> Numbers:
    """Frames per second of the two steps and of both, and the share of the time in which the GPU computes."""
    work.engine(device)
    profiled = profile(activities=[ProfilerActivity.CUDA]) if device == "cuda" else None
    with profiled or nullcontext():
        began = time.perf_counter()
        plan = work.analyse(task, device, encoder)
        analysed = time.perf_counter()
        for segment in plan.segments:
            work.render(task, segment, device)
        ended = time.perf_counter()
    events = profiled.key_averages() if profiled else ()
    computing_s = sum(event.self_device_time_total for event in events) / 1e6
    return {
        "analyse_fps": round(plan.frames / (analysed - began), 1),
        "render_fps": round(plan.frames / (ended - analysed), 1),
        "fps": round(plan.frames / (ended - began), 1),
        "gpu_share": round(computing_s / (ended - began), 3),
    }


def difference(one: Path, other: Path) -> Numbers:
    """Greatest difference of each array of two analyses; -1 where their shapes differ."""
    tensors = [load_analysis(path).analysis.tensors for path in (one, other)]
    return {name: _greatest(tensors[0][name], tensors[1][name]) for name in tensors[0]}


def _greatest(one: NDArray[np.generic], other: NDArray[np.generic]) -> float:
    if one.shape != other.shape:
        return -1.0
    return float(np.abs(one.astype(np.float64) - other.astype(np.float64)).max(initial=0.0))


def _task(clip: Path, voice: Path, seconds: float, folder: Path) -> Task:
    folder.mkdir()
    sound = voice_of(voice, folder / "voice.wav", seconds)
    return Task(clip=clip, voice=sound, seconds=seconds, folder=folder)


@click.command()
@click.argument(
    "clip",
    type=click.Path(path_type=Path, exists=True),
    default=_MEDIA / "man_glasses_sofa_1080p_2997fps_10s.mp4",
)
@click.option("--voice", type=click.Path(path_type=Path, exists=True), default=_MEDIA / "wav" / "eng_musetalk.wav")
@click.option("--seconds", default=20.0, show_default=True)
def main(clip: Path, voice: Path, seconds: float) -> None:
    """Measure CLIP on this machine's GPU."""
    if not torch.cuda.is_available():
        raise click.ClickException("no GPU here; scripts.bench_render measures the CPU")
    encoders = [name for name in get_args(Encoder) if name == SOFTWARE_ENCODER or (name != "auto" and works(name))]
    with tempfile.TemporaryDirectory(prefix="mouthpiece-bench-") as name:
        on_gpu, beside = (_task(clip, voice, seconds, Path(name) / device) for device in ("cuda", "cpu"))
        cost(on_gpu, "cuda", SOFTWARE_ENCODER)  # the first run also fills caches
        by_encoder = {encoder: cost(on_gpu, "cuda", encoder) for encoder in encoders}
        on_cpu = cost(beside, "cpu", SOFTWARE_ENCODER)
        differs = difference(on_gpu.analysis, beside.analysis)
    result = {
        "gpu": torch.cuda.get_device_name(),
        "clip": clip.name,
        "cuda": by_encoder,
        "cpu": on_cpu,
        "gpu_from_cpu": differs,
        "gpu_peak_mib": round(torch.cuda.max_memory_allocated() / 2**20),
    }
    click.echo(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
