"""Finds the jobs that a choice means: in the records, and in Temporal for what only it knows."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, replace

from contracts.jobs import JobView, Status
from contracts.settings import Settings
from scripts import connection, job_query
from scripts.job_choice import Choice
from scripts.job_report import Standing
from storage.jobs import JobFilter, JobRecord
from storage.records import Records

_PAGE = 500
_GOING_ON = frozenset({Status.QUEUED, Status.RUNNING})


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A job, and how it stands if Temporal was asked."""

    record: JobRecord
    view: JobView | None = None

    @property
    def status(self) -> Status:
        """What is known of it; the records have jobs that go on as queued."""
        return self.view.status if self.view else self.record.status


def find(settings: Settings, records: Records, choice: Choice, *, with_views: bool = False) -> list[Found]:
    """The jobs that a choice means, newest first.

    Args:
        settings: say where Temporal is; it is asked only where the choice or `with_views` needs it.
        records: where the jobs are.
        choice: what they must be like.
        with_views: say of all of them how they stand.

    Raises:
        InvalidRequest: when Temporal does not understand the choice's query.
        Unavailable: when there is a query and Temporal does not answer.
    """
    matched = _matched(settings, choice.query) if choice.query else None
    look = Standing(settings)
    found: list[Found] = []
    for record in _narrowed(records, choice):
        if matched is not None and record.job_id not in matched:
            continue
        each = Found(record=record, view=look(record) if with_views or _is_in_doubt(record, choice) else None)
        if choice.states and each.status not in choice.states:
            continue
        found.append(each)
        if len(found) == choice.limit:
            break
    return found


def _matched(settings: Settings, query: str) -> frozenset[str]:
    async def ask() -> list[str]:
        return await job_query.matching(await connection.connect(settings), query)

    return frozenset(asyncio.run(ask()))


def _is_in_doubt(record: JobRecord, choice: Choice) -> bool:
    """Whether the choice turns on what only Temporal knows of the job."""
    return record.status is Status.QUEUED and len(choice.states & _GOING_ON) == 1


def _narrowed(records: Records, choice: Choice) -> Iterator[JobRecord]:
    """The jobs that the records cannot rule out, a page at a time."""
    recorded = {Status.QUEUED if state in _GOING_ON else state for state in choice.states}
    which = JobFilter(
        key_id=choice.key_id or None,
        status=next(iter(recorded)) if len(recorded) == 1 else None,
        model=choice.model or None,
        batch_id=choice.batch_id or None,
        engine=choice.engine or None,
        error_code=choice.error_code or None,
        since=choice.since or None,
        until=choice.until or None,
    )
    while page := records.jobs.list(which, _PAGE):
        yield from (record for record in page if not recorded or record.status in recorded)
        which = replace(which, before_number=page[-1].number)
