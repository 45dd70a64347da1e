"""What a job's recorded history tells of it: its size, and when each of its steps ran."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import Client

from contracts.jobs import workflow_id


@dataclass(frozen=True, slots=True, kw_only=True)
class StepRun:
    """One step of a job, in seconds since its workflow began: when it was asked for, begun and done, and by whom."""

    name: str
    asked_s: float
    begun_s: float
    done_s: float
    worker: str


@dataclass(frozen=True, slots=True, kw_only=True)
class JobHistory:
    """A job's history: how many events and bytes it has, how long the workflow ran, and its steps as they ended."""

    events: int
    size_bytes: int
    seconds: float
    steps: tuple[StepRun, ...]

    def of(self, name: str) -> list[StepRun]:
        """The steps of one name."""
        return [step for step in self.steps if step.name == name]


async def read_history(client: Client, job_id: str) -> JobHistory:
    """Read the history of a job that has ended.

    Raises:
        temporalio.service.RPCError: when the server does not answer or does not know the job.
    """
    handle = client.get_workflow_handle(workflow_id(job_id))
    described = (await handle.describe()).raw_description.workflow_execution_info
    events = [event async for event in handle.fetch_history_events()]
    began = _moment(events[0])
    return JobHistory(
        events=len(events),
        size_bytes=described.history_size_bytes,
        seconds=(_moment(events[-1]) - began).total_seconds(),
        steps=tuple(_steps(events, began)),
    )


def _steps(events: Sequence[HistoryEvent], began: datetime) -> list[StepRun]:
    by_id = {event.event_id: event for event in events}
    found = []
    for done in events:
        if done.event_type != EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED:
            continue
        ending = done.activity_task_completed_event_attributes
        asked, begun = by_id[ending.scheduled_event_id], by_id[ending.started_event_id]
        found.append(
            StepRun(
                name=asked.activity_task_scheduled_event_attributes.activity_type.name,
                asked_s=(_moment(asked) - began).total_seconds(),
                begun_s=(_moment(begun) - began).total_seconds(),
                done_s=(_moment(done) - began).total_seconds(),
                worker=begun.activity_task_started_event_attributes.identity,
            )
        )
    return found


def _moment(event: HistoryEvent) -> datetime:
    return event.event_time.ToDatetime()
