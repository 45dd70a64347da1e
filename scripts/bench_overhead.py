"""What a job costs beside its engine: from HTTP submit to completed, with an engine that does nothing.

The job is a real one: two inputs fetched over HTTP, probed, decoded, encoded, muxed and stored; a second of 256 px
video. The baseline is the same media work in one process with no service around it. Prints one JSON object; times in
milliseconds.

usage: python -m scripts.bench_overhead [--jobs 50]
"""

import json
import sys
import tempfile
import time
import wave
from pathlib import Path

import click
import cv2
import numpy as np
import requests

from scripts.render import render_file
from scripts.trial import TRIVIAL_ENGINE, Trial, running, serving

_POLL_S = 0.01
_RATE_HZ = 16000


def make_inputs(folder: Path) -> tuple[Path, Path]:
    """A picture and a second of sound; the engine looks at neither."""
    rng = np.random.default_rng(7)
    picture, sound = folder / "face.png", folder / "voice.wav"
    cv2.imwrite(str(picture), cv2.resize(rng.integers(0, 255, (16, 16, 3), np.uint8), (256, 256)))
    with wave.open(str(sound), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(_RATE_HZ)
        file.writeframes(rng.integers(-3000, 3000, _RATE_HZ, np.int16).tobytes())
    return picture, sound


def one_job(trial: Trial, files: str) -> tuple[str, float]:
    """Run a job through the service; returns its id and the seconds from submit to completed."""
    headers = {"Authorization": f"Bearer {trial.key}"}
    body = {"formState": {"image": f"{files}/face.png", "audio": f"{files}/voice.wav", "resolution": "480p"}}
    begin = time.perf_counter()
    job = requests.post(f"{trial.url}/api/v1/lipsync-image", json=body, headers=headers, timeout=30).json()
    while True:
        state = requests.get(f"{trial.url}/api/v1/jobs/{job['id']}", headers=headers, timeout=30).json()
        if state["status"] == "completed":
            return job["id"], time.perf_counter() - begin
        if state["status"] == "failed":
            raise click.ClickException(f"the job failed: {state['error']}")
        time.sleep(_POLL_S)


def _percentiles(seconds: list[float]) -> dict[str, float]:
    p50, p95 = np.percentile(np.array(seconds) * 1000, [50, 95]).round(1).tolist()
    return {"p50": p50, "p95": p95}


def _without_service(picture: Path, sound: Path, out: Path, jobs: int) -> list[float]:
    seconds = []
    for _ in range(jobs):
        begin = time.perf_counter()
        render_file(picture, sound, out, engine="trivial")
        seconds.append(time.perf_counter() - begin)
    return seconds


@click.command()
@click.option("--jobs", default=50, show_default=True)
def main(jobs: int) -> None:
    """Measure jobs through the service and the same work without it."""
    sys.path.append(TRIVIAL_ENGINE["PYTHONPATH"])
    with tempfile.TemporaryDirectory(prefix="mouthpiece-bench-") as name:
        folder = Path(name)
        picture, sound = make_inputs(folder)
        with serving(folder) as files, running(TRIVIAL_ENGINE, log=folder / "log") as trial:
            one_job(trial, files)
            service = [one_job(trial, files)[1] for _ in range(jobs)]
        alone = _without_service(picture, sound, folder / "out.mp4", max(3, jobs // 5))[1:]
    result = {"jobs": jobs, "service": _percentiles(service), "media_work_alone": _percentiles(alone)}
    click.echo(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
