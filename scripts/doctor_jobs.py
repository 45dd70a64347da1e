"""What stands still: jobs that do not come on, the schedule of retention, dead webhooks, data that cannot be read."""

import time
from datetime import UTC, datetime, timedelta

from temporalio.api.workflow.v1 import PendingActivityInfo
from temporalio.client import Client, WorkflowExecutionDescription
from temporalio.service import RPCError, RPCStatusCode

from api.services import utc_now, utc_text
from api.temporal import WORKFLOW
from contracts.errors import MouthpieceError
from contracts.jobs import JobView, job_id_of, workflow_id
from contracts.retention import SCHEDULE_ID
from contracts.settings import Settings
from contracts.visibility import MEMO_VIEW
from scripts.doctor import Finding, State
from scripts.options import RECORDS
from scripts.retention_schedule import EVERY
from storage.deliveries import WebhookFilter, WebhookState
from storage.payloads import PayloadLocked
from storage.records import Records
from telemetry.lines import without_rights

#: Jobs looked at, the oldest of those that go on: what is stuck is old.
_LOOKED_AT = 20
_OLD = timedelta(minutes=10)
#: Tries after which a step is worth a word.
_TRIES = 3
_RPC_TIMEOUT = timedelta(seconds=5)
_MOST_WEBHOOKS = 1000
_WEBHOOKS_SINCE = timedelta(days=7)


async def stuck(client: Client) -> Finding:
    """Whether old jobs that go on come on: what their steps wait for, and how often they were tried.

    Raises:
        temporalio.service.RPCError: when the server does not answer.
    """
    before = (datetime.now(UTC) - _OLD).strftime("%Y-%m-%dT%H:%M:%SZ")
    query = f"WorkflowType = '{WORKFLOW}' AND ExecutionStatus = 'Running' AND StartTime < '{before}'"
    running = [run async for run in client.list_workflows(query, rpc_timeout=_RPC_TIMEOUT)]
    oldest = sorted(running, key=lambda run: run.start_time)[:_LOOKED_AT]
    found = []
    for run in oldest:
        described = await client.get_workflow_handle(run.id).describe(rpc_timeout=_RPC_TIMEOUT)
        if why := _why(described):
            found.append(f"{run.id.removeprefix(workflow_id(''))}: {why}")
    if not found:
        looked_at = "none" if len(running) == len(oldest) else f"none of the {len(oldest)} oldest"
        return Finding(name="jobs", state=State.OK, detail=f"{len(running)} older than ten minutes, {looked_at} stuck")
    detail = f"{len(found)} of the {len(oldest)} oldest do not come on: {found[0]}"
    remedy = "mouthpiece jobs show says more; the worker's log has the cause. mouthpiece jobs cancel gives one up."
    return Finding(name="jobs", state=State.NOTE, detail=detail, remedy=remedy)


def _why(described: WorkflowExecutionDescription) -> str:
    """What a job waits for, if it has for long."""
    task = described.raw_description.pending_workflow_task
    if task.attempt >= _TRIES:
        return f"its workflow fails, try {task.attempt}: see mouthpiece jobs replay"
    for step in described.raw_description.pending_activities:
        if why := standstill(step):
            return why
    return ""


def standstill(step: PendingActivityInfo) -> str:
    """Why a step that is under way does not come on; "" when it may."""
    name = step.activity_type.name
    if step.paused:
        return f"{name} is paused"
    if step.attempt >= _TRIES:
        said = step.last_failure.message.splitlines()
        return f"{name} is tried for the {step.attempt}th time: {said[0] if said else 'no reason given'}"
    waits_s = time.time() - step.scheduled_time.ToSeconds()
    if not step.last_started_time.ToSeconds() and waits_s > _OLD.total_seconds():
        return f"{name} has waited {waits_s / 60:.0f} min for a worker"
    return ""


async def payload_keys(client: Client, settings: Settings) -> Finding:
    """Whether what Temporal holds of the latest job can be read with the keys set here.

    Raises:
        temporalio.service.RPCError: when the server does not answer.
    """
    kept = "encrypted" if settings.payload_keys else "as they are"
    async for run in client.list_workflows(f"WorkflowType = '{WORKFLOW}'", limit=1, rpc_timeout=_RPC_TIMEOUT):
        try:
            described = await client.get_workflow_handle(run.id).describe(rpc_timeout=_RPC_TIMEOUT)
            await described.memo_value(MEMO_VIEW, type_hint=JobView)
        except PayloadLocked as fault:
            detail = f"job {job_id_of(run.id)}: {fault}"
            remedy = "Give MOUTHPIECE_PAYLOAD_KEYS the key too, after the one that writes."
            return Finding(name="payload keys", state=State.FAULT, detail=detail, remedy=remedy)
    return Finding(name="payload keys", state=State.OK, detail=f"payloads are kept {kept}, and the latest can be read")


async def retention(client: Client) -> Finding:
    """Whether old files and records go by themselves.

    Raises:
        temporalio.service.RPCError: when the server does not answer.
    """
    try:
        described = await client.get_schedule_handle(SCHEDULE_ID).describe(rpc_timeout=_RPC_TIMEOUT)
    except RPCError as fault:
        if fault.status not in (RPCStatusCode.NOT_FOUND, RPCStatusCode.UNIMPLEMENTED):
            raise
        remedy = "A worker of control makes it when it starts: mouthpiece worker control."
        return Finding(name="retention", state=State.NOTE, detail="nothing is scheduled", remedy=remedy)
    if described.schedule.state.paused:
        remedy = f"temporal schedule toggle --unpause --schedule-id {SCHEDULE_ID}, unless meant."
        return Finding(name="retention", state=State.NOTE, detail="it is paused", remedy=remedy)
    actions = described.info.recent_actions
    last = max((action.started_at for action in actions), default=None)
    begun = last or described.info.created_at
    if datetime.now(UTC) - begun > 2 * EVERY:
        detail = f"its last pass began on {utc_text(begun)}"
        remedy = f"One may be stuck: look at {SCHEDULE_ID} in Temporal's UI. By hand: mouthpiece data prune."
        return Finding(name="retention", state=State.FAULT, detail=detail, remedy=remedy)
    detail = f"every {EVERY.total_seconds() / 3600:g} h, last on {utc_text(last)}" if last else "scheduled, not yet due"
    return Finding(name="retention", state=State.OK, detail=detail)


def webhooks(settings: Settings) -> Finding:
    """How many webhooks nobody tries any more."""
    if not (settings.data_dir / RECORDS).is_file():
        return Finding(name="webhooks", state=State.OK, detail="no records here")
    since = utc_text(utc_now() - _WEBHOOKS_SINCE)
    try:
        records = Records(settings.data_dir / RECORDS)
        dead = records.deliveries.list_by(
            WebhookFilter(state=WebhookState.FAILED, since=since), utc_now(), _MOST_WEBHOOKS
        )
        records.close()
    except MouthpieceError as fault:
        return Finding(name="webhooks", state=State.FAULT, detail=str(fault), remedy=fault.remedy)
    if not dead:
        return Finding(name="webhooks", state=State.OK, detail="none has died in seven days")
    detail = f"{len(dead)} have died in seven days, the last to {without_rights(dead[0].delivery.url)}"
    remedy = "mouthpiece webhooks list --state failed; mouthpiece webhooks redeliver --all once receivers are well."
    return Finding(name="webhooks", state=State.NOTE, detail=detail, remedy=remedy)
