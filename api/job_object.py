"""The job object: lipsync.studio's seven fields, then all else that there is to say of a job.

The studio webhook's body stays those seven fields; every answer about a job of our own has all of these.

`queue_position` counts the jobs before this one, of any key, that have not ended: one count over an index of the
records. `eta_s` is made of the last 20 jobs that succeeded: a running job still takes the part of their mean length
that its percentage leaves; a waiting one takes the whole of it once those before it are done, and they end as far apart
as recent jobs ended, which is what many workers at once show.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import TypedDict

from marshmallow import Schema, fields

from api.fields import one_of
from api.lookup import output_url, view_of, views_of
from api.services import services, utc_text
from contracts.jobs import JobView, Stage, Status
from contracts.studio import StudioJob, studio_job
from storage.jobs import JobRecord, Pace

_MOMENT = {"format": "date-time"}


class JobUrlsSchema(Schema):
    """Where to ask about a job and what can be done to it."""

    self_ = fields.URL(required=True, require_tld=False, data_key="self", attribute="self")
    cancel = fields.URL(required=True, require_tld=False, metadata={"description": "POST"})
    retry = fields.URL(required=True, require_tld=False, metadata={"description": "POST"})
    events = fields.URL(required=True, require_tld=False, metadata={"description": "GET: server-sent events"})
    deliveries = fields.URL(required=True, require_tld=False, metadata={"description": "GET: its webhooks"})


class StudioJobSchema(Schema):
    """A job as lipsync.studio describes it, and the body of webhooks."""

    id = fields.UUID(required=True)
    model = fields.String(required=True)
    status = fields.String(required=True, validate=one_of("processing", "completed", "failed"))
    output = fields.URL(required=True, allow_none=True, require_tld=False)
    error = fields.String(required=True)
    executionTime = fields.Integer(required=True, allow_none=True, metadata={"description": "Milliseconds."})
    timings = fields.Raw(required=True, allow_none=True)


class JobObjectSchema(StudioJobSchema):
    """A job."""

    number = fields.Integer(required=True, metadata={"description": "Works wherever an id does."})
    engine = fields.String(required=True, metadata={"description": "Which engine does it, as GET /v1/models names it."})
    state = fields.String(required=True, validate=one_of(*(status.value for status in Status)))
    stage = fields.String(required=True, validate=one_of(*(stage.value for stage in Stage)))
    percent = fields.Integer(required=True, metadata={"minimum": 0, "maximum": 100})
    queue_position = fields.Integer(
        required=True, allow_none=True, metadata={"description": "Jobs ahead; 0 once it runs, null once it has ended."}
    )
    eta_s = fields.Integer(
        required=True, allow_none=True, metadata={"description": "Seconds to its end; null when ended or unknown."}
    )
    estimated_credits = fields.Integer(required=True)
    credits = fields.Integer(required=True)
    created_at = fields.String(required=True, metadata=_MOMENT)
    started_at = fields.String(required=True, allow_none=True, metadata=_MOMENT)
    finished_at = fields.String(required=True, allow_none=True, metadata=_MOMENT)
    expires_at = fields.String(
        required=True, allow_none=True, metadata=_MOMENT | {"description": "When the link in `output` stops working."}
    )
    expired_at = fields.String(
        required=True,
        allow_none=True,
        metadata=_MOMENT | {"description": "When the output was removed for its age; null while it is kept."},
    )
    warnings = fields.List(fields.String(), required=True)
    error_code = fields.String(required=True, allow_none=True)
    batch_id = fields.UUID(required=True, allow_none=True)
    urls = fields.Nested(JobUrlsSchema, required=True)


#: `self` cannot name a field of a class.
JobUrls = dict[str, str]


class JobObject(StudioJob):
    """A job."""

    number: int
    engine: str
    state: str
    stage: str
    percent: int
    queue_position: int | None
    eta_s: int | None
    estimated_credits: int
    credits: int
    created_at: str
    started_at: str | None
    finished_at: str | None
    expires_at: str | None
    expired_at: str | None
    warnings: list[str]
    error_code: str | None
    batch_id: str | None
    urls: JobUrls


class _Outlook(TypedDict):
    """What is ahead of a job."""

    queue_position: int | None
    eta_s: int | None


def current_job_object(record: JobRecord) -> JobObject:
    """Write a job as it stands now.

    Raises:
        Unavailable: when Temporal cannot be reached.
    """
    return job_object(record, view_of(record))


def job_objects(records: Sequence[JobRecord]) -> list[JobObject]:
    """Write several jobs as they stand now, with one call for all of them.

    Raises:
        Unavailable: when Temporal has to be asked and cannot be reached.
    """
    pace = services().records.jobs.pace()
    return [job_object(record, view, pace) for record, view in zip(records, views_of(records), strict=True)]


def job_object(record: JobRecord, view: JobView, pace: Pace | None = None) -> JobObject:
    """Write a job as a view of it shows it."""
    url = output_url(view)
    return JobObject(
        **studio_job(view, record.model, url),
        number=record.number,
        engine=record.engine,
        state=view.status,
        stage=view.stage,
        percent=view.percent,
        **_outlook(record, view, pace),
        estimated_credits=record.request.estimated_credits,
        credits=view.credits,
        created_at=record.created_at,
        started_at=view.started_at or None,
        finished_at=view.finished_at or None,
        expires_at=_link_expires_at() if url else None,
        expired_at=record.expired_at or None,
        warnings=list(view.warnings),
        error_code=view.error.code if view.error and view.status is not Status.SUCCEEDED else None,
        batch_id=record.request.batch_id or None,
        urls=_urls(record.job_id),
    )


def _outlook(record: JobRecord, view: JobView, pace: Pace | None) -> _Outlook:
    if view.status.is_terminal:
        return _Outlook(queue_position=None, eta_s=None)
    pace = pace or services().records.jobs.pace()
    if view.status is Status.RUNNING:
        return _Outlook(queue_position=0, eta_s=_seconds(pace.each_s * (100 - view.percent) / 100))
    ahead = services().records.jobs.ahead(record.number)
    return _Outlook(queue_position=ahead, eta_s=_seconds(pace.each_s + ahead * pace.apart_s))


def _seconds(estimate: float) -> int | None:
    return max(1, round(estimate)) if estimate else None


def _link_expires_at() -> str:
    return utc_text(services().clock() + timedelta(seconds=services().settings.link_ttl_s))


def _urls(job_id: str) -> JobUrls:
    job = f"{services().settings.public_url}/api/v1/jobs/{job_id}"
    return {"self": job} | {name: f"{job}/{name}" for name in ("cancel", "retry", "events", "deliveries")}
