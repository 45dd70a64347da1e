"""How a job stands, read from what Temporal says of its workflow: no worker is needed for it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from temporalio.api.common.v1 import Payload
from temporalio.client import Client, WorkflowExecutionDescription, WorkflowExecutionStatus
from temporalio.service import RPCError, RPCStatusCode

from contracts.errors import ErrorCode
from contracts.jobs import JobError, JobView, Stage, Status, percent_of, workflow_id
from contracts.visibility import MEMO_VIEW


async def read_view(client: Client, job_id: str, rpc_timeout: timedelta) -> JobView | None:
    """Read the job's memo, moved on by what its running activities last reported; None for an unknown job."""
    try:
        description = await client.get_workflow_handle(workflow_id(job_id)).describe(rpc_timeout=rpc_timeout)
    except RPCError as fault:
        if fault.status is RPCStatusCode.NOT_FOUND:
            return None
        raise
    view: JobView = await description.memo_value(MEMO_VIEW, type_hint=JobView)
    if view.status.is_terminal:
        return view
    if description.status is not WorkflowExecutionStatus.RUNNING:
        return _ended(view, description)
    return _moved_on(view, await _fractions(client, description, view.stage))


def _ended(view: JobView, description: WorkflowExecutionDescription) -> JobView:
    """Say what became of a job whose workflow was closed from outside."""
    stopped = description.status in (WorkflowExecutionStatus.TERMINATED, WorkflowExecutionStatus.CANCELED)
    error = (
        JobError(code=ErrorCode.CANCELLED, message="cancelled")
        if stopped
        else JobError(code=ErrorCode.INTERNAL, message="the job ended without a result")
    )
    return replace(
        view,
        status=Status.CANCELLED if stopped else Status.FAILED,
        error=error,
        finished_at=_seconds_text(description.close_time),
    )


def _seconds_text(moment: datetime | None) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ") if moment else ""


async def _fractions(client: Client, description: WorkflowExecutionDescription, stage: Stage) -> list[float]:
    """What each pending activity of the stage last reported, 0..1; 0 for one that has not begun."""
    pending = [each for each in description.raw_description.pending_activities if each.activity_type.name in _of(stage)]
    return [await _fraction(client, each.heartbeat_details.payloads) for each in pending]


def _of(stage: Stage) -> tuple[str, ...]:
    """The activities that a stage runs."""
    return ("speak", "mix") if stage is Stage.SPEAK else (stage.value,)


async def _fraction(client: Client, payloads: Sequence[Payload]) -> float:
    if not payloads:
        return 0.0
    (reported,) = await client.data_converter.decode(payloads[:1])
    return min(max(float(reported), 0.0), 1.0) if isinstance(reported, int | float) else 0.0


def _moved_on(view: JobView, pending: Sequence[float]) -> JobView:
    """Raise the percentage by what the stage's activities report; one that is no longer pending is done."""
    if not pending:
        return view
    parts = max(view.parts, len(pending))
    done = (parts - len(pending) + sum(pending)) / parts
    return replace(view, percent=max(view.percent, percent_of(view.stage, done)))
