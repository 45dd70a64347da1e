"""The job object: lipsync.studio's seven fields, then all else that there is to say of a job.

The studio webhook's body stays those seven fields; every answer about a job of our own has all of these.
"""

from collections.abc import Sequence
from datetime import timedelta
from functools import cache

from marshmallow import Schema, fields

from api.fields import one_of
from api.lookup import output_url, source_url, view_of, views_of
from api.outlook import Paces, outlook
from api.services import services, utc_text
from contracts.jobs import JobView, Role, Stage, Status, SyncMode
from contracts.studio import StudioJob, studio_job
from storage.jobs import JobRecord

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
    kind = fields.String(
        required=True,
        metadata={"description": "What was ordered, at all times; `model` says `lipsync` until the job has ended."},
    )
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
    source = fields.URL(
        required=True,
        allow_none=True,
        require_tld=False,
        metadata={"description": "The picture or video as it was fetched; null before that and when it is gone."},
    )
    sync_mode = fields.String(
        required=True,
        allow_none=True,
        validate=one_of(*(mode.value for mode in SyncMode)),
        metadata={"description": "What a video does where its sound is longer; null of a portrait."},
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
    kind: str
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
    source: str | None
    sync_mode: str | None
    warnings: list[str]
    error_code: str | None
    batch_id: str | None
    urls: JobUrls


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
    paces = cache(services().records.jobs.pace)
    return [job_object(record, view, paces) for record, view in zip(records, views_of(records), strict=True)]


def job_object(record: JobRecord, view: JobView, paces: Paces | None = None) -> JobObject:
    """Write a job as a view of it shows it."""
    url = output_url(view)
    return JobObject(
        **studio_job(view, record.model, url),
        number=record.number,
        kind=record.model,
        engine=record.engine,
        state=view.status,
        stage=view.stage,
        percent=view.percent,
        **outlook(record, view, paces or services().records.jobs.pace),
        estimated_credits=record.request.estimated_credits,
        credits=view.credits,
        created_at=record.created_at,
        started_at=view.started_at or None,
        finished_at=view.finished_at or None,
        expires_at=_link_expires_at() if url else None,
        expired_at=record.expired_at or None,
        source=source_url(view) or None,
        sync_mode=record.request.options.sync_mode if record.request.source.role is Role.VIDEO else None,
        warnings=list(view.warnings),
        error_code=view.error.code if view.error and view.status is not Status.SUCCEEDED else None,
        batch_id=record.request.batch_id or None,
        urls=_urls(record.job_id),
    )


def _link_expires_at() -> str:
    return utc_text(services().clock() + timedelta(seconds=services().settings.link_ttl_s))


def _urls(job_id: str) -> JobUrls:
    job = f"{services().settings.public_url}/api/v1/jobs/{job_id}"
    return {"self": job} | {name: f"{job}/{name}" for name in ("cancel", "retry", "events", "deliveries")}
