"""How long a submission takes at a steady rate, beside a bare Flask endpoint under the same server in the same run.

Open loop: request k leaves at k / rate whatever became of the others, and is timed from that moment, so that a slow
server cannot slow down its own test. Prints one JSON object; times in milliseconds.

usage: python -m scripts.bench_submit [--rate 50] [--seconds 10]
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import click
import numpy as np
import requests
from flask import Flask, jsonify
from flask.typing import ResponseReturnValue

from scripts.ports import free_ports
from scripts.trial import TRIVIAL_ENGINE, Trial, running

_BODY = {
    "formState": {"image": "http://127.0.0.1:9/face.png", "audio": "http://127.0.0.1:9/voice.wav", "resolution": "720p"}
}


def bare() -> Flask:
    """The baseline: a Flask application that answers a POST with a constant."""
    app = Flask(__name__)

    @app.post("/api/v1/lipsync-image")
    def answer() -> ResponseReturnValue:
        return jsonify(id="550e8400-e29b-41d4-a716-446655440000", status="processing")

    return app


def offered(url: str, key: str, rate: int, seconds: float) -> dict[str, float]:
    """Send `rate` submissions a second and return the percentiles of their latency in ms, and the errors."""
    session = requests.Session()
    session.mount("http://", requests.adapters.HTTPAdapter(pool_maxsize=64))
    headers = {"Authorization": f"Bearer {key}"}
    begin = time.perf_counter() + 0.5

    def one(number: int) -> tuple[float, bool]:
        due = begin + number / rate
        time.sleep(max(0.0, due - time.perf_counter()))
        answer = session.post(f"{url}/api/v1/lipsync-image", json=_BODY, headers=headers, timeout=30)
        return (time.perf_counter() - due) * 1000, answer.ok

    with ThreadPoolExecutor(64) as pool:
        timed = list(pool.map(one, range(int(rate * seconds))))
    latencies = np.array([latency for latency, _ok in timed])
    p50, p95, p99 = np.percentile(latencies, [50, 95, 99]).round(1).tolist()
    return {"requests": len(timed), "errors": sum(not ok for _, ok in timed), "p50": p50, "p95": p95, "p99": p99}


@contextmanager
def _baseline() -> Iterator[str]:
    [port] = free_ports("127.0.0.1", 1)
    command = [sys.executable, "-m", "gunicorn", "--no-control-socket", "--bind", f"127.0.0.1:{port}"]
    command += ["--worker-class", "gthread", "--threads", "16", "--log-level", "warning", "scripts.bench_submit:bare()"]
    process = subprocess.Popen(command)
    url = f"http://127.0.0.1:{port}"
    try:
        _wait_for(url)
        yield url
    finally:
        process.terminate()
        process.wait()


def _wait_for(url: str) -> None:
    for _ in range(100):
        try:
            requests.get(url, timeout=1)
            return
        except requests.ConnectionError:
            time.sleep(0.1)


@contextmanager
def _idle_workers(trial: Trial) -> Iterator[None]:
    """Hold the workers still, so that the API and Temporal alone are measured."""
    pids = trial.pids("worker")
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


@click.command()
@click.option("--rate", default=50, show_default=True, help="Requests per second.")
@click.option("--seconds", default=10.0, show_default=True)
def main(rate: int, seconds: float) -> None:
    """Measure submissions with idle workers, with workers at work, and the bare endpoint."""
    with _baseline() as url:
        offered(url, "none", rate, 1)
        bare_endpoint = offered(url, "none", rate, seconds)
    with running(TRIVIAL_ENGINE) as trial:
        offered(trial.url, trial.key, rate, 1)
        with _idle_workers(trial):
            idle = offered(trial.url, trial.key, rate, seconds)
        busy = offered(trial.url, trial.key, rate, seconds)
    result = {"rate": rate, "bare_flask": bare_endpoint, "submit": idle, "submit_with_workers_at_work": busy}
    result["ratio_p50"] = round(idle["p50"] / bare_endpoint["p50"], 1)
    click.echo(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
