"""The public catalogue of errors: what every code means, in every dialect. The `type` of a problem leads here."""

from http import HTTPStatus
from typing import TypedDict

from marshmallow import Schema, fields

from api.blueprint import ApiBlueprint
from api.error_table import STATUSES
from api.lipsync_dev_async import ERROR_NUMBERS
from api.problem import PROBLEM, type_of
from contracts.error_catalogue import CATALOGUE
from contracts.errors import RETRYABLE, ErrorCode, NotFound


class CatalogueEntrySchema(Schema):
    """An error: its word in most dialects, its number in the envelope of the asynchronous one."""

    code = fields.String(required=True)
    type = fields.String(required=True, metadata={"description": "The `type` of its problem details: its own page."})
    http_status = fields.Integer(required=True)
    async_code = fields.Integer(required=True)
    title = fields.String(required=True)
    meaning = fields.String(required=True)
    remedy = fields.String(required=True)
    retryable = fields.Boolean(required=True, metadata={"description": "Whether the same request may succeed later."})


class CatalogueSchema(Schema):
    """Every error there is."""

    errors = fields.List(fields.Nested(CatalogueEntrySchema), required=True)


class CatalogueEntry(TypedDict):
    """An error."""

    code: str
    type: str
    http_status: int
    async_code: int
    title: str
    meaning: str
    remedy: str
    retryable: bool


class Catalogue(TypedDict):
    """Every error there is."""

    errors: list[CatalogueEntry]


blueprint = ApiBlueprint("errors", PROBLEM, is_public=True)


@blueprint.get("/v1/errors")
@blueprint.answer(HTTPStatus.OK, CatalogueSchema)
def list_errors() -> Catalogue:
    """List every error there is."""
    return Catalogue(errors=[_entry(code) for code in ErrorCode])


@blueprint.get("/v1/errors/<code>")
@blueprint.answer(HTTPStatus.OK, CatalogueEntrySchema)
def show_error(code: str) -> CatalogueEntry:
    """Look up one error."""
    if code not in set(ErrorCode):
        raise NotFound("no such error code", field="code", remedy="GET /api/v1/errors lists them.")
    return _entry(ErrorCode(code))


def _entry(code: ErrorCode) -> CatalogueEntry:
    meaning = CATALOGUE[code]
    return CatalogueEntry(
        code=code,
        type=type_of(code),
        http_status=STATUSES[code],
        async_code=ERROR_NUMBERS[code],
        title=meaning.title,
        meaning=meaning.meaning,
        remedy=meaning.remedy,
        retryable=code in RETRYABLE,
    )
