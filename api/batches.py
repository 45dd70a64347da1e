"""Many jobs in one request: each item stands for itself, and one that is refused does not stop the others."""

import json
import uuid
from collections import Counter
from collections.abc import Sequence
from http import HTTPStatus
from typing import TypedDict, cast

from marshmallow import Schema, ValidationError, fields, post_load, validate

from api.auth import current_key
from api.blueprint import ApiBlueprint
from api.error_table import JsonObject
from api.fields import RequestSchema, one_of
from api.idempotency import reserved_id
from api.job_object import JobObject, JobObjectSchema, job_objects
from api.json_body import invalid
from api.lipsync_studio import STUDIO_BODIES
from api.problem import PROBLEM, ProblemSchema
from api.request_id import request_id
from api.services import services, utc_text
from api.submission import Order, submit
from contracts.errors import InvalidRequest, MouthpieceError, NotFound, TransientError
from contracts.jobs import Status
from contracts.scopes import Scope
from storage.batches import BatchRecord
from storage.jobs import JobFilter

MOST_ITEMS = 100
MAX_BODY_BYTES = 1 << 20

_REJECTED, _DELETED = "rejected", "deleted"


class BatchBody(RequestSchema):
    """The items of a batch."""

    jobs = fields.List(
        fields.Raw(
            allow_none=True,
            metadata={
                "description": f"`model` ({', '.join(STUDIO_BODIES)}), `formState` and perhaps `webhook`.",
            },
        ),
        required=True,
        validate=validate.Length(min=1, max=MOST_ITEMS, error="must hold {min} to {max} items"),
        error_messages={"required": "is missing", "null": "must not be null", "invalid": "must be a list"},
        metadata={"description": f"1 to {MOST_ITEMS} jobs, each like the body of its own call, with `model` added."},
    )

    @post_load
    def items(self, body: dict[str, list[object]], **options: object) -> list[object]:
        """Hand on the items alone."""
        return body["jobs"]


class BatchItemSchema(Schema):
    """What became of one item: a job, or why there is none."""

    index = fields.Integer(required=True)
    id = fields.UUID(required=True, allow_none=True)
    status = fields.String(required=True, validate=one_of("processing", _REJECTED))
    error = fields.Nested(ProblemSchema, required=True, allow_none=True)


class BatchSubmittedSchema(Schema):
    """The answer to a batch, item by item in the order they came."""

    id = fields.UUID(required=True)
    jobs = fields.List(fields.Nested(BatchItemSchema), required=True)


class BatchJobSchema(Schema):
    """How one item stands."""

    index = fields.Integer(required=True)
    id = fields.UUID(required=True, allow_none=True)
    state = fields.String(required=True, validate=one_of(*(status.value for status in Status), _REJECTED, _DELETED))
    job = fields.Nested(JobObjectSchema, required=True, allow_none=True)
    error = fields.Nested(ProblemSchema, required=True, allow_none=True)


class BatchSchema(Schema):
    """A batch; `counts` has the number of items in each state that any is in."""

    id = fields.UUID(required=True)
    created_at = fields.String(required=True, metadata={"format": "date-time"})
    counts = fields.Dict(keys=fields.String(), values=fields.Integer(), required=True)
    jobs = fields.List(fields.Nested(BatchJobSchema), required=True)


class BatchItem(TypedDict):
    """What became of one item."""

    index: int
    id: str | None
    status: str
    error: JsonObject | None


class BatchSubmitted(TypedDict):
    """The answer to a batch."""

    id: str
    jobs: list[BatchItem]


class BatchJob(TypedDict):
    """How one item stands."""

    index: int
    id: str | None
    state: str
    job: JobObject | None
    error: JsonObject | None


class Batch(TypedDict):
    """A batch."""

    id: str
    created_at: str
    counts: dict[str, int]
    jobs: list[BatchJob]


blueprint = ApiBlueprint("batches", PROBLEM, max_body_bytes=MAX_BODY_BYTES)


@blueprint.post("/v1/batches")
@blueprint.needs(Scope.SUBMIT)
@blueprint.body(BatchBody)
@blueprint.answer(HTTPStatus.OK, BatchSubmittedSchema)
def submit_batch(items: list[object]) -> BatchSubmitted:
    """Submit up to 100 jobs at once."""
    batch_id = reserved_id()
    answered = _submit_all(items, batch_id)
    services().records.batches.add(
        BatchRecord(
            batch_id=str(batch_id),
            key_id=current_key().key_id,
            created_at=utc_text(services().clock()),
            items=json.dumps(answered),
        )
    )
    return BatchSubmitted(id=str(batch_id), jobs=answered)


@blueprint.get("/v1/batches/<uuid:batch_id>")
@blueprint.needs(Scope.READ)
@blueprint.answer(HTTPStatus.OK, BatchSchema)
def batch(batch_id: uuid.UUID) -> Batch:
    """Ask how a batch stands."""
    record = services().records.batches.find(str(batch_id))
    if record is None or record.key_id != current_key().key_id:
        raise NotFound("no such batch for this key", field="id", remedy="Use the id that the batch call returned.")
    which = JobFilter(key_id=record.key_id, batch_id=record.batch_id)
    jobs = {job["id"]: job for job in job_objects(services().records.jobs.list(which, MOST_ITEMS))}
    items = [_standing(item, jobs) for item in cast(list[BatchItem], json.loads(record.items))]
    counts = Counter(item["state"] for item in items)
    return Batch(id=record.batch_id, created_at=record.created_at, counts=dict(counts), jobs=items)


def _submit_all(items: Sequence[object], batch_id: uuid.UUID) -> list[BatchItem]:
    """Submit item by item.

    Raises:
        TransientError: when the service itself is at fault: whether that item's job runs is in doubt then.
    """
    answered: list[BatchItem] = []
    for index, item in enumerate(items):
        try:
            job = submit(_order(item), job_id=uuid.uuid5(batch_id, str(index)), batch_id=str(batch_id))
            answered.append(BatchItem(index=index, id=job.job_id, status="processing", error=None))
        except TransientError as fault:
            fault.remedy = (
                "Send it again with the same Idempotency-Key: what has begun is not begun twice."
                f" GET /api/v1/jobs?batch_id={batch_id} lists that."
            )
            raise
        except MouthpieceError as fault:
            answered.append(BatchItem(index=index, id=None, status=_REJECTED, error=_problem(fault, index)))
    return answered


def _order(item: object) -> Order:
    if not isinstance(item, dict):
        raise InvalidRequest("must be an object", remedy="Expected: an object with model and formState.")
    schema = STUDIO_BODIES.get(str(item.get("model")))
    if schema is None:
        raise InvalidRequest(f"must be one of: {', '.join(STUDIO_BODIES)}", field="model")
    loader = schema()
    try:
        order: Order = loader.load({name: value for name, value in item.items() if name != "model"})
    except ValidationError as error:
        raise invalid(error.messages_dict, loader) from error
    return order


def _problem(fault: MouthpieceError, index: int) -> JsonObject:
    fault.field = f"jobs.{index}.{fault.field}".rstrip(".")
    return PROBLEM.write(fault, PROBLEM.entries[fault.code], request_id())


def _standing(item: BatchItem, jobs: dict[str, JobObject]) -> BatchJob:
    job = jobs.get(item["id"] or "")
    state = job["state"] if job else _DELETED if item["id"] else _REJECTED
    return BatchJob(index=item["index"], id=item["id"], state=state, job=job, error=item["error"])
