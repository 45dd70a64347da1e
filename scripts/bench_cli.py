"""Short commands against a live stack, many times over: how long each takes, and whether any crashes at its exit.

Temporal's client runs native threads, which can take an interpreter down as it ends; a command that has done its work
must not. The baseline is an interpreter that starts and ends. Prints one JSON object; exits 1 when a run failed.

usage: python -m scripts.bench_cli [--runs 50]
"""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import click
import numpy as np

from scripts.bench_overhead import make_inputs, one_job
from scripts.trial import TRIVIAL_ENGINE, running, serving

_MOUTHPIECE = (sys.executable, "-m", "scripts.cli")


def timed(command: tuple[str, ...], runs: int) -> dict[str, float]:
    """Run a command again and again; returns percentiles in ms and how many runs did not exit with 0."""
    seconds, failures = [], 0
    for _ in range(runs):
        begin = time.perf_counter()
        code = subprocess.run(command, capture_output=True).returncode  # nosec B603 # this program's own command
        seconds.append(time.perf_counter() - begin)
        failures += code != 0
    p50, p95 = np.percentile(np.array(seconds) * 1000, [50, 95]).round().tolist()
    return {"runs": runs, "failures": failures, "p50": p50, "p95": p95}


@click.command()
@click.option("--runs", default=50, show_default=True)
def main(runs: int) -> int:
    """Measure three commands and the baseline."""
    with tempfile.TemporaryDirectory(prefix="mouthpiece-bench-") as name:
        folder = Path(name)
        make_inputs(folder)
        with serving(folder) as files, running(TRIVIAL_ENGINE, log=folder / "log") as trial:
            job_id, _seconds = one_job(trial, files)
            data = ("--data", str(trial.data))
            commands = {
                "python -c pass": (sys.executable, "-c", "pass"),
                "jobs show": (*_MOUTHPIECE, "jobs", "show", job_id, *data),
                "jobs list": (*_MOUTHPIECE, "jobs", "list", *data),
                "jobs replay": (*_MOUTHPIECE, "jobs", "replay", job_id, *data),
            }
            results = {words: timed(command, runs) for words, command in commands.items()}
    click.echo(json.dumps(results, indent=2))
    return int(any(result["failures"] for result in results.values()))


if __name__ == "__main__":
    sys.exit(main(standalone_mode=False))
