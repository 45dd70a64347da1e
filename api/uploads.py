"""Files that clients send instead of a URL: at once, or to a signed address that takes them later and in pieces."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http import HTTPStatus
from pathlib import Path
from typing import IO, NotRequired, TypedDict

from flask import Response, request
from marshmallow import Schema, fields, validate
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.formparser import FormDataParser

from api.auth import current_key
from api.blueprint import ApiBlueprint
from api.error_table import JsonObject
from api.fields import RequestSchema, Text, Whole
from api.idempotency import replay_of, reserved_id
from api.problem import PROBLEM
from api.services import services, utc_text
from api.signed_uploads import incoming
from contracts.errors import InvalidRequest, PayloadTooLarge, StorageBusy
from contracts.scopes import Scope
from storage.links import ExpectedUpload

FIELD = "file"
JSON = "application/json"
MULTIPART = "multipart/form-data"
NAME_LIMIT = 255

_CHUNK_BYTES = 1 << 20
#: What boundaries and headers of a multipart body may add to the file.
_MULTIPART_BYTES = 1 << 16
#: What the parser may hold of a form at once; it reads 64 KiB and keeps what a boundary might begin in.
_PARSER_BYTES = 1 << 20
_REMEDY = f"Send the file as the body, or as the field '{FIELD}' of a {MULTIPART} body."
#: A media type as of RFC 9110, section 8.3.1, without parameters.
_MEDIA_TYPE = r"[A-Za-z0-9!#$&^_.+-]{1,127}/[A-Za-z0-9!#$&^_.+-]{1,127}"


class NewUploadBody(RequestSchema):
    """A file that is to come."""

    size = Whole(
        required=True,
        validate=validate.Range(min=1, error="must be 1 or more"),
        metadata={
            "description": "the file's exact length in bytes.",
            "limits": lambda settings: {"maximum": settings.max_video_bytes},
        },
    )
    filename = Text(
        load_default="",
        validate=validate.Length(max=NAME_LIMIT, error="must not be longer than {max} characters"),
        metadata={"description": f"how its link is to end, at most {NAME_LIMIT} characters."},
    )
    content_type = Text(
        load_default="application/octet-stream",
        validate=validate.Regexp(f"^{_MEDIA_TYPE}$", error="is not a media type"),
        metadata={"description": "its media type, such as video/mp4; what it is, its content decides."},
    )


class UploadedSchema(Schema):
    """Where the file is now, or will be once it has been sent to `upload_url`."""

    url = fields.URL(required=True, require_tld=False, metadata={"description": "To be used in requests."})
    id = fields.UUID()
    upload_url = fields.URL(require_tld=False, metadata={"description": "Takes the bytes without an API key."})
    method = fields.String(metadata={"description": "How to send them there."})
    headers = fields.Dict(
        keys=fields.String(), values=fields.String(), metadata={"description": "Headers to send along."}
    )
    expires_at = fields.String(metadata={"description": "When upload_url stops working."})


class Uploaded(TypedDict):
    """Where the file is now, or will be."""

    url: str
    id: NotRequired[str]
    upload_url: NotRequired[str]
    method: NotRequired[str]
    headers: NotRequired[dict[str, str]]
    expires_at: NotRequired[str]


_BYTES: JsonObject = {"type": "string", "format": "binary"}
_BODIES: dict[str, JsonObject | type[Schema]] = {
    "application/octet-stream": _BYTES,
    MULTIPART: {"type": "object", "properties": {FIELD: _BYTES}, "required": [FIELD]},
    JSON: NewUploadBody,
}

blueprint = ApiBlueprint("uploads", PROBLEM)


@blueprint.post("/v1/uploads")
@blueprint.needs(Scope.SUBMIT)
@blueprint.takes(_BODIES)
@blueprint.answer(HTTPStatus.CREATED, UploadedSchema)
def upload() -> Uploaded | Response:
    """Send a file, or announce one as JSON; its link can be used wherever a URL is asked for."""
    upload_id = str(reserved_id())
    key = f"uploads/{current_key().key_id}/{upload_id}"
    if request.mimetype == JSON:
        body = ApiBlueprint.ARGUMENTS_PARSER.parse(NewUploadBody, request)
        return _announced(upload_id, key, body["size"], body["filename"], body["content_type"])
    with _received() as path:
        if replay := replay_of(path):
            return replay
        services().blobs.put(key, path)
    return Uploaded(url=services().links.url(key, services().clock().timestamp()))


def _announced(upload_id: str, key: str, size: int, name: str, media_type: str) -> Uploaded:
    """Make room for an upload: what nobody finished goes, and an address to send it to is signed."""
    settings, links, now = services().settings, services().links, services().clock()
    if size > settings.max_video_bytes:
        raise PayloadTooLarge(f"larger than {settings.max_video_bytes} bytes", field="size")
    incoming().sweep(before=now.timestamp() - settings.upload_ttl_s)
    expires_at = int(now.timestamp()) + settings.upload_ttl_s
    return Uploaded(
        url=links.url(key, now.timestamp(), name),
        id=upload_id,
        upload_url=links.upload_url(ExpectedUpload(blob_key=key, size=size), expires_at),
        method="PUT",
        headers={"Content-Type": media_type},
        expires_at=utc_text(type(now).fromtimestamp(expires_at, now.tzinfo)),
    )


@contextmanager
def _received() -> Iterator[Path]:
    """Write the request's file to disk, where it stays until the block ends.

    Raises:
        InvalidRequest: when there is no file, or it is empty.
        PayloadTooLarge, RequestEntityTooLarge: when it is larger than a video may be.
        StorageBusy: when the disk is full.
    """
    scratch = services().settings.data_dir / "scratch"
    scratch.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=scratch) as folder:
        path = Path(folder) / "upload"
        try:
            _write_file(path)
        except OSError as fault:
            raise StorageBusy("the file could not be stored at the moment") from fault
        if not path.exists() or not path.stat().st_size:
            raise InvalidRequest("no file was sent, or an empty one", field=FIELD, remedy=_REMEDY)
        yield path


def _write_file(path: Path) -> None:
    limit = services().settings.max_video_bytes
    if request.mimetype == MULTIPART:
        request.max_content_length = limit + _MULTIPART_BYTES
        _write_form_file(path)
        return
    # A stream that knows its own end counts as too long at its limit already.
    request.max_content_length = limit + 1
    with path.open("wb") as file, suppress(RequestEntityTooLarge):
        while chunk := request.stream.read(_CHUNK_BYTES):
            file.write(chunk)
        if file.tell() <= limit:
            return
    raise PayloadTooLarge(f"larger than {limit} bytes", field=FIELD)


def _write_form_file(path: Path) -> None:
    """Stream a form's files to disk as they are parsed and keep the one that was asked for."""

    def open_part(
        total_content_length: int | None,
        content_type: str | None,
        filename: str | None,
        content_length: int | None = None,
    ) -> IO[bytes]:
        return tempfile.NamedTemporaryFile(dir=path.parent, delete=False)

    parser = FormDataParser(stream_factory=open_part, max_form_memory_size=_PARSER_BYTES, max_form_parts=16)
    _, _, files = parser.parse(request.stream, MULTIPART, request.content_length, request.mimetype_params)
    for part in files.values():
        part.close()
    if FIELD in files:
        Path(files[FIELD].stream.name).rename(path)
