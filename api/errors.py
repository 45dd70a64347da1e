"""The one place where an exception becomes an answer, in the dialect of the path that was asked for."""

import logging
import re
from collections.abc import Mapping
from http import HTTPStatus

from flask import Flask, Response, current_app, jsonify, request
from gunicorn.http.errors import ParseException
from werkzeug.exceptions import HTTPException

from api.blueprint import ApiBlueprint
from api.error_table import Entry, ErrorTable
from api.problem import PROBLEM
from api.request_id import request_id
from contracts.errors import (
    ErrorCode,
    InternalError,
    InvalidRequest,
    MethodNotAllowed,
    MouthpieceError,
    NotFound,
    PayloadTooLarge,
)

logger = logging.getLogger(__name__)

#: Seconds after which a client may ask again, when nothing more exact is known.
RETRY_AFTER_S = 5
_PASSING = frozenset({ErrorCode.RATE_LIMITED, ErrorCode.IDEMPOTENCY_IN_FLIGHT})

Headers = Mapping[str, str]


class ErrorAnswers:
    """Answers for faults.

    Args:
        tables: by a pattern that paths without a view begin with, "/api" left out, whose dialect they would belong to.
    """

    def __init__(self, tables: Mapping[str, ErrorTable]) -> None:
        self._tables = tables

    def install(self, app: Flask) -> None:
        """Answer every exception of an application."""
        app.register_error_handler(MouthpieceError, self.answer)
        app.register_error_handler(HTTPException, self.answer_http)
        app.register_error_handler(ParseException, self.answer_broken_body)
        app.register_error_handler(Exception, self.answer_unexpected)

    def answer(self, fault: MouthpieceError) -> Response:
        """Write a fault of ours."""
        table = self._table()
        return write(fault, table, table.entries[fault.code])

    def answer_http(self, fault: HTTPException) -> Response:
        """Write what Flask found wrong; outside the dialects with its own status (a 416 stays one)."""
        table, ours = self._table(), _ours(fault)
        entry = table.entries[ours.code]
        if table is PROBLEM and ours.code is ErrorCode.INVALID_REQUEST:
            entry = Entry(HTTPStatus(fault.code or 400), entry.wire_code)
        headers = {name: value for name, value in fault.get_headers() if name != "Content-Type"}
        return write(ours, table, entry, headers)

    def answer_broken_body(self, fault: ParseException) -> Response:
        """Write that a body broke off or was not framed as HTTP asks for."""
        return self.answer(InvalidRequest("the request body is not valid HTTP", remedy="Send it again whole."))

    def answer_unexpected(self, fault: Exception) -> Response:
        """Log a fault nobody foresaw and tell the client its request's id alone."""
        logger.error("request failed request_id=%s path=%s", request_id(), _logged_path(), exc_info=fault)
        return self.answer(
            InternalError("something went wrong on the server", remedy=f"Report request {request_id()}.")
        )

    def _table(self) -> ErrorTable:
        """Pick the dialect of the view that was asked, or that a view at this path would have."""
        asked = current_app.blueprints.get(request.blueprint or "")
        if isinstance(asked, ApiBlueprint):
            return asked.errors
        bare = request.path.removeprefix("/api")
        return next((table for pattern, table in self._tables.items() if re.match(pattern, bare)), PROBLEM)


def write(fault: MouthpieceError, table: ErrorTable, entry: Entry, headers: Headers | None = None) -> Response:
    """Write a fault as a table says, with the headers that its status calls for."""
    response = jsonify(table.write(fault, entry, request_id()))
    response.status_code = entry.status
    response.mimetype = table.media_type
    response.headers.update(headers or {})
    if entry.status is HTTPStatus.UNAUTHORIZED:
        response.headers["WWW-Authenticate"] = 'Bearer realm="mouthpiece"'
    if fault.code in _PASSING or entry.status is HTTPStatus.SERVICE_UNAVAILABLE:
        response.headers.setdefault("Retry-After", str(RETRY_AFTER_S))
    return response


def _logged_path() -> str:
    """The request's path without the token in it, which is a right of its own."""
    token = (request.view_args or {}).get("token")
    return request.path.replace(token, "****") if token else request.path


def _ours(fault: HTTPException) -> MouthpieceError:
    match fault.code:
        case HTTPStatus.NOT_FOUND:
            return NotFound(f"no such path: {request.path}")
        case HTTPStatus.METHOD_NOT_ALLOWED:
            allowed = ", ".join(sorted(getattr(fault, "valid_methods", None) or ()))
            return MethodNotAllowed(f"{request.method} is not possible here", remedy=f"Use {allowed}.")
        case HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
            return PayloadTooLarge("the request body is too large", remedy=_size_remedy())
        case code if code is not None and code < 500:
            return InvalidRequest(fault.description or fault.name)
        case _:
            return InternalError("something went wrong on the server")


def _size_remedy() -> str:
    return f"Send at most {request.max_content_length} bytes."
