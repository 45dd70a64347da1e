"""Keeps a service busy for a while and measures each of its processes at the start and at the end.

Steady load: a few clients, each with one short job after another. Prints one JSON object: for each process its memory
(MiB), open files and threads, and the disk and the databases (MiB), when the load had run for a tenth of the time and
when it had run for all of it.

usage: python -m scripts.soak --minutes 30 --out soak.json
"""

import json
import os
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import click

from scripts.chaos.customers import Customers, Served
from scripts.chaos.inputs import serving_inputs
from scripts.chaos.mailbox import collecting
from scripts.chaos.media import write_inputs
from scripts.chaos.plan import Act, Order
from scripts.chaos.session import make_talking
from scripts.chaos.stand import Stand, standing
from scripts.trial import Trial

_WARM_UP_SHARE = 0.1
_MIB = 1 << 20
_RECIPES = ("portrait-1", "dub", "portrait-2", "task", "video", "pair")
#: Words of the command line of each part, and what it is called here.
_PARTS = {
    "temporal": ("start-dev",),
    "api": ("gunicorn",),
    "gpu": ("worker", "gpu"),
    "flow": ("worker", "flow"),
    "io": ("worker", "io"),
    "notify": ("worker", "notify"),
}

Sizes = dict[str, float]


@dataclass(slots=True)
class _Load:
    """Clients that order one job after another until they are told to stop."""

    customers: Customers
    stop: threading.Event = field(default_factory=threading.Event)
    served: list[Served] = field(default_factory=list)

    def order(self, client: int, clients: int) -> None:
        """Be one client."""
        number = client
        while not self.stop.is_set():
            order = Order(number=number, recipe=_RECIPES[number % len(_RECIPES)], act=Act.WAIT, is_doubled=False)
            self.served.append(self.customers.serve(order))
            number += clients


@click.command()
@click.option("--minutes", type=click.FloatRange(min=0.1), default=30.0, show_default=True)
@click.option("--clients", type=click.IntRange(1), default=2, show_default=True)
@click.option("--light", is_flag=True, help="An engine that costs nothing.")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Write the result here too.")
def main(minutes: float, clients: int, light: bool, out: Path | None) -> None:
    """Keep a service busy for MINUTES; exits with 1 when a job failed."""
    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        result, has_failed = soak(Path(folder), minutes * 60, clients, is_light=light)
    text = json.dumps(result, indent=2)
    if out:
        out.write_text(text + "\n", encoding="utf-8")
    click.echo(text)
    sys.exit(1 if has_failed else 0)


def soak(folder: Path, seconds: float, clients: int, *, is_light: bool) -> tuple[dict[str, object], bool]:
    """Load a service of its own for so many seconds; returns what was measured, and whether a job failed."""
    media = folder / "media"
    media.mkdir()
    write_inputs(media)
    with (
        standing(folder, is_light=is_light, has_store=False, is_disk_small=False) as stand,
        serving_inputs(media) as inputs,
        collecting(stand.webhook_secret()) as mailbox,
    ):
        customers = Customers(stand, inputs, mailbox, 0)
        make_talking(customers, media)
        with _loading(_Load(customers), clients) as load:
            time.sleep(seconds * _WARM_UP_SHARE)
            start, jobs_before = measure(stand), len(load.served)
            time.sleep(seconds * (1 - _WARM_UP_SHARE))
            end, jobs_after = measure(stand), len(load.served)
    failed = [each for each in load.served if each.answers[-1:] != [("completed", "")]]
    words = [f"{each.order.recipe}: {each.answers} {each.complaints}" for each in failed]
    counts = {"jobs_at_start": jobs_before, "jobs_at_end": jobs_after, "jobs": len(load.served), "failed": len(failed)}
    said = {"seconds": seconds, "clients": clients, **counts, "start": start, "end": end, "failures": words}
    return said, bool(failed)


@contextmanager
def _loading(load: _Load, clients: int) -> Iterator[_Load]:
    with ThreadPoolExecutor(clients, thread_name_prefix="client") as pool:
        for client in range(clients):
            pool.submit(load.order, client, clients)
        try:
            yield load
        finally:
            load.stop.set()


def measure(stand: Stand) -> dict[str, Sizes]:
    """Measure every process, and what the data folder holds."""
    sizes = {f"{name} {place}": process_sizes(pid) for name, place, pid in _processes(stand.trial)}
    return sizes | {"data": folder_sizes(stand.data)}


def _processes(trial: Trial) -> Iterator[tuple[str, int, int]]:
    for name, words in _PARTS.items():
        for place, pid in enumerate(sorted(trial.pids(*words)), start=1):
            yield name, place, pid
    # Those that they fork have the same words, and come and go.
    forking = set(trial.pids("engines.keeper"))
    for place, pid in enumerate(sorted(pid for pid in forking if _parent(pid) not in {0, *forking}), start=1):
        yield "keeper", place, pid


def _parent(pid: int) -> int:
    """Id of the process that looks after another; 0 when that has just gone."""
    try:
        return int(Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[1])
    except OSError:
        return 0


def process_sizes(pid: int) -> Sizes:
    """Memory in MiB, now and at most, open files and threads of a process."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    said = dict(line.split(":", 1) for line in lines if ":" in line)
    return {
        "memory_mib": round(int(said["VmRSS"].split()[0]) / 1024, 1),
        "most_memory_mib": round(int(said["VmHWM"].split()[0]) / 1024, 1),
        "open_files": len(list(Path(f"/proc/{pid}/fd").iterdir())),
        "threads": int(said["Threads"]),
    }


def folder_sizes(data: Path) -> Sizes:
    """What a data folder takes in MiB; files may come and go meanwhile."""

    def mib(files: Iterable[Path]) -> float:
        total = 0
        for path in files:
            with suppress(FileNotFoundError):
                total += path.stat().st_size
        return round(total / _MIB, 2)

    return {
        "all_mib": mib(_files_below(data)),
        "records_mib": mib(data.glob("records.db*")),
        "temporal_mib": mib(data.glob("temporal.db*")),
        "blobs_mib": mib(_files_below(data / "blobs")),
        "scratch_mib": mib(_files_below(data / "scratch")),
    }


def _files_below(folder: Path) -> Iterator[Path]:
    # Unlike `glob`, a walk passes over folders that go while it looks.
    return (Path(place) / name for place, _, names in os.walk(folder) for name in names)


if __name__ == "__main__":
    main()
