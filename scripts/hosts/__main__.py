"""Runs the service over namespaces as hosts, cuts one of them off, and prints, as JSON, whether anything was lost.

usage: python -m scripts.hosts --jobs 50 --out hosts.json    # as root
"""

import json
import logging
import signal
import sys
import tempfile
from pathlib import Path

import click

from contracts.errors import MouthpieceError
from scripts.hosts import network
from scripts.hosts.cuts import Cut
from scripts.hosts.session import Wish, run
from tests.s3_server import built_program


@click.command()
@click.option("--jobs", type=click.IntRange(1), default=50, show_default=True, help="In each run.")
@click.option("--workers", type=click.IntRange(2, 200), default=3, show_default=True, help="Hosts with workers.")
@click.option("--customers", type=click.IntRange(1), default=12, show_default=True, help="At once.")
@click.option(
    "--cut", "cuts", type=click.Choice([cut.value for cut in Cut]), multiple=True, default=["worker"], show_default=True
)
@click.option("--cut-s", type=click.FloatRange(0), default=15, show_default=True, help="How long a host is away.")
@click.option("--engine", default="sleeping", show_default=True, help="One of those that are installed.")
@click.option("--segment-s", type=click.FloatRange(0), default=1, show_default=True, help="Of the sleeping engine.")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Write the result here too.")
def main(
    jobs: int,
    workers: int,
    customers: int,
    cuts: tuple[str, ...],
    cut_s: float,
    engine: str,
    segment_s: float,
    out: Path | None,
) -> None:
    """Order JOBS over hosts, then again for each CUT; exits with 1 when something is wrong."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", stream=sys.stderr)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    wish = Wish(
        jobs=jobs,
        workers=workers,
        customers=customers,
        cuts=tuple(map(Cut, cuts)),
        cut_s=cut_s,
        engine=engine,
        segment_s=segment_s,
    )
    try:
        network.require()
        # Where it is not built yet, that takes the network which is about to be left.
        built_program()
        network.leave()
        with tempfile.TemporaryDirectory(prefix="hosts-") as folder:
            result = run(wish, Path(folder))
    except MouthpieceError as fault:
        sys.exit(f"{fault}. {fault.remedy}")
    text = json.dumps(result, indent=2)
    if out:
        out.write_text(text + "\n", encoding="utf-8")
    click.echo(text)
    sys.exit(1 if result["findings"] else 0)


if __name__ == "__main__":
    main()
