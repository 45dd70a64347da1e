"""Files that clients send instead of a URL: streamed to disk, kept under their key, named by a signed link."""

import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import IO, TypedDict

from flask import request
from marshmallow import Schema, fields
from werkzeug.formparser import FormDataParser

from api.auth import current_key
from api.blueprint import ApiBlueprint
from api.error_table import JsonObject
from api.problem import PROBLEM
from api.services import services
from contracts.errors import InvalidRequest, StorageBusy

FIELD = "file"
MULTIPART = "multipart/form-data"

_CHUNK_BYTES = 1 << 20
#: What boundaries and headers of a multipart body may add to the file.
_MULTIPART_BYTES = 1 << 16
#: What the parser may hold of a form at once; it reads 64 KiB and keeps what a boundary might begin in.
_PARSER_BYTES = 1 << 20
_REMEDY = f"Send the file as the body, or as the field '{FIELD}' of a {MULTIPART} body."


class UploadedSchema(Schema):
    """Where the file is now."""

    url = fields.URL(required=True, require_tld=False)


class Uploaded(TypedDict):
    """Where the file is now."""

    url: str


_BYTES: JsonObject = {"type": "string", "format": "binary"}
_BODIES: dict[str, JsonObject] = {
    "application/octet-stream": _BYTES,
    MULTIPART: {"type": "object", "properties": {FIELD: _BYTES}, "required": [FIELD]},
}

blueprint = ApiBlueprint("uploads", PROBLEM)


@blueprint.post("/v1/uploads")
@blueprint.takes(_BODIES)
@blueprint.answer(HTTPStatus.CREATED, UploadedSchema)
def upload() -> Uploaded:
    """Send a file; its link can be used wherever a URL is asked for."""
    key = f"uploads/{current_key().key_id}/{uuid.uuid4()}"
    with _received() as path:
        services().blobs.put(key, path)
    return Uploaded(url=services().links.url(key, services().clock().timestamp()))


@contextmanager
def _received() -> Iterator[Path]:
    """Write the request's file to disk, where it stays until the block ends.

    Raises:
        InvalidRequest: when there is no file, or it is empty.
        RequestEntityTooLarge: when it is larger than a video may be.
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
    request.max_content_length = limit
    with path.open("wb") as file:
        while chunk := request.stream.read(_CHUNK_BYTES):
            file.write(chunk)


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
