"""Speed and memory of a whole job's media work over the length of a clip, beside a plain decode and encode of it.

A clip and a voice are looped to each length; the clip is then lip-synced in a process of its own, as one worker would,
and, as the baseline, decoded and encoded again unchanged with the same encoder settings. Prints one JSON object: wall
seconds, frames per second and peak resident MiB of each, and their ratios.

usage: python -m scripts.bench_render VIDEO AUDIO [--seconds 60 --seconds 300]
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from fractions import Fraction
from pathlib import Path
from typing import Literal

import av
import click

from contracts.jobs import OutputOptions
from engines.encode import encode_segment
from engines.media import VideoSource
from engines.timeline import video_timeline
from scripts.render import render_file


def looped(source: Path, out: Path, kind: Literal["video", "audio"], seconds: float) -> None:
    """Repeat a file's first stream of a kind, by copying packets, to at least `seconds`."""
    with av.open(str(source)) as container, av.open(str(out), "w") as target:
        origin = container.streams.get({kind: 0})[0]
        stream = target.add_stream_from_template(origin)
        tick = Fraction(origin.time_base or 1)
        offset = 0
        while offset * tick < seconds:
            container.seek(0)
            packets = [packet for packet in container.demux(origin) if packet.dts is not None]
            first = min(packet.dts or 0 for packet in packets)
            for packet in packets:
                packet.pts = (packet.pts or 0) - first + offset
                packet.dts = (packet.dts or 0) - first + offset
                packet.stream = stream
            offset = max((packet.dts or 0) + (packet.duration or 1) for packet in packets)
            target.mux(packets)


def lipsync(video: Path, audio: Path, out: Path) -> int:
    """The job's media work; returns its frames."""
    return render_file(video, audio, out).frames


def transcode(video: Path, audio: Path, out: Path) -> int:
    """The baseline: the same frames decoded, scaled and encoded, and nothing done to them."""
    source = VideoSource(video, "video")
    with av.open(str(audio)) as container:
        seconds = float(container.duration or 0) / av.time_base
    timeline = video_timeline(source.size, source.times_s, source.duration_s, source.fps, seconds, OutputOptions())
    size = (timeline.width, timeline.height)
    encode_segment(source.frames_at(timeline.source_index, size), timeline.fps, size, out)
    return timeline.frames


WORK = {"lipsync": lipsync, "transcode": transcode}


def measured(name: str, video: Path, audio: Path, out: Path) -> dict[str, float]:
    """Run one kind of work in a fresh process and return what it cost."""
    command = [sys.executable, "-m", "scripts.bench_render", "--work", name, str(video), str(audio), str(out)]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    cost: dict[str, float] = json.loads(printed)
    return cost


def _work(name: str, video: Path, audio: Path, out: Path) -> None:
    begin = time.perf_counter()
    frames = WORK[name](video, audio, out)
    seconds = time.perf_counter() - begin
    peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    cost = {"frames": frames, "wall_s": seconds, "fps": frames / seconds, "peak_mib": peak_mib}
    click.echo(json.dumps({name: round(value, 1) for name, value in cost.items()}))


@click.command()
@click.argument("video", type=click.Path(path_type=Path, exists=True))
@click.argument("audio", type=click.Path(path_type=Path, exists=True))
@click.argument("out", type=click.Path(path_type=Path), required=False)
@click.option("--seconds", type=float, multiple=True, default=(60.0, 300.0), show_default=True)
@click.option("--work", type=click.Choice(list(WORK)), hidden=True)
def main(video: Path, audio: Path, out: Path | None, seconds: tuple[float, ...], work: str | None) -> None:
    """Measure each length."""
    if work and out:
        return _work(work, video, audio, out)
    results: dict[str, dict[str, dict[str, float]]] = {}
    with tempfile.TemporaryDirectory(prefix="mouthpiece-bench-") as name:
        folder = Path(name)
        for length in seconds:
            clip, voice = folder / f"clip-{length:g}.mp4", folder / f"voice-{length:g}{audio.suffix}"
            looped(video, clip, "video", length)
            looped(audio, voice, "audio", length)
            costs = {kind: measured(kind, clip, voice, folder / "out.mp4") for kind in WORK}
            results[f"{length:g}s"] = costs
    peaks = [costs["lipsync"]["peak_mib"] for costs in results.values()]
    ratios = {length: costs["lipsync"]["wall_s"] / costs["transcode"]["wall_s"] for length, costs in results.items()}
    summary = {"wall_ratio": ratios, "peak_ratio_last_to_first": peaks[-1] / peaks[0]}
    click.echo(json.dumps({"costs": results, **summary}, indent=2))
    return None


if __name__ == "__main__":
    main()
