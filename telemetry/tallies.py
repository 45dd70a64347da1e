"""Adds up what all processes of a data folder have counted, the dead ones too."""

import fcntl
import json
import logging
import os
import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from telemetry import cells
from telemetry.catalogue import BY_NAME, Kind, Metric
from telemetry.cells import SUFFIX, Values
from telemetry.meter import numbers

logger = logging.getLogger(__name__)

#: Folder of the files, below the data folder.
FOLDER = "metrics"
_ENDED = "ended.json"
_LOCK = "lock"


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """A metric with values for its labels; `values` is one number, or a histogram's buckets (not cumulated) and sum."""

    metric: Metric
    labels: tuple[str, ...]
    values: Values


def add_up(folder: Path) -> list[Series]:
    """Sum the files of a folder, and fold those of dead processes into one, so that they do not pile up.

    Gauges of dead processes are gone; their counters and histograms stay for good.
    """
    if not folder.is_dir():
        return []
    with _locked(folder):
        ended, folded = _read_ended(folder)
        # Of a fold that was cut off; the next one no longer names them.
        left = _remove(folder / name for name in folded)
        living, dead = _sorted(folder, left)
        for values in map(_read, dead):
            _add(ended, (item for item in values.items() if _lasts(item[0])))
        if dead:
            _fold(folder, ended, dead, left)
    total = dict(ended)
    for path in living:
        _add(total, _read(path).items())
    return sorted(filter(None, map(_series, total.items())), key=lambda each: (each.metric.name, each.labels))


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    with (folder / _LOCK).open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _remove(paths: Iterable[Path]) -> frozenset[str]:
    """Remove what has been counted elsewhere; returns the names of what stays all the same."""
    left = set()
    for path in paths:
        try:
            path.unlink(missing_ok=True)
        except OSError as fault:
            logger.warning("metrics_not_removed file=%s fault=%s", path.name, fault)
            left.add(path.name)
    return frozenset(left)


def _sorted(folder: Path, folded: frozenset[str]) -> tuple[list[Path], list[Path]]:
    """Files of living and of dead processes; what was folded and could not be removed is neither."""
    living: list[Path] = []
    dead: list[Path] = []
    for path in sorted(folder.glob(f"*{SUFFIX}")):
        if path.name not in folded:
            (living if cells.is_held(path) else dead).append(path)
    return living, dead


def _read_ended(folder: Path) -> tuple[dict[str, Values], frozenset[str]]:
    try:
        found = json.loads((folder / _ENDED).read_text(encoding="utf-8"))
        return {key: tuple(values) for key, values in found["values"].items()}, frozenset(found["folded"])
    except FileNotFoundError:
        return {}, frozenset()
    except (OSError, ValueError, KeyError, AttributeError, TypeError) as fault:
        # Counters may begin again at 0, which whoever reads them expects; the service goes on.
        logger.warning("metrics_of_ended_processes_lost fault=%r", fault)
        return {}, frozenset()


def _fold(folder: Path, ended: Mapping[str, Values], dead: Sequence[Path], left: frozenset[str]) -> None:
    """Write the sums, with the names of what is in them first: a crash in between counts nothing twice."""
    names = sorted(left.union(path.name for path in dead))
    aside = folder / f".{_ENDED}"
    try:
        aside.write_text(json.dumps({"folded": names, "values": ended}), encoding="utf-8")
        os.replace(aside, folder / _ENDED)
    except OSError as fault:
        logger.warning("metrics_unfolded fault=%s", fault)
        return
    _remove(dead)


def _read(path: Path) -> dict[str, Values]:
    try:
        return cells.read(path)
    except (OSError, ValueError, struct.error) as fault:
        logger.warning("metrics_unreadable file=%s fault=%r", path.name, fault)
        return {}


def _add(total: dict[str, Values], more: Iterable[tuple[str, Values]]) -> None:
    for key, values in more:
        before = total.get(key, (0.0,) * len(values))
        if len(before) == len(values):
            total[key] = tuple(one + other for one, other in zip(before, values, strict=True))


def _lasts(key: str) -> bool:
    found = _series((key, ()))
    return found is not None and found.metric.kind is not Kind.GAUGE


def _series(item: tuple[str, Values]) -> Series | None:
    """Read a cell; None for one that another release wrote, or that a power cut left half on the disk."""
    key, values = item
    try:
        name, *labels = json.loads(key)
        metric = BY_NAME.get(name)
    except (ValueError, TypeError):
        return None
    if metric is None or len(labels) != len(metric.labels) or (values and len(values) != numbers(metric)):
        return None
    return Series(metric=metric, labels=tuple(labels), values=values)
