"""Errors of paths that belong to no dialect: problem details as of RFC 9457."""

from flask import request
from marshmallow import Schema, fields

from api.error_table import STATUSES, WORD_ENTRIES, Entry, ErrorTable, JsonObject
from api.services import services
from contracts.error_catalogue import CATALOGUE
from contracts.errors import ErrorCode, InputError, InvalidRequest, MouthpieceError


class ProblemSchema(Schema):
    """RFC 9457 members, and ours: code, field, pointer, remedy, retryable, request_id."""

    type = fields.URL(
        required=True, require_tld=False, metadata={"description": "The error's own page of the catalogue."}
    )
    title = fields.String(required=True)
    status = fields.Integer(required=True)
    detail = fields.String(required=True)
    instance = fields.String(required=True, metadata={"description": "The path that was asked for."})
    code = fields.String(required=True)
    field = fields.String(required=True, metadata={"description": "The part of the request at fault, or empty."})
    pointer = fields.String(
        required=True, metadata={"description": "That part as a JSON pointer into the body (RFC 6901), or empty."}
    )
    remedy = fields.String(required=True)
    retryable = fields.Boolean(required=True, metadata={"description": "Whether the same request may succeed later."})
    request_id = fields.String(required=True)


def type_of(code: ErrorCode) -> str:
    """Write the address of an error's page."""
    return f"{services().settings.public_url}/api/v1/errors/{code}"


def _write(fault: MouthpieceError, entry: Entry, request_id: str) -> JsonObject:
    code = ErrorCode(str(entry.wire_code))
    return {
        "type": type_of(code),
        "title": CATALOGUE[code].title if entry.status == STATUSES[code] else entry.status.phrase,
        "status": int(entry.status),
        "detail": str(fault),
        "instance": request.path,
        "code": code,
        "field": fault.field,
        "pointer": _pointer(fault),
        "remedy": fault.remedy or CATALOGUE[code].remedy,
        "retryable": fault.retryable,
        "request_id": request_id,
    }


def _pointer(fault: MouthpieceError) -> str:
    """Point to the field of the body, when it is one: faults name headers and parameters of the path alike."""
    is_of_body = isinstance(fault, InvalidRequest | InputError) and request.is_json
    if not is_of_body or not fault.field or fault.field in request.headers:
        return ""
    return "".join("/" + part.replace("~", "~0").replace("/", "~1") for part in fault.field.split("."))


PROBLEM = ErrorTable(entries=WORD_ENTRIES, write=_write, schema=ProblemSchema, media_type="application/problem+json")
