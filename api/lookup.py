"""A job as its owner may see it: who owns it is in the records, how it stands is in Temporal."""

import re
import uuid
from collections.abc import Sequence
from dataclasses import replace

from api.auth import current_key
from api.services import services
from contracts.errors import ErrorCode, NotFound
from contracts.jobs import JobError, JobView, Stage, Status
from storage.jobs import JobRecord
from telemetry.marks import current_job

_UUID = re.compile(r"[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}", re.IGNORECASE)
#: As many digits as the largest number has.
_NUMBER = re.compile(r"[0-9]{1,19}")


def find_job(job_id: str, field: str) -> JobRecord:
    """Return the key's job with a UUID, dashed or not, or with a number.

    Args:
        job_id: as the client sent it.
        field: what the dialect calls it, for the error.

    Raises:
        NotFound: when there is none, or it belongs to another key.
    """
    jobs, key_id, record = services().records.jobs, current_key().key_id, None
    if _UUID.fullmatch(job_id):
        record = jobs.find(str(uuid.UUID(job_id)), key_id)
    elif _NUMBER.fullmatch(job_id):
        record = jobs.find_number(int(job_id), key_id)
    if record is None:
        raise NotFound("no such job for this key", field=field, remedy="Use the id that the submit call returned.")
    current_job.set(record.job_id)
    return record


def view_of(record: JobRecord) -> JobView:
    """Return how a job stands; the records' outcome answers for a job that Temporal no longer keeps.

    Raises:
        Unavailable: when Temporal cannot be reached.
    """
    return _as_kept(record, services().gateway.view(record.job_id) or recorded_view(record))


def views_of(records: Sequence[JobRecord]) -> list[JobView]:
    """Return how many jobs stand, asking Temporal for all but those that the records know to have succeeded.

    Raises:
        Unavailable: when Temporal has to be asked and cannot be reached.
    """
    asked = [record.job_id for record in records if record.status is not Status.SUCCEEDED]
    views = services().gateway.view_all(asked) if asked else {}
    return [_as_kept(record, views.get(record.job_id) or recorded_view(record)) for record in records]


def output_url(view: JobView) -> str:
    """Write a download link for the job's output; "" while there is none."""
    return services().links.url(view.output, services().clock().timestamp()) if view.output else ""


def source_url(view: JobView) -> str:
    """Write a download link for what the job is made of; "" before it was fetched and when it is no longer kept."""
    return services().links.url(view.source, services().clock().timestamp()) if view.source else ""


def failure_text(view: JobView) -> str:
    """Say why a job ended without an output, or has it no longer; "" while there is nothing to say."""
    if view.error and view.status.is_terminal:
        return view.error.message
    return view.status.value if view.status in (Status.FAILED, Status.CANCELLED) else ""


def _as_kept(record: JobRecord, view: JobView) -> JobView:
    """Leave out of a view what was removed for its age; what an ended job was made of is for the records to say."""
    if record.status.is_terminal:
        view = replace(view, source=record.source)
    if not record.expired_at or view.status is not Status.SUCCEEDED:
        return view
    message = f"the output is no longer kept: it was removed on {record.expired_at[:10]}"
    return replace(view, output="", error=JobError(code=ErrorCode.NOT_FOUND, message=message))


def recorded_view(record: JobRecord) -> JobView:
    """Return how a job stands as far as the records know."""
    is_lost = record.is_started and not record.status.is_terminal
    lost = JobError(code=ErrorCode.INTERNAL, message="the job is no longer known to the queue")
    return JobView(
        job_id=record.job_id,
        status=Status.FAILED if is_lost else record.status,
        stage=Stage.SETTLE if record.status is Status.SUCCEEDED else Stage.FETCH,
        percent=100 if record.status is Status.SUCCEEDED else 0,
        started_at=record.started_at,
        finished_at=record.finished_at,
        execution_ms=record.execution_ms,
        output=record.output,
        duration_s=record.duration_s,
        credits=record.credits,
        error=lost if is_lost else record.error,
        warnings=record.warnings,
        source=record.source,
    )
