"""One id per request, taken from the client or made, on every answer and in every error."""

import re
import uuid

from flask import Flask, Response, g, request

HEADER = "X-Request-Id"
_ACCEPTED = re.compile(r"[A-Za-z0-9._-]{1,64}")


def request_id() -> str:
    """Return the current request's id."""
    if "request_id" not in g:
        sent = request.headers.get(HEADER, "")
        g.request_id = sent if _ACCEPTED.fullmatch(sent) else uuid.uuid4().hex
    known: str = g.request_id
    return known


def install(app: Flask) -> None:
    """Put the id on every answer of an application."""

    @app.after_request
    def add_header(response: Response) -> Response:
        response.headers[HEADER] = request_id()
        return response
