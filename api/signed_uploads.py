"""The signed addresses of uploads: they take a file whole or in pieces, in order, without an API key.

A piece is a PUT with `Content-Range: bytes FIRST-LAST/TOTAL`. The header `Upload-Offset` of every answer tells how many
bytes have arrived; after a broken connection, HEAD or GET asks for it. The upload is to be seen only once it is whole.
"""

import re
from contextlib import suppress
from functools import partial
from http import HTTPStatus
from typing import IO

from flask import Response, jsonify, request
from marshmallow import Schema, fields
from werkzeug.exceptions import RequestEntityTooLarge

from api.blueprint import ApiBlueprint
from api.error_table import Entry, JsonObject
from api.errors import write
from api.owners import check_owner
from api.problem import PROBLEM
from api.services import services
from contracts.errors import Conflict, ErrorCode, InvalidRequest, MouthpieceError, PayloadTooLarge, StorageBusy
from storage.incoming import Incoming
from storage.links import ExpectedUpload, LinkExpired

OFFSET = "Upload-Offset"
LENGTH = "Upload-Length"
RANGE = "Content-Range"

_CHUNK_BYTES = 1 << 20
_FILE: JsonObject = {"type": "string", "format": "binary"}
_RANGE = re.compile(r"bytes (?:([0-9]{1,15})-([0-9]{1,15})|\*)/([0-9]{1,15})")
_RANGE_REMEDY = f"Send '{RANGE}: bytes FIRST-LAST/TOTAL', or leave it out and send the whole file."


class StoredSchema(Schema):
    """The upload is whole."""

    url = fields.URL(required=True, require_tld=False, metadata={"description": "To be used in requests."})


class ProgressSchema(Schema):
    """How far an upload has come."""

    arrived = fields.Integer(required=True, metadata={"description": "Bytes, as in the header Upload-Offset."})
    size = fields.Integer(required=True, metadata={"description": "Bytes, as in the header Upload-Length."})
    is_whole = fields.Boolean(
        required=True,
        metadata={
            "description": "Whether it can be used. If not though all is there: send Content-Range: bytes */SIZE."
        },
    )


blueprint = ApiBlueprint("signed_uploads", PROBLEM, is_public=True)


@blueprint.put("/uploads/<token>")
@blueprint.takes({"application/octet-stream": _FILE, "*/*": _FILE})
@blueprint.answer(HTTPStatus.CREATED, StoredSchema)
@blueprint.also_answers(HTTPStatus.NO_CONTENT, {})
@blueprint.also_answers(HTTPStatus.CONFLICT, PROBLEM.schema, PROBLEM.media_type)
@blueprint.also_answers(HTTPStatus.GONE, PROBLEM.schema, PROBLEM.media_type)
def receive(token: str) -> Response:
    """Send an announced file, whole or a piece of it; 201 once it is all there, 204 before."""
    try:
        upload = _opened(token)
        return _receive(upload)
    except LinkExpired as fault:
        return write(fault, PROBLEM, Entry(HTTPStatus.GONE, ErrorCode.NOT_FOUND))


@blueprint.get("/uploads/<token>")
@blueprint.answer(HTTPStatus.OK, ProgressSchema)
@blueprint.also_answers(HTTPStatus.GONE, PROBLEM.schema, PROBLEM.media_type)
def progress(token: str) -> Response:
    """Ask how much of an announced file has arrived."""
    try:
        upload = _opened(token)
    except LinkExpired as fault:
        return write(fault, PROBLEM, Entry(HTTPStatus.GONE, ErrorCode.NOT_FOUND))
    is_whole = services().blobs.exists(upload.blob_key)
    arrived = upload.size if is_whole else incoming().arrived(_name(upload))
    return _told(jsonify(arrived=arrived, size=upload.size, is_whole=is_whole), upload, arrived)


def _opened(token: str) -> ExpectedUpload:
    """Return what an address is for.

    Raises:
        NotFound: when it is none of this service.
        LinkExpired: when its time is over, or its key was revoked.
    """
    upload = services().links.open_upload(token, services().clock().timestamp())
    check_owner(upload.blob_key)
    return upload


def incoming() -> Incoming:
    """What has arrived of uploads that are not whole."""
    return Incoming(services().settings.data_dir / "uploads")


def _receive(upload: ExpectedUpload) -> Response:
    """Add the request's bytes, and store the file once it is whole.

    Raises:
        InvalidRequest: when the range makes no sense, or fewer bytes came than it says.
        Conflict: when the bytes do not begin where those that arrived end.
        PayloadTooLarge: when there are more of them than were announced.
        StorageBusy: when the disk is full, or the store away.
    """
    span = _span(upload)
    try:
        with incoming().writing(_name(upload)) as file:
            arrived = _append(file, upload, span)
            if arrived == upload.size:
                file.flush()
                incoming().hand_over(_name(upload), partial(services().blobs.put, upload.blob_key))
    except OSError as fault:
        raise StorageBusy("the file could not be stored at the moment") from fault
    if arrived < upload.size:
        return _told(Response(status=HTTPStatus.NO_CONTENT), upload, arrived)
    stored = jsonify(url=services().links.url(upload.blob_key, services().clock().timestamp()))
    stored.status_code = HTTPStatus.CREATED
    return _told(stored, upload, arrived)


def _span(upload: ExpectedUpload) -> range:
    """Which bytes of the file the request carries."""
    text = request.headers.get(RANGE)
    if text is None:
        return range(upload.size)
    found = _RANGE.fullmatch(text)
    if not found:
        raise InvalidRequest("is not a range of bytes", field=RANGE, remedy=_RANGE_REMEDY)
    first, last, total = (int(group) if group else -1 for group in found.groups())
    if total != upload.size:
        raise _misfit(total > upload.size, f"{upload.size} bytes were announced, not {total}", RANGE)
    if first < 0:
        return range(upload.size, upload.size)
    if first > last or last >= upload.size:
        raise _misfit(last >= upload.size, f"bytes {first}-{last} are none of {upload.size}", RANGE)
    return range(first, last + 1)


def _append(file: IO[bytes], upload: ExpectedUpload, span: range) -> int:
    """Write the request's bytes to the end of what has arrived and return how many there are then."""
    if services().blobs.exists(upload.blob_key):
        # What was opened may be a new, empty file, in place of the one that has become the blob.
        incoming().path(_name(upload)).unlink(missing_ok=True)
        raise Conflict("the upload is whole already")
    start = file.seek(0, 2)
    if request.headers.get(RANGE) is None:
        # The whole file, once more from its beginning.
        start = file.truncate(0)
    if span.start != start:
        raise Conflict(f"byte {start} is expected next", field=RANGE, remedy=f"Go on from byte {start}.")
    arrived = start + _copy(file, start, len(span))
    if arrived < span.stop:
        raise InvalidRequest(f"{arrived - start} bytes came instead of {len(span)}", remedy="Send the rest of them.")
    return arrived


def _copy(file: IO[bytes], start: int, length: int) -> int:
    """Append the request's body, which may be `length` bytes long, and return how many came."""
    # A stream that knows its own end counts as too long at its limit already.
    request.max_content_length, came = length + 1, 0
    with suppress(RequestEntityTooLarge):
        while chunk := request.stream.read(_CHUNK_BYTES):
            came += file.write(chunk)
        if came <= length:
            return came
    file.truncate(start)
    raise PayloadTooLarge(f"more than the {length} bytes that were announced", remedy=_RANGE_REMEDY)


def _misfit(is_too_large: bool, message: str, field: str) -> MouthpieceError:
    return (PayloadTooLarge if is_too_large else InvalidRequest)(message, field=field, remedy=_RANGE_REMEDY)


def _name(upload: ExpectedUpload) -> str:
    return upload.blob_key.rsplit("/", 1)[-1]


def _told(response: Response, upload: ExpectedUpload, arrived: int) -> Response:
    response.headers[OFFSET] = str(arrived)
    response.headers[LENGTH] = str(upload.size)
    response.cache_control.no_store = True
    return response
