"""How one part of the API says what went wrong: a table of every error code, and a writer for the body."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus

from marshmallow import Schema

from contracts.errors import ErrorCode, MouthpieceError

JsonObject = dict[str, object]


@dataclass(frozen=True, slots=True)
class Entry:
    """The HTTP status of an error code and the word or number that the body carries for it."""

    status: HTTPStatus
    wire_code: str | int


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorTable:
    """One dialect's errors.

    Attributes:
        entries: every `ErrorCode`.
        write: makes the body of a fault, its entry and the request's id.
        schema: describes that body.
        media_type: the body's Content-Type.
    """

    entries: Mapping[ErrorCode, Entry]
    write: Callable[[MouthpieceError, Entry, str], JsonObject]
    schema: type[Schema]
    media_type: str = "application/json"


#: The status of each code wherever a dialect's own pages name none.
STATUSES: dict[ErrorCode, HTTPStatus] = {
    ErrorCode.INVALID_REQUEST: HTTPStatus.BAD_REQUEST,
    ErrorCode.UNAUTHORIZED: HTTPStatus.UNAUTHORIZED,
    ErrorCode.FORBIDDEN: HTTPStatus.FORBIDDEN,
    ErrorCode.NOT_FOUND: HTTPStatus.NOT_FOUND,
    ErrorCode.METHOD_NOT_ALLOWED: HTTPStatus.METHOD_NOT_ALLOWED,
    ErrorCode.PAYLOAD_TOO_LARGE: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    ErrorCode.CONFLICT: HTTPStatus.CONFLICT,
    ErrorCode.IDEMPOTENCY_MISMATCH: HTTPStatus.UNPROCESSABLE_ENTITY,
    ErrorCode.IDEMPOTENCY_IN_FLIGHT: HTTPStatus.CONFLICT,
    ErrorCode.RATE_LIMITED: HTTPStatus.TOO_MANY_REQUESTS,
    ErrorCode.FETCH_REFUSED: HTTPStatus.UNPROCESSABLE_ENTITY,
    ErrorCode.FETCH_FAILED: HTTPStatus.UNPROCESSABLE_ENTITY,
    ErrorCode.UNREADABLE_MEDIA: HTTPStatus.UNPROCESSABLE_ENTITY,
    ErrorCode.MEDIA_TOO_LARGE: HTTPStatus.UNPROCESSABLE_ENTITY,
    ErrorCode.MEDIA_TOO_LONG: HTTPStatus.UNPROCESSABLE_ENTITY,
    ErrorCode.NO_FACE: HTTPStatus.UNPROCESSABLE_ENTITY,
    ErrorCode.TOO_FEW_FACES: HTTPStatus.UNPROCESSABLE_ENTITY,
    ErrorCode.FETCH_TIMEOUT: HTTPStatus.SERVICE_UNAVAILABLE,
    ErrorCode.STORAGE_BUSY: HTTPStatus.SERVICE_UNAVAILABLE,
    ErrorCode.ENGINE_MEMORY: HTTPStatus.SERVICE_UNAVAILABLE,
    ErrorCode.UNAVAILABLE: HTTPStatus.SERVICE_UNAVAILABLE,
    ErrorCode.WEIGHTS_MISSING: HTTPStatus.INTERNAL_SERVER_ERROR,
    ErrorCode.ENGINE_UNKNOWN: HTTPStatus.INTERNAL_SERVER_ERROR,
    ErrorCode.ENGINE_FAULT: HTTPStatus.INTERNAL_SERVER_ERROR,
    ErrorCode.ANALYSIS_OUTDATED: HTTPStatus.INTERNAL_SERVER_ERROR,
    ErrorCode.INTERNAL: HTTPStatus.INTERNAL_SERVER_ERROR,
    ErrorCode.CANCELLED: HTTPStatus.CONFLICT,
}

#: Entries that carry the code's own word.
WORD_ENTRIES = {code: Entry(status, code.value) for code, status in STATUSES.items()}
