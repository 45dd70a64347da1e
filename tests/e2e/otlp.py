"""A receiver of traces, as a collector is one: OTLP over HTTP, protobuf."""

import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler

from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from scripts.listening import listening


@dataclass(frozen=True)
class Span:
    """One span; `parent` is "" for a trace's first, `service` which part made it."""

    service: str
    name: str
    trace: str
    own: str
    parent: str
    attributes: dict[str, str]


@dataclass
class Collected:
    """What came in so far.

    Attributes:
        url: the endpoint to name.
        raw: the bytes of every request, one after the other.
    """

    url: str = ""
    spans: list[Span] = field(default_factory=list)
    raw: bytes = b""

    def of_trace(self, trace: str) -> list[Span]:
        return [span for span in list(self.spans) if span.trace == trace]


@contextmanager
def collecting() -> Iterator[Collected]:
    found = Collected()

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            try:
                assert self.path == "/v1/traces"
                found.spans += _spans(body)
                found.raw += body
                status = 200
            except (AssertionError, DecodeError):
                status = 400
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    with listening(Receiver) as url:
        found.url = url
        yield found


def _spans(body: bytes) -> list[Span]:
    request = ExportTraceServiceRequest()
    request.ParseFromString(body)
    return [
        Span(
            service=next(each.value.string_value for each in group.resource.attributes if each.key == "service.name"),
            name=span.name,
            trace=span.trace_id.hex(),
            own=span.span_id.hex(),
            parent=span.parent_span_id.hex(),
            attributes={each.key: each.value.string_value or str(each.value.int_value) for each in span.attributes},
        )
        for group in request.resource_spans
        for scope in group.scope_spans
        for span in scope.spans
    ]
