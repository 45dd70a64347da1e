"""Errors of paths that belong to no dialect: problem details as of RFC 9457."""

from flask import request
from marshmallow import Schema, fields

from api.error_table import WORD_ENTRIES, Entry, ErrorTable, JsonObject
from contracts.errors import MouthpieceError


class ProblemSchema(Schema):
    """RFC 9457 members, and ours: code, field, remedy, retryable, request_id."""

    type = fields.String(metadata={"description": "urn:mouthpiece:error:<code>"})
    title = fields.String()
    status = fields.Integer()
    detail = fields.String()
    instance = fields.String(metadata={"description": "The path that was asked for."})
    code = fields.String()
    field = fields.String(metadata={"description": "The part of the request at fault, or empty."})
    remedy = fields.String()
    retryable = fields.Boolean()
    request_id = fields.String()


def _write(fault: MouthpieceError, entry: Entry, request_id: str) -> JsonObject:
    return {
        "type": f"urn:mouthpiece:error:{entry.wire_code}",
        "title": str(entry.wire_code).replace("_", " ").capitalize(),
        "status": int(entry.status),
        "detail": str(fault),
        "instance": request.path,
        "code": entry.wire_code,
        "field": fault.field,
        "remedy": fault.remedy,
        "retryable": fault.retryable,
        "request_id": request_id,
    }


PROBLEM = ErrorTable(entries=WORD_ENTRIES, write=_write, schema=ProblemSchema, media_type="application/problem+json")
