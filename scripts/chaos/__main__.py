"""Breaks a whole service by a seeded plan and prints, as JSON, whether anything was lost.

usage: python -m scripts.chaos --jobs 300 --kills 60 --seed 1 --out chaos.json
"""

import json
import logging
import sys
import tempfile
from pathlib import Path

import click

from scripts.chaos.session import Wish, run


@click.command()
@click.option("--jobs", type=click.IntRange(1), default=300, show_default=True)
@click.option("--kills", type=click.IntRange(0), default=60, show_default=True, help="Half as many other faults come.")
@click.option("--seed", type=int, default=1, show_default=True)
@click.option("--clients", type=click.IntRange(1), default=6, show_default=True)
@click.option("--measured", type=click.IntRange(0), default=3, show_default=True, help="Kills timed amid a segment.")
@click.option("--light", is_flag=True, help="An engine that costs nothing.")
@click.option("--folder-blobs", is_flag=True, help="Blobs in the data folder, not in an S3 server.")
@click.option(
    "--keep", type=click.Path(path_type=Path, file_okay=False), help="Keep logs and store in this new folder."
)
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Write the result here too.")
def main(
    jobs: int,
    kills: int,
    seed: int,
    clients: int,
    measured: int,
    light: bool,
    folder_blobs: bool,
    keep: Path | None,
    out: Path | None,
) -> None:
    """Order JOBS, strike KILLS times, and look what is left; exits with 1 when something is wrong."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", stream=sys.stderr)
    wish = Wish(
        seed=seed,
        jobs=jobs,
        kills=kills,
        clients=clients,
        is_light=light,
        has_store=not folder_blobs,
        measured=measured,
    )
    with tempfile.TemporaryDirectory(prefix="chaos-") as folder:
        result = run(wish, keep or Path(folder))
    text = json.dumps(result, indent=2)
    if out:
        out.write_text(text + "\n", encoding="utf-8")
    click.echo(text)
    sys.exit(1 if result["faults"] else 0)


if __name__ == "__main__":
    main()
