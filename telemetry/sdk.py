"""Temporal's SDK: what it counts comes into this process's meter, and its own log lines into ours.

One buffer, emptied once a second, and no port of the SDK's own: so its numbers add up over processes like all others.
"""

import atexit
import functools
import logging
import threading
from collections.abc import Iterable, Mapping

from temporalio.runtime import (
    BufferedMetricUpdate,
    LogForwardingConfig,
    LoggingConfig,
    MetricBuffer,
    MetricBufferDurationFormat,
    Runtime,
    TelemetryConfig,
    TelemetryFilter,
)

from contracts.settings import LogFormat
from telemetry.catalogue import SDK, Kind, Metric
from telemetry.meter import Meter, meter

#: Updates between two looks; a busy worker makes some thousands a second, and what finds no room is lost.
_BUFFERED = 50_000
_EVERY_S = 1.0
_BY_NAME: Mapping[str, Metric] = {metric.name.removesuffix("_total"): metric for metric in SDK}
_QUIET = TelemetryFilter(core_level="WARN", other_level="ERROR")


@functools.cache
def runtime(form: LogFormat) -> Runtime:
    """The runtime of this process; it is made when it is first asked for, which has to be after any fork."""
    buffer = MetricBuffer(_BUFFERED, MetricBufferDurationFormat.SECONDS)
    logs = LoggingConfig(
        filter=_QUIET,
        # As text it writes its lines itself, as ever.
        forwarding=LogForwardingConfig(logger=logging.getLogger("temporalio")) if form == "json" else None,
    )
    made = Runtime(telemetry=TelemetryConfig(metrics=buffer, logging=logs))
    _Drain(buffer).start()
    return made


class _Drain(threading.Thread):
    """Empties the buffer for as long as the process lives."""

    def __init__(self, buffer: MetricBuffer) -> None:
        super().__init__(name="sdk-metrics", daemon=True)
        self._buffer = buffer
        self._is_over = threading.Event()
        # The runtime's threads must not be asked any more once the interpreter goes.
        atexit.register(self._is_over.set)

    def run(self) -> None:
        """See `threading.Thread`."""
        while not self._is_over.wait(_EVERY_S):
            enter(self._buffer.retrieve_updates(), meter)


def enter(updates: Iterable[BufferedMetricUpdate], into: Meter) -> None:
    """Enter the SDK's updates, of those metrics that are exported."""
    for update in updates:
        metric = _BY_NAME.get(update.metric.name)
        if metric is None:
            continue
        labels = [str(update.attributes.get(name, "")) for name in metric.labels]
        if metric.kind is Kind.COUNTER:
            into.add(metric, update.value, *labels)
        elif metric.kind is Kind.GAUGE:
            into.set(metric, update.value, *labels)
        else:
            into.observe(metric, update.value, *labels)
