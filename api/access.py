"""Every request counted, timed, and written as a line; its log lines marked with its id and its job."""

import logging
import time
from http import HTTPMethod

from flask import Flask, Response, g, request

from api.request_id import request_id
from contracts.settings import LogFormat
from telemetry.catalogue import HTTP_REQUESTS, HTTP_SECONDS
from telemetry.marks import current_job, current_request
from telemetry.meter import OTHER, meter

logger = logging.getLogger(__name__)

#: Asked for every few seconds by machines.
_CHATTER = frozenset({"/healthz", "/readyz", "/metrics"})
_METHODS = frozenset(HTTPMethod)
NO_ROUTE = "none"


def install(app: Flask, form: LogFormat) -> None:
    """Watch an application's requests; in text, which people read as it comes, their lines are for DEBUG alone."""
    usual = logging.INFO if form == "json" else logging.DEBUG

    @app.before_request
    def begin() -> None:
        g.begun = time.monotonic()
        current_request.set(request_id())
        current_job.set("")

    @app.after_request
    def tell(response: Response) -> Response:
        seconds, route = time.monotonic() - g.get("begun", time.monotonic()), route_of_request()
        method = request.method if request.method in _METHODS else OTHER
        meter.add(HTTP_REQUESTS, 1, route, method, str(response.status_code))
        meter.observe(HTTP_SECONDS, seconds, route, method)
        key = g.get("api_key")
        logger.log(
            logging.DEBUG if route in _CHATTER else usual,
            "request method=%s route=%s status=%d ms=%.1f key_id=%s",
            *(method, route, response.status_code, round(seconds * 1000, 1), key.key_id if key else "-"),
        )
        return response

    @app.teardown_request
    def end(fault: BaseException | None) -> None:
        current_request.set("")
        current_job.set("")


def route_of_request() -> str:
    """The path's pattern, `/v1/jobs/<job_id>`, as paths themselves are without number; with and without /api alike."""
    return request.url_rule.rule.removeprefix("/api") if request.url_rule else NO_ROUTE
