"""How the service grows: one long video over more workers, the real engine over more cores, 1,000 jobs at once.

Each figure stands beside its ideal. Prints one JSON object, its progress on stderr, and exits with 1 where a job is
lost, bytes differ, or a bound that was given is missed. What the names mean is in docs/scale.md.

usage: python -m scripts.bench_scale [--part long] [--part real] [--part jobs] [--out scale.json]
"""

import json
import os
import sys
import tempfile
from pathlib import Path

import click

from scripts.scale.bounds import Bounds, missed
from scripts.scale.films import real_film, sleeping_film
from scripts.scale.long_video import Figures, over_workers
from scripts.scale.many_jobs import many_jobs

_PARTS = ("long", "real", "jobs")


def _say(words: str) -> None:
    click.echo(words, err=True)


@click.command()
@click.option("--part", "wanted", type=click.Choice(_PARTS), multiple=True, help="All parts unless told otherwise.")
@click.option("--minutes", type=click.FloatRange(min=0.1), default=30.0, show_default=True, help="Of the long video.")
@click.option("--sleep", "sleep_s", default=0.5, show_default=True, help="Seconds of sleep for each of its segments.")
@click.option(
    "--workers", type=click.IntRange(1), multiple=True, default=(1, 2, 4, 8), show_default=True, help="Of part long."
)
@click.option(
    "--real-workers", type=click.IntRange(1), multiple=True, default=(1, 2, 4), show_default=True, help="Of part real."
)
@click.option(
    "--real-seconds", type=click.IntRange(1), default=40, show_default=True, help="Of the real engine's clip."
)
@click.option("--jobs", type=click.IntRange(1), default=1000, show_default=True, help="Queued at once.")
@click.option("--least-speedup", type=float, help="Of the ideal, for part long: 0.9.")
@click.option("--least-jobs-per-s", type=float, help="From the first submission to the last end.")
@click.option("--most-status-p99-ms", type=float, help="Of status calls while jobs wait.")
@click.option("--most-start-s", type=float, help="Until another key's job starts while jobs wait.")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Write the result here too.")
def main(
    wanted: tuple[str, ...],
    minutes: float,
    sleep_s: float,
    workers: tuple[int, ...],
    real_workers: tuple[int, ...],
    real_seconds: int,
    jobs: int,
    least_speedup: float | None,
    least_jobs_per_s: float | None,
    most_status_p99_ms: float | None,
    most_start_s: float | None,
    out: Path | None,
) -> None:
    """Measure a service of its own."""
    parts = {
        "long": lambda folder: over_workers(sleeping_film(folder, round(minutes * 60), sleep_s), workers, _say),
        "real": lambda folder: over_workers(real_film(folder, real_seconds), real_workers, _say),
        "jobs": lambda folder: many_jobs(folder, jobs, _say),
    }
    result: Figures = {"cores": os.cpu_count(), "load": round(os.getloadavg()[0], 1)}
    with tempfile.TemporaryDirectory(prefix="mouthpiece-bench-") as name:
        for part in wanted or _PARTS:
            folder = Path(name) / part
            folder.mkdir()
            result[part] = parts[part](folder)
    bounds = Bounds(
        least_speedup=least_speedup,
        least_jobs_per_s=least_jobs_per_s,
        most_status_p99_ms=most_status_p99_ms,
        most_start_s=most_start_s,
    )
    result |= {"load_after": round(os.getloadavg()[0], 1), "missed": missed(result, bounds)}
    text = json.dumps(result, indent=2)
    if out:
        out.write_text(text + "\n", encoding="utf-8")
    click.echo(text)
    sys.exit(1 if result["missed"] else 0)


if __name__ == "__main__":
    main()
