"""Counts what this process does. Cheap, never in the way of work, and off until a folder is named to write to."""

import json
import logging
import math
import threading
from bisect import bisect_left
from pathlib import Path

from telemetry.catalogue import Kind, Metric
from telemetry.cells import Cells

logger = logging.getLogger(__name__)

#: Combinations of labels that one process keeps apart of one metric; what comes beyond is counted under `OTHER`.
MOST_SERIES = 400
OTHER = "other"


class Meter:
    """What one process has counted, in a file that others add up."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._cells: Cells | None = None
        self._series: dict[str, set[tuple[str, ...]]] = {}

    def open(self, folder: Path) -> None:
        """Begin to write; where that cannot be done, a log line says so and nothing is counted."""
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            cells = Cells(folder)
        except OSError as fault:
            logger.warning("metrics_off folder=%s fault=%s", folder, fault)
            return
        self.close()
        with self._lock:
            self._cells = cells

    def close(self) -> None:
        """Stop counting; what was counted stays."""
        with self._lock:
            if self._cells:
                self._cells.close()
            self._cells, self._series = None, {}

    def add(self, metric: Metric, amount: float, *labels: str) -> None:
        """Raise a counter."""
        self._write(metric, labels, amount, Kind.COUNTER)

    def set(self, metric: Metric, value: float, *labels: str) -> None:
        """Say how a gauge of this process stands."""
        self._write(metric, labels, value, Kind.GAUGE)

    def observe(self, metric: Metric, value: float, *labels: str) -> None:
        """Enter a value into a histogram."""
        self._write(metric, labels, value, Kind.HISTOGRAM)

    def _write(self, metric: Metric, labels: tuple[str, ...], value: float, kind: Kind) -> None:
        if metric.kind is not kind or len(labels) != len(metric.labels):
            raise ValueError(f"{metric.name} is a {metric.kind} with the labels {metric.labels}")
        with self._lock:
            if self._cells is None or not math.isfinite(value):
                return
            place = self._cells.place(cell_key(metric, self._bounded(metric, labels)), numbers(metric))
            if place is None:
                return
            if kind is Kind.GAUGE:
                self._cells.set(place, value)
            elif kind is Kind.COUNTER:
                self._cells.add(place, value)
            else:
                self._cells.add(place + bisect_left(metric.buckets, value), 1)
                self._cells.add(place + len(metric.buckets) + 1, value)

    def _bounded(self, metric: Metric, labels: tuple[str, ...]) -> tuple[str, ...]:
        known = self._series.setdefault(metric.name, set())
        if labels in known:
            return labels
        if len(known) >= MOST_SERIES:
            return (OTHER,) * len(labels)
        known.add(labels)
        return labels


def numbers(metric: Metric) -> int:
    """How many numbers one series has: a histogram one for each bucket, the infinite one, and the sum."""
    return len(metric.buckets) + 2 if metric.kind is Kind.HISTOGRAM else 1


def cell_key(metric: Metric, labels: tuple[str, ...]) -> str:
    """Write a series as its cell is called."""
    return json.dumps([metric.name, *labels], ensure_ascii=False)


#: The meter of this process.
meter = Meter()
