"""Runs a job again from the stage that failed, or from the start, by Temporal's reset."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import EventType, ResetReapplyType
from temporalio.api.history.v1 import ActivityTaskScheduledEventAttributes, HistoryEvent
from temporalio.api.workflowservice.v1 import ResetWorkflowExecutionRequest
from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.service import RPCError, RPCStatusCode

from contracts.errors import Conflict, NotFound, Unavailable
from contracts.jobs import workflow_id
from contracts.steps import ANALYSE, SETTLE, In, Out, Step

_RPC_TIMEOUT = timedelta(seconds=5)
_FROM_START = "start"


@dataclass(frozen=True, slots=True, kw_only=True)
class Retried:
    """A job under way again: the new run's id, and the step it begins with ("start" for all of them)."""

    run_id: str
    step: str


async def retry(client: Client, job_id: str, from_start: bool) -> Retried:
    """Begin a new run of an ended job that reuses what was finished before the failure.

    Args:
        client: connected to the job's namespace.
        job_id: UUID text.
        from_start: reuse nothing. A job that did not fail has no other place to begin at.

    Raises:
        NotFound: when Temporal knows no such job, or no longer.
        Conflict: when the job is still running, or ended before any worker began it.
        Unavailable: when its end is being entered at this moment.
    """
    handle = client.get_workflow_handle(workflow_id(job_id))
    try:
        described = await handle.describe(rpc_timeout=_RPC_TIMEOUT)
    except RPCError as fault:
        if fault.status is RPCStatusCode.NOT_FOUND:
            raise NotFound(f"the queue no longer has job {job_id}", remedy="Submit it again.") from fault
        raise
    events = (await handle.fetch_history(rpc_timeout=_RPC_TIMEOUT)).events
    if described.status is WorkflowExecutionStatus.RUNNING:
        if any(_is_of(SETTLE, event) for event in events):
            # Whoever asks may have read its end already.
            raise Unavailable(f"job {job_id} is only just ending", remedy="Ask again in a few seconds.")
        raise Conflict(f"job {job_id} is still running", remedy="Cancel it first, or wait for its end.")
    is_resumed = described.status is WorkflowExecutionStatus.FAILED and not from_start
    failed = _failed_step(events) if is_resumed else None
    event_id = failed.workflow_task_completed_event_id if failed else _first_task(events)
    run_id = await _reset(client, WorkflowExecution(workflow_id=handle.id, run_id=described.run_id), event_id)
    return Retried(run_id=run_id, step=failed.activity_type.name if failed else _FROM_START)


def _failed_step(events: Sequence[HistoryEvent]) -> ActivityTaskScheduledEventAttributes | None:
    """The step whose failure ended the run: the first that failed, for what came after it was stopped.

    What failed before the job was analysed again has not ended it.
    """
    analysed = [event.event_id for event in events if _is_of(ANALYSE, event)]
    for event in events[max(analysed, default=0) :]:
        if event.event_type == EventType.EVENT_TYPE_ACTIVITY_TASK_FAILED:
            return _scheduled(events, event.activity_task_failed_event_attributes.scheduled_event_id)
        if event.event_type == EventType.EVENT_TYPE_ACTIVITY_TASK_TIMED_OUT:
            return _scheduled(events, event.activity_task_timed_out_event_attributes.scheduled_event_id)
    return None


def _is_of(step: Step[In, Out], event: HistoryEvent) -> bool:
    """Whether a step begins with an event."""
    return event.activity_task_scheduled_event_attributes.activity_type.name == step.name


def _scheduled(events: Sequence[HistoryEvent], event_id: int) -> ActivityTaskScheduledEventAttributes:
    # Events are numbered from 1 without a gap.
    return events[event_id - 1].activity_task_scheduled_event_attributes


def _first_task(events: Sequence[HistoryEvent]) -> int:
    """The event at which the workflow's code first ran.

    Raises:
        Conflict: when it never did.
    """
    for event in events:
        if event.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED:
            return event.event_id
    raise Conflict("the job ended before a worker began it", remedy="Submit it again.")


async def _reset(client: Client, execution: WorkflowExecution, event_id: int) -> str:
    """Begin a new run from an event; what reached the old one after it, a cancellation say, does not reach the new."""
    answer = await client.workflow_service.reset_workflow_execution(
        ResetWorkflowExecutionRequest(
            namespace=client.namespace,
            workflow_execution=execution,
            reason="retried",
            workflow_task_finish_event_id=event_id,
            request_id=str(uuid.uuid4()),
            reset_reapply_type=ResetReapplyType.RESET_REAPPLY_TYPE_NONE,
        ),
        timeout=_RPC_TIMEOUT,
    )
    return answer.run_id
