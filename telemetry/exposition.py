"""Metrics as the text that Prometheus reads (text format 0.0.4)."""

import os
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, groupby
from pathlib import Path

from prometheus_client import generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector

from telemetry.catalogue import DISK_FREE, DISK_SIZE, Kind, Metric
from telemetry.tallies import FOLDER, Series, add_up

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

Family = CounterMetricFamily | GaugeMetricFamily | HistogramMetricFamily


def reading(metric: Metric, value: float, *labels: str) -> Series:
    """A gauge's value as it was just looked up."""
    return Series(metric=metric, labels=labels, values=(value,))


def of_host(data_dir: Path) -> list[Series]:
    """What all processes of a data folder have counted, and how its disk stands."""
    disk = os.statvfs(data_dir)
    return [
        *add_up(data_dir / FOLDER),
        reading(DISK_FREE, disk.f_bavail * disk.f_frsize),
        reading(DISK_SIZE, disk.f_blocks * disk.f_frsize),
    ]


def text(series: Iterable[Series]) -> bytes:
    """Write series, those of one metric together."""
    return generate_latest(_Collected(sorted(series, key=lambda each: each.metric.name)))


class _Collected(Collector):
    def __init__(self, series: Sequence[Series]) -> None:
        self._series = series

    def collect(self) -> Iterator[Family]:
        for _, same in groupby(self._series, key=lambda each: each.metric.name):
            yield _family(list(same))


def _family(series: Sequence[Series]) -> Family:
    metric = series[0].metric
    if metric.kind is Kind.HISTOGRAM:
        histogram = HistogramMetricFamily(metric.name, metric.help, labels=metric.labels)
        for each in series:
            histogram.add_metric(each.labels, _cumulated(each), each.values[-1])
        return histogram
    kind = CounterMetricFamily if metric.kind is Kind.COUNTER else GaugeMetricFamily
    family = kind(metric.name, metric.help, labels=metric.labels)
    for each in series:
        family.add_metric(each.labels, each.values[0])
    return family


def _cumulated(series: Series) -> list[tuple[str, float]]:
    bounds = [*(f"{bound:g}" for bound in series.metric.buckets), "+Inf"]
    return list(zip(bounds, accumulate(series.values[:-1]), strict=True))
