"""A key's jobs: listed, cancelled, run again, deleted. `GET /v1/jobs/{id}` is lipsync.studio's."""

from datetime import datetime
from http import HTTPStatus
from typing import TypedDict

from flask import Response
from marshmallow import Schema, fields

from api import job_moves
from api.auth import current_key
from api.blueprint import ApiBlueprint
from api.error_table import JsonObject
from api.fields import Text, one_of
from api.job_object import JobObject, JobObjectSchema, current_job_object, job_object
from api.job_pages import page, read_cursor
from api.lookup import find_job, view_of
from api.problem import PROBLEM
from api.query import Moment, PageQuery
from api.services import services, utc_text
from contracts.errors import Conflict
from contracts.jobs import Status
from contracts.scopes import Scope
from storage.jobs import MAX_NUMBER, JobFilter


class JobsQuery(PageQuery):
    """Which jobs to list."""

    state = Text(
        load_default="",
        validate=one_of(*(status.value for status in Status)),
        metadata={"description": "only jobs in this state."},
    )
    model = Text(load_default="", metadata={"description": 'only jobs of this model, as "lipsync-image".'})
    batch_id = Text(load_default="", metadata={"description": "only jobs of this batch."})
    created_after = Moment(
        load_default=None, metadata={"format": "date-time", "description": "only jobs made at this time or later."}
    )
    created_before = Moment(
        load_default=None, metadata={"format": "date-time", "description": "only jobs made before this time."}
    )


class JobPageSchema(Schema):
    """Jobs, newest first. There are more as long as there is a cursor, however few are on a page."""

    jobs = fields.List(fields.Nested(JobObjectSchema), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class JobPage(TypedDict):
    """Jobs, newest first."""

    jobs: list[JobObject]
    next_cursor: str | None


blueprint = ApiBlueprint("jobs", PROBLEM)


@blueprint.get("/v1/jobs")
@blueprint.needs(Scope.READ)
@blueprint.query(JobsQuery)
@blueprint.answer(HTTPStatus.OK, JobPageSchema)
def list_jobs(query: JsonObject) -> JobPage:
    """List the key's jobs."""
    found = page(_filter(query), Status(str(query["state"])) if query["state"] else None, int(str(query["limit"])))
    return JobPage(jobs=found.jobs, next_cursor=found.next_cursor)


@blueprint.post("/v1/jobs/<job_id>/cancel")
@blueprint.needs(Scope.SUBMIT)
@blueprint.answer(HTTPStatus.ACCEPTED, JobObjectSchema)
@blueprint.also_answers(HTTPStatus.CONFLICT, PROBLEM.schema, PROBLEM.media_type)
def cancel(job_id: str) -> JobObject:
    """Stop a job; what it does ends within seconds. One that was stopped already is no fault."""
    record = find_job(job_id, "id")
    view = view_of(record)
    if view.status is Status.CANCELLED:
        return job_object(record, view)
    if view.status.is_terminal:
        raise Conflict(
            f"the job has {view.status} already", field="id", remedy="Only a job that goes on can be cancelled."
        )
    services().gateway.cancel(record.job_id)
    return current_job_object(record)


@blueprint.post("/v1/jobs/<job_id>/retry")
@blueprint.needs(Scope.SUBMIT)
@blueprint.answer(HTTPStatus.ACCEPTED, JobObjectSchema)
@blueprint.also_answers(HTTPStatus.CONFLICT, PROBLEM.schema, PROBLEM.media_type)
def retry(job_id: str) -> JobObject:
    """Run a failed or cancelled job again, a failed one from the stage that failed."""
    record = find_job(job_id, "id")
    view = view_of(record)
    if view.status not in (Status.FAILED, Status.CANCELLED):
        raise Conflict(
            f"the job is {view.status}", field="id", remedy="Only a job that failed or was cancelled can be run again."
        )
    services().engines.require_allowed(record.engine, record.key_id, "id")
    job_moves.retry(services().records, services().gateway, record, services().clock())
    return current_job_object(find_job(job_id, "id"))


@blueprint.delete("/v1/jobs/<job_id>")
@blueprint.needs(Scope.SUBMIT)
@blueprint.answers_nothing()
@blueprint.also_answers(HTTPStatus.CONFLICT, PROBLEM.schema, PROBLEM.media_type)
def delete(job_id: str) -> Response:
    """Delete an ended job with its output, inputs and webhooks. Uploads stay, and so does what it cost."""
    record = find_job(job_id, "id")
    view = view_of(record)
    if not view.status.is_terminal:
        raise Conflict(f"the job is {view.status}", field="id", remedy="Cancel it first, or wait for its end.")
    found = services()
    job_moves.delete(found.records, found.gateway, found.blobs, record, found.clock())
    return Response(status=HTTPStatus.NO_CONTENT)


def _filter(query: JsonObject) -> JobFilter:
    cursor = str(query["cursor"])
    return JobFilter(
        key_id=current_key().key_id,
        model=str(query["model"]) or None,
        batch_id=str(query["batch_id"]) or None,
        created_after=_text(query["created_after"]),
        created_before=_text(query["created_before"]),
        before_number=read_cursor(cursor) if cursor else MAX_NUMBER,
    )


def _text(moment: object) -> str | None:
    return utc_text(moment) if isinstance(moment, datetime) else None
