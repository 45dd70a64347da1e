"""Downloads by signed link: whole or in ranges, without an API key, as browsers and players ask for them."""

import mimetypes
from http import HTTPStatus

from flask import Response, request, send_file

from api.blueprint import ApiBlueprint
from api.error_table import Entry
from api.errors import write
from api.problem import PROBLEM
from api.services import services
from contracts.errors import ErrorCode, NotFound
from storage.blobs import BlobMissing
from storage.links import LinkExpired, file_name

_BYTES = "application/octet-stream"
_FILE = {"type": "string", "format": "binary"}

blueprint = ApiBlueprint("files", PROBLEM, is_public=True)


@blueprint.get("/files/<token>/<name>")
@blueprint.answer(HTTPStatus.OK, _FILE, _BYTES)
@blueprint.also_answers(HTTPStatus.PARTIAL_CONTENT, _FILE, _BYTES)
@blueprint.also_answers(HTTPStatus.GONE, PROBLEM.schema, PROBLEM.media_type)
@blueprint.also_answers(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, PROBLEM.schema, PROBLEM.media_type)
def download(token: str, name: str) -> Response:
    """Download a file."""
    try:
        return _send(services().links.open(token, services().clock().timestamp()))
    except LinkExpired as fault:
        return write(fault, PROBLEM, Entry(HTTPStatus.GONE, ErrorCode.NOT_FOUND))


def _send(key: str) -> Response:
    try:
        path = services().blobs.local(key)
    except BlobMissing:
        raise NotFound("the file has been deleted") from None
    kind = mimetypes.guess_type(file_name(key))[0]
    # What a client uploaded is never shown in the service's own name: it could be a page with scripts.
    response = send_file(
        path,
        mimetype=kind or _BYTES,
        as_attachment=kind is None or "download" in request.args,
        download_name=file_name(key),
        conditional=True,
        max_age=services().settings.link_ttl_s,
    )
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.cache_control.public, response.cache_control.private = False, True
    return response
