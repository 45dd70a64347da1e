"""What Temporal knows of hosts: which one renders a segment, when it polls again, which steps it did."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from temporalio.api.enums.v1 import PendingActivityState, TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflow.v1 import PendingActivityInfo
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import Client

from contracts.errors import InternalError
from contracts.jobs import workflow_id
from contracts.steps import RENDER, Queue

_LOOK_S = 0.05
_PATIENCE_S = 120.0
_STARTED = PendingActivityState.PENDING_ACTIVITY_STATE_STARTED


class NotSeen(InternalError):
    """What was waited for did not happen in time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A segment that is being rendered: its job's workflow, its step there, and its worker's host."""

    workflow: str
    step: str
    host: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """A step that was done: by which host, and when that began."""

    host: str
    began: datetime


def host_of(identity: str) -> str:
    """Name of a worker's host: identities are "pid@host"."""
    return identity.partition("@")[2]


async def running_segment(client: Client) -> Segment:
    """Wait until any segment of any job is being rendered.

    Raises:
        NotSeen: when none is.
    """
    deadline = time.monotonic() + _PATIENCE_S
    while time.monotonic() < deadline:
        async for segment in _segments(client):
            return segment
        await asyncio.sleep(_LOOK_S)
    raise NotSeen("no segment was seen to run")


async def until_elsewhere(client: Client, segment: Segment) -> str:
    """Wait until another host renders the segment, and return its name; "" when it was done before that was seen.

    Raises:
        NotSeen: when none does.
    """
    deadline = time.monotonic() + _PATIENCE_S
    while time.monotonic() < deadline:
        pending = [step for step in await _pending(client, segment.workflow) if step.activity_id == segment.step]
        if not pending:
            return ""
        host = host_of(pending[0].last_worker_identity)
        if pending[0].state == _STARTED and host != segment.host:
            return host
        await asyncio.sleep(_LOOK_S)
    raise NotSeen(f"no other host has taken up the segment that {segment.host} had")


async def until_polled(client: Client, queue: Queue, host: str, since: datetime) -> datetime:
    """Wait until a host's worker has polled a queue after some moment, and return when.

    Raises:
        NotSeen: when it does not.
    """
    deadline = time.monotonic() + _PATIENCE_S
    request = DescribeTaskQueueRequest(
        namespace=client.namespace,
        task_queue=TaskQueue(name=queue),
        task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY,
    )
    while time.monotonic() < deadline:
        found = await client.workflow_service.describe_task_queue(request)
        polled = [each.last_access_time.ToDatetime(UTC) for each in found.pollers if host_of(each.identity) == host]
        if polled and max(polled) > since:
            return max(polled)
        await asyncio.sleep(_LOOK_S)
    raise NotSeen(f"{host} does not poll {queue} again")


async def steps_done(client: Client, jobs: Iterable[str]) -> list[Done]:
    """Every step of some jobs that was done, from their histories."""
    done = []
    for job_id in jobs:
        history = await client.get_workflow_handle(workflow_id(job_id)).fetch_history()
        ends = {
            event.activity_task_completed_event_attributes.started_event_id
            for event in history.events
            if event.HasField("activity_task_completed_event_attributes")
        }
        for event in history.events:
            if event.event_id in ends:
                host = host_of(event.activity_task_started_event_attributes.identity)
                done.append(Done(host=host, began=event.event_time.ToDatetime(UTC)))
    return done


async def _segments(client: Client) -> AsyncIterator[Segment]:
    async for run in client.list_workflows("WorkflowType = 'LipsyncJob' AND ExecutionStatus = 'Running'"):
        for step in await _pending(client, run.id):
            if step.state == _STARTED and step.activity_type.name == RENDER.name and step.last_worker_identity:
                yield Segment(workflow=run.id, step=step.activity_id, host=host_of(step.last_worker_identity))


async def _pending(client: Client, workflow: str) -> list[PendingActivityInfo]:
    description = await client.get_workflow_handle(workflow).describe()
    return list(description.raw_description.pending_activities)
