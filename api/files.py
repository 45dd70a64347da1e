"""Downloads by signed link: whole or in ranges, without an API key, as browsers and players ask for them.

Where the blob store can answer for itself, the client is sent on to it, with an address that works for an hour at most
and no longer than the link: `docs/adr/0008-storage.md`.
"""

from http import HTTPStatus

from flask import Response, redirect, request, send_file
from werkzeug.wrappers import Response as AnyResponse

from api.blueprint import ApiBlueprint
from api.error_table import Entry
from api.errors import write
from api.owners import check_owner
from api.problem import PROBLEM
from api.services import services
from contracts.errors import ErrorCode, NotFound
from storage.blobs import BlobMissing, Method
from storage.links import LinkExpired, Opened, file_name, shown_as

#: Longest time that an address of the store itself works, in seconds.
DIRECT_TTL_S = 3600

_BYTES = "application/octet-stream"
_FILE = {"type": "string", "format": "binary"}

blueprint = ApiBlueprint("files", PROBLEM, is_public=True)


@blueprint.get("/files/<token>/<name>")
@blueprint.answer(HTTPStatus.OK, _FILE, _BYTES)
@blueprint.also_answers(HTTPStatus.PARTIAL_CONTENT, _FILE, _BYTES)
@blueprint.also_answers(HTTPStatus.FOUND, _FILE, _BYTES)
@blueprint.also_answers(HTTPStatus.GONE, PROBLEM.schema, PROBLEM.media_type)
@blueprint.also_answers(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, PROBLEM.schema, PROBLEM.media_type)
def download(token: str, name: str) -> AnyResponse:
    """Download a file, or be sent on to where it lies."""
    try:
        opened = services().links.open(token, services().clock().timestamp())
        check_owner(opened.blob_key)
    except LinkExpired as fault:
        return write(fault, PROBLEM, Entry(HTTPStatus.GONE, ErrorCode.NOT_FOUND))
    try:
        return _answer(opened)
    except BlobMissing:
        return _answer_missing(opened)


def _answer(opened: Opened) -> AnyResponse:
    to_save = "download" in request.args
    # The store would show it as it was stored, so a file to save comes from here.
    address = "" if to_save else _direct_url(opened)
    if not address:
        return _send(opened.blob_key, to_save=to_save)
    services().blobs.size(opened.blob_key)
    response = redirect(address, HTTPStatus.FOUND)
    response.cache_control.no_store = True
    return response


def _answer_missing(opened: Opened) -> AnyResponse:
    """Tell an output, or an input, that was removed for its age from a file that somebody deleted.

    Raises:
        NotFound: when it is not known to have been one.
    """
    _, owner, folder, *_ = opened.blob_key.split("/")
    record = services().records.jobs.find(owner)
    what, at = "output", record.expired_at if record else ""
    if folder == "inputs":
        what, at = "source", record.inputs_expired_at if record else ""
    if not at:
        raise NotFound("the file has been deleted")
    fault = NotFound(f"the {what} is no longer kept: it was removed on {at[:10]}", remedy="Submit the job again.")
    return write(fault, PROBLEM, Entry(HTTPStatus.GONE, ErrorCode.NOT_FOUND))


def _direct_url(opened: Opened) -> str:
    method: Method = "HEAD" if request.method == "HEAD" else "GET"
    return services().blobs.direct_url(opened.blob_key, method, min(opened.left_s, DIRECT_TTL_S))


def _send(key: str, *, to_save: bool) -> Response:
    media_type, disposition = shown_as(key, to_save=to_save)
    response = send_file(
        services().blobs.local(key),
        mimetype=media_type,
        as_attachment=disposition.startswith("attachment"),
        download_name=file_name(key),
        conditional=True,
        max_age=services().settings.link_ttl_s,
    )
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.cache_control.public, response.cache_control.private = False, True
    return response
