"""Traces by OpenTelemetry: through the API, the workflow, every step, and what these ask of others.

Loaded only where `MOUTHPIECE_OTLP_ENDPOINT` is set. All else is as OpenTelemetry's own variables say: headers
(`OTEL_EXPORTER_OTLP_HEADERS`), sampling (`OTEL_TRACES_SAMPLER`), resource attributes (`OTEL_RESOURCE_ATTRIBUTES`).
"""

import atexit
import functools
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import SpanLimits, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanKind, StatusCode
from temporalio.contrib.opentelemetry import TracingInterceptor

from telemetry import spans

_SCOPE = "mouthpiece"
_FLUSH_MS = 3000

_providers: list[TracerProvider] = []


@functools.cache
def provider(endpoint: str, part: str) -> TracerProvider:
    """Make this process's spans, and send them off in the background, from now on.

    Args:
        endpoint: base URL of an OTLP receiver, without `/v1/traces`.
        part: which part of the service this process is: "api" or "worker".
    """
    made = TracerProvider(
        resource=Resource.create({SERVICE_NAME: f"mouthpiece-{part}"}),
        # A span's events are tracebacks, and these hold other libraries' words, with whole addresses among them.
        span_limits=SpanLimits(max_events=0),
        shutdown_on_exit=False,
    )
    made.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(f"{endpoint}/v1/traces")))
    atexit.register(made.shutdown)
    _providers.append(made)
    tracer = made.get_tracer(_SCOPE)

    @contextmanager
    def opened(name: str, attributes: Mapping[str, str | int]) -> Iterator[spans.Note]:
        current = tracer.start_span(name, kind=SpanKind.CLIENT, attributes=dict(attributes))
        # A fault's own words may hold whole addresses: its kind is all that is told of it.
        with trace.use_span(current, end_on_exit=True, record_exception=False, set_status_on_exception=False):
            try:
                yield lambda more: current.set_attributes(dict(more))
            except Exception as fault:
                current.set_status(StatusCode.ERROR, type(fault).__name__)
                raise

    spans.open_with(opened)
    return made


def interceptor(made: TracerProvider) -> TracingInterceptor:
    """What carries a trace through Temporal: in headers, so that histories replay with it or without."""
    return TracingInterceptor(made.get_tracer(_SCOPE))


def tracer(made: TracerProvider) -> trace.Tracer:
    """What makes the spans of requests."""
    return made.get_tracer(_SCOPE)


def flush() -> None:
    """Send what is left."""
    for made in _providers:
        made.force_flush(_FLUSH_MS)
