"""LipSync.dev's alternative dialect: everything in an envelope of code, message and data; statuses are numbers."""

from http import HTTPStatus
from typing import TypedDict
from uuid import UUID

from marshmallow import Schema, fields, post_load

from api.blueprint import ApiBlueprint
from api.error_table import STATUSES, Entry, ErrorTable, JsonObject
from api.fields import Part, RequestSchema, Text, one_of
from api.lipsync_dev import LipsyncBody
from api.lookup import failure_text, find_job, output_url, view_of
from api.submission import Order, submit
from api.sync_fields import MAX_BODY_BYTES
from contracts.errors import ErrorCode, MouthpieceError
from contracts.jobs import Dialect, Status
from contracts.scopes import Scope

#: What our statuses are numbered here.
STATUS_NUMBERS: dict[Status, int] = {
    Status.QUEUED: 1,
    Status.RUNNING: 2,
    Status.SUCCEEDED: 3,
    Status.FAILED: 4,
    Status.CANCELLED: 4,
}

#: The envelope's `code` of each error; 0 is success.
ERROR_NUMBERS: dict[ErrorCode, int] = {
    ErrorCode.INVALID_REQUEST: 40000,
    ErrorCode.UNAUTHORIZED: 40100,
    ErrorCode.FORBIDDEN: 40300,
    ErrorCode.NOT_FOUND: 40400,
    ErrorCode.METHOD_NOT_ALLOWED: 40500,
    ErrorCode.CANCELLED: 40900,
    ErrorCode.CONFLICT: 40901,
    ErrorCode.IDEMPOTENCY_IN_FLIGHT: 40902,
    ErrorCode.PAYLOAD_TOO_LARGE: 41300,
    ErrorCode.FETCH_REFUSED: 42201,
    ErrorCode.FETCH_FAILED: 42202,
    ErrorCode.UNREADABLE_MEDIA: 42203,
    ErrorCode.MEDIA_TOO_LARGE: 42204,
    ErrorCode.MEDIA_TOO_LONG: 42205,
    ErrorCode.NO_FACE: 42206,
    ErrorCode.TOO_FEW_FACES: 42207,
    ErrorCode.IDEMPOTENCY_MISMATCH: 42208,
    ErrorCode.RATE_LIMITED: 42900,
    ErrorCode.INTERNAL: 50000,
    ErrorCode.WEIGHTS_MISSING: 50001,
    ErrorCode.ENGINE_UNKNOWN: 50002,
    ErrorCode.ENGINE_FAULT: 50003,
    ErrorCode.ANALYSIS_OUTDATED: 50004,
    ErrorCode.UNAVAILABLE: 50300,
    ErrorCode.FETCH_TIMEOUT: 50301,
    ErrorCode.STORAGE_BUSY: 50302,
    ErrorCode.ENGINE_MEMORY: 50303,
}


class EnvelopeErrorSchema(Schema):
    """An error: a code other than 0, and no data."""

    code = fields.Integer(required=True, metadata={"not": {"const": 0}})
    message = fields.String(required=True, metadata={"description": "What is wrong and what to do about it."})
    data = fields.Raw(required=True, allow_none=True)


def _write_error(fault: MouthpieceError, entry: Entry, request_id: str) -> JsonObject:
    message = f"{fault}. {fault.remedy}" if fault.remedy else str(fault)
    return {"code": entry.wire_code, "message": message, "data": None}


ERRORS = ErrorTable(
    entries={code: Entry(STATUSES[code], number) for code, number in ERROR_NUMBERS.items()},
    write=_write_error,
    schema=EnvelopeErrorSchema,
)


class AsyncLipsyncBody(LipsyncBody):
    """The same body as the primary endpoint's."""

    dialect = Dialect.LIPSYNC_DEV_ASYNC


class ResultBody(RequestSchema):
    """Which task to ask about."""

    taskId = Text(required=True, metadata={"description": "the taskId that /api/async/lipsync returned."})

    @post_load
    def task_id(self, body: dict[str, str], **options: object) -> str:
        """Hand on the id alone."""
        return body["taskId"]


class TaskCreatedSchema(Schema):
    """The new task."""

    taskId = fields.String(required=True, metadata={"description": "32 hexadecimal digits."})


class TaskSchema(Schema):
    """How a task stands: 1 submitted, 2 in progress, 3 succeeded, 4 failed for a reason."""

    taskId = fields.String(required=True)
    status = fields.Integer(required=True, validate=one_of(1, 2, 3, 4))
    reason = fields.String(required=True)
    taskType = fields.String(required=True, validate=one_of("lipsync"))


class VideoSchema(Schema):
    """A finished video."""

    videoUrl = fields.URL(required=True, require_tld=False)
    videoType = fields.String(required=True, validate=one_of("mp4"))


class ResultSchema(Schema):
    """A task and what came of it."""

    task = Part(TaskSchema, required=True)
    videos = fields.List(fields.Nested(VideoSchema), required=True)


class CreatedEnvelopeSchema(Schema):
    """The answer to an order."""

    code = fields.Integer(required=True, validate=one_of(0))
    message = fields.String(required=True)
    data = Part(TaskCreatedSchema, required=True)


class ResultEnvelopeSchema(Schema):
    """The answer about a task."""

    code = fields.Integer(required=True, validate=one_of(0))
    message = fields.String(required=True)
    data = Part(ResultSchema, required=True)


class Envelope(TypedDict):
    """A successful answer."""

    code: int
    message: str
    data: JsonObject


blueprint = ApiBlueprint("lipsync_dev_async", ERRORS, max_body_bytes=MAX_BODY_BYTES)


@blueprint.post("/async/lipsync")
@blueprint.needs(Scope.SUBMIT)
@blueprint.body(AsyncLipsyncBody)
@blueprint.answer(HTTPStatus.OK, CreatedEnvelopeSchema)
def async_lipsync(order: Order) -> Envelope:
    """Give a video another voice."""
    return _success({"taskId": UUID(submit(order).job_id).hex})


@blueprint.post("/getAsyncResult")
@blueprint.needs(Scope.READ)
@blueprint.body(ResultBody)
@blueprint.answer(HTTPStatus.OK, ResultEnvelopeSchema)
def get_async_result(task_id: str) -> Envelope:
    """Ask how a task stands."""
    record = find_job(task_id, "taskId")
    view = view_of(record)
    task = {
        "taskId": UUID(record.job_id).hex,
        "status": STATUS_NUMBERS[view.status],
        "reason": failure_text(view),
        "taskType": "lipsync",
    }
    url = output_url(view)
    return _success({"task": task, "videos": [{"videoUrl": url, "videoType": "mp4"}] if url else []})


def _success(data: JsonObject) -> Envelope:
    return Envelope(code=0, message="success", data=data)
