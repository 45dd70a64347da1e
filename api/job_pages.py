"""Pages of a key's jobs, newest first."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

from api import cursors
from api.job_object import JobObject, job_object
from api.lookup import views_of
from api.services import services
from contracts.jobs import JobView, Status
from storage.jobs import MAX_NUMBER, JobFilter, JobRecord

#: Most jobs that one request asks Temporal about to find those in a state that only Temporal knows.
MOST_LOOKED_AT = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Some jobs, and the cursor that goes on after them; None at the end.

    A page may hold fewer jobs than asked for, and even none, before the end.
    """

    jobs: list[JobObject]
    next_cursor: str | None


def page(which: JobFilter, state: Status | None, limit: int) -> Page:
    """Return up to `limit` jobs in a state.

    The records know how jobs ended; whether one that has not is queued or running, each is asked of Temporal.

    Raises:
        Unavailable: when Temporal has to be asked and cannot be reached.
    """
    found: list[tuple[JobRecord, JobView]] = []
    looked_at, has_more = 0, True
    which = replace(which, status=_recorded(state))
    while has_more and len(found) < limit and looked_at < MOST_LOOKED_AT:
        wanted = limit - len(found)
        records = services().records.jobs.list(which, wanted + 1)
        has_more, records = len(records) > wanted, records[:wanted]
        looked_at += len(records)
        found += _in_state(records, state)
        which = replace(which, before_number=records[-1].number if records else which.before_number)
    paces = cache(services().records.jobs.pace)
    return Page(
        jobs=[job_object(record, view, paces) for record, view in found],
        next_cursor=write_cursor(which.before_number) if has_more else None,
    )


def write_cursor(number: int) -> str:
    """Make an opaque cursor that goes on before a job's number."""
    return cursors.write(_place(number))


def read_cursor(text: str) -> int:
    """Undo `write_cursor`.

    Raises:
        InvalidRequest: when the text is no cursor.
    """
    return cursors.read(text, _number)


def _place(number: int) -> str:
    return f"before:{number}"


def _number(place: str) -> int:
    number = int(place.rpartition(":")[2])
    if place != _place(number) or not 0 < number <= MAX_NUMBER:
        raise ValueError("is no place among jobs")
    return number


def _recorded(state: Status | None) -> Status | None:
    """What the records call a state: to them a job is queued until it has ended."""
    return Status.QUEUED if state is Status.RUNNING else state


def _in_state(records: Sequence[JobRecord], state: Status | None) -> list[tuple[JobRecord, JobView]]:
    pairs = zip(records, views_of(records), strict=True)
    return [(record, view) for record, view in pairs if _is_sure(record, view) and state in (None, view.status)]


def _is_sure(record: JobRecord, view: JobView) -> bool:
    """Whether the job is known to have been accepted: one in doubt may be dropped yet."""
    return record.is_started or view.status is not Status.QUEUED
