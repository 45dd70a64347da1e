"""A span for every request, below the caller's if its `traceparent` names one (W3C Trace Context)."""

from flask import Flask, Response, g, request

from api.access import route_of_request
from contracts.settings import Settings

PART = "api"


def install(app: Flask, settings: Settings) -> None:
    """Trace an application's requests, where traces are wanted."""
    if not settings.otlp_endpoint:
        return
    from opentelemetry import context
    from opentelemetry.trace import SpanKind, StatusCode, set_span_in_context
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    from telemetry import traces

    tracer = traces.tracer(traces.provider(settings.otlp_endpoint, PART))
    propagator = TraceContextTextMapPropagator()

    @app.before_request
    def begin() -> None:
        caller = propagator.extract({name.lower(): value for name, value in request.headers.items()})
        # Neither path nor query: a link's path is a right in itself.
        about = {"http.request.method": request.method, "http.route": route_of_request()}
        g.span = tracer.start_span(
            f"{request.method} {route_of_request()}", context=caller, kind=SpanKind.SERVER, attributes=about
        )
        g.span_token = context.attach(set_span_in_context(g.span, caller))

    @app.after_request
    def note(response: Response) -> Response:
        if "span" in g:
            g.span.set_attribute("http.response.status_code", response.status_code)
            if response.status_code >= 500:
                g.span.set_status(StatusCode.ERROR)
        return response

    @app.teardown_request
    def end(fault: BaseException | None) -> None:
        if "span" in g:
            context.detach(g.pop("span_token"))
            g.pop("span").end()
