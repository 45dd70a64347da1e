"""How long submissions and status calls take at a steady rate, beside a bare Flask endpoint in the same run.

Open loop: request k leaves at k / rate whatever became of the others, and is timed from that moment, so that a slow
server cannot slow down its own test. Prints one JSON object; times in milliseconds.

usage: python -m scripts.bench_submit [--rate 50 --rate 100 ...] [--seconds 10] [--jobs 1000]
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import click
import numpy as np
import requests
from flask import Flask, jsonify
from flask.typing import ResponseReturnValue

from scripts.ports import free_ports
from scripts.trial import TRIVIAL_ENGINE, Trial, running
from storage.records import Records

#: Calls that may be under way at once.
_CONNECTIONS = 64
#: Until the first call leaves.
_LEAD_S = 0.5
_NO_LIMIT = {"MOUTHPIECE_REQUESTS_PER_MIN_ENTERPRISE": "0"}
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


Call = Callable[[requests.Session, int], requests.Response]


def offered(call: Call, rate: int, seconds: float) -> dict[str, float]:
    """Make `rate` calls a second and return the percentiles of their latency in ms, what was answered, and the errors.

    Args:
        call: makes the call with a number, counted from 0.
        rate: calls a second.
        seconds: for how long.
    """
    began = time.perf_counter()
    timed = answered(call, rate, seconds)
    took_s = time.perf_counter() - began - _LEAD_S
    p50, p95, p99 = np.percentile([latency for latency, _ok in timed], [50, 95, 99]).round(1).tolist()
    errors = sum(not ok for _, ok in timed)
    per_s = round(len(timed) / took_s, 1)
    return {"requests": len(timed), "errors": errors, "per_s": per_s, "p50": p50, "p95": p95, "p99": p99}


def answered(call: Call, rate: int, seconds: float) -> list[tuple[float, bool]]:
    """Make calls as `offered` does, and return for each its latency in ms and whether it was no error."""
    session = requests.Session()
    session.mount("http://", requests.adapters.HTTPAdapter(pool_maxsize=_CONNECTIONS))
    begin = time.perf_counter() + _LEAD_S

    def one(number: int) -> tuple[float, bool]:
        due = begin + number / rate
        time.sleep(max(0.0, due - time.perf_counter()))
        answer = call(session, number)
        return (time.perf_counter() - due) * 1000, answer.ok

    with ThreadPoolExecutor(_CONNECTIONS) as pool:
        return list(pool.map(one, range(int(rate * seconds))))


def submission(url: str, key: str) -> Call:
    """Submits a portrait."""
    headers = {"Authorization": f"Bearer {key}"}

    def call(session: requests.Session, _number: int) -> requests.Response:
        return session.post(f"{url}/api/v1/lipsync-image", json=_BODY, headers=headers, timeout=30)

    return call


def status(url: str, key: str, job_ids: list[str]) -> Call:
    """Asks how one job after the other stands."""
    headers = {"Authorization": f"Bearer {key}"}

    def call(session: requests.Session, number: int) -> requests.Response:
        return session.get(f"{url}/api/v1/jobs/{job_ids[number % len(job_ids)]}", headers=headers, timeout=30)

    return call


@contextmanager
def _baseline() -> Iterator[str]:
    [port] = free_ports("127.0.0.1", 1)
    command = [sys.executable, "-m", "gunicorn", "--no-control-socket", "--bind", f"127.0.0.1:{port}"]
    command += ["--worker-class", "gthread", "--threads", "16", "--log-level", "warning", "scripts.bench_submit:bare()"]
    process = subprocess.Popen(command)  # nosec B603 # a server of its own
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
            requests.get(url, timeout=5)
            return
        except requests.RequestException:
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


def _filled(trial: Trial, jobs: int) -> list[str]:
    """Submit jobs until there are as many in the records, and return their ids."""
    records = Records(trial.data / "records.db")
    there = len(records.jobs.list(limit=jobs))
    submit = submission(trial.url, trial.key)
    with requests.Session() as session:
        for number in range(there, jobs):
            submit(session, number).raise_for_status()
    ids = [record.job_id for record in records.jobs.list(limit=jobs)]
    records.close()
    return ids


@click.command()
@click.option("--rate", "rates", multiple=True, default=(50, 100, 200), show_default=True, help="Requests per second.")
@click.option("--seconds", default=10.0, show_default=True, help="How long each rate is kept up.")
@click.option("--jobs", default=1000, show_default=True, help="Jobs in the records when statuses are asked for.")
def main(rates: tuple[int, ...], seconds: float, jobs: int) -> None:
    """Measure submissions and statuses while the workers rest, submissions while they work, and the bare endpoint."""
    with _baseline() as url:
        offered(submission(url, "none"), rates[0], 1)
        bare_endpoint = {rate: offered(submission(url, "none"), rate, seconds) for rate in rates}
    with running(TRIVIAL_ENGINE | _NO_LIMIT) as trial:
        submit = submission(trial.url, trial.key)
        offered(submit, rates[0], 1)
        with _idle_workers(trial):
            idle = {rate: offered(submit, rate, seconds) for rate in rates}
            ids = _filled(trial, jobs)
            asked = offered(status(trial.url, trial.key, ids), rates[0], seconds)
        busy = offered(submit, rates[0], seconds)
    result = {
        "bare_flask": bare_endpoint,
        "submit": idle,
        "submit_with_workers_at_work": {rates[0]: busy},
        "status": {"jobs": len(ids), rates[0]: asked},
        "ratio_p50": {rate: round(idle[rate]["p50"] / bare_endpoint[rate]["p50"], 1) for rate in rates},
    }
    click.echo(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
