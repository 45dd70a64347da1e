"""The one way from HTTP to Temporal: start a job's workflow, see how it stands, stop it."""

import logging
from collections.abc import Coroutine, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

from temporalio.api.common.v1 import Payload
from temporalio.client import Client, WorkflowExecutionDescription, WorkflowExecutionStatus
from temporalio.common import Priority, SearchAttributePair, TypedSearchAttributes, WorkflowIDConflictPolicy
from temporalio.common import WorkflowIDReusePolicy as ReusePolicy
from temporalio.envconfig import ClientConfig
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from api.event_loop import LoopThread
from contracts.errors import ErrorCode, InternalError, Unavailable
from contracts.jobs import STAGE_STARTS_PERCENT, JobError, JobRequest, JobView, Stage, Status, workflow_id
from contracts.steps import Queue
from contracts.visibility import JOB_KEY, JOB_PROGRESS, JOB_STAGE, JOB_STATUS, MEMO_VIEW

logger = logging.getLogger(__name__)

T = TypeVar("T")

WORKFLOW = "LipsyncJob"
DEFAULT_ADDRESS = "127.0.0.1:7233"

#: Per try; the client tries again by itself until `CALL_TIMEOUT_S`.
RPC_TIMEOUT = timedelta(seconds=2)
CALL_TIMEOUT_S = 3.0
READY_TIMEOUT_S = 2.0

PASSING = frozenset(
    {
        RPCStatusCode.UNAVAILABLE,
        RPCStatusCode.DEADLINE_EXCEEDED,
        RPCStatusCode.CANCELLED,
        RPCStatusCode.RESOURCE_EXHAUSTED,
        RPCStatusCode.ABORTED,
    }
)


class Gateway(Protocol):
    """What the API asks of Temporal. Every method but `ready` raises Unavailable while it cannot be reached."""

    def start(self, request: JobRequest) -> None:
        """Start a job's workflow; starting it again changes nothing."""
        ...

    def view(self, job_id: str) -> JobView | None:
        """Return how a job stands, without any worker; None when Temporal does not know it."""
        ...

    def cancel(self, job_id: str) -> None:
        """Ask a job to stop; one that has ended or is unknown is no fault."""
        ...

    def ready(self) -> bool:
        """Whether Temporal answers within two seconds."""
        ...


class TemporalGateway:
    """The gateway over a real server, named by the environment's Temporal profile.

    Args:
        address: "host:port" that wins over the profile's, or "".
        namespace: one that wins over the profile's, or "".
    """

    def __init__(self, address: str = "", namespace: str = "") -> None:
        self._address = address
        self._namespace = namespace
        self._thread = LoopThread()
        self._connected: Client | None = None

    def start(self, request: JobRequest) -> None:
        """Start the workflow under the job's id."""
        self._call(self._start(request))
        logger.info("job started job_id=%s key_id=%s", request.job_id, request.key_id)

    def view(self, job_id: str) -> JobView | None:
        """Read the job's memo, moved on by what its running activities last reported."""
        return self._call(self._view(job_id))

    def cancel(self, job_id: str) -> None:
        """Request cancellation of the workflow."""
        self._call(self._cancel(job_id))

    def ready(self) -> bool:
        """Ask the server for its health."""
        try:
            return self._call(self._ready(), READY_TIMEOUT_S)
        except (Unavailable, InternalError):
            return False

    def close(self) -> None:
        """Stop the background thread."""
        self._thread.close()

    def _call(self, work: Coroutine[object, object, T], timeout_s: float = CALL_TIMEOUT_S) -> T:
        try:
            return self._thread.run(work, timeout_s)
        except TimeoutError as fault:
            raise _unavailable() from fault
        except RPCError as fault:
            if fault.status in PASSING:
                raise _unavailable() from fault
            logger.exception("temporal refused a call status=%s", fault.status.name)
            raise InternalError("Temporal refused the call") from fault
        except RuntimeError as fault:
            # What the first connect of a client raises when nobody listens.
            logger.warning("temporal cannot be reached fault=%s", fault)
            raise _unavailable() from fault

    async def _client(self) -> Client:
        if self._connected is None:
            config = ClientConfig.load_client_connect_config()
            config["target_host"] = self._address or config.get("target_host") or DEFAULT_ADDRESS
            if self._namespace:
                config["namespace"] = self._namespace
            self._connected = await Client.connect(**config, lazy=True)
        return self._connected

    async def _start(self, request: JobRequest) -> None:
        queued = JobView(job_id=request.job_id, status=Status.QUEUED, stage=Stage.FETCH, warnings=request.warnings)
        client = await self._client()
        try:
            await client.start_workflow(
                WORKFLOW,
                request,
                id=workflow_id(request.job_id),
                task_queue=Queue.FLOW,
                id_reuse_policy=ReusePolicy.REJECT_DUPLICATE,
                id_conflict_policy=WorkflowIDConflictPolicy.FAIL,
                memo={MEMO_VIEW: queued},
                search_attributes=_search_attributes(request, queued),
                static_summary=f"{request.model} {request.job_id[:8]}",
                priority=Priority(fairness_key=request.key_id),
                rpc_timeout=RPC_TIMEOUT,
            )
        except WorkflowAlreadyStartedError:
            # Ids are random, so this is an earlier try of the same call.
            logger.info("job had started already job_id=%s", request.job_id)

    async def _view(self, job_id: str) -> JobView | None:
        client = await self._client()
        try:
            description = await client.get_workflow_handle(workflow_id(job_id)).describe(rpc_timeout=RPC_TIMEOUT)
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

    async def _cancel(self, job_id: str) -> None:
        client = await self._client()
        try:
            await client.get_workflow_handle(workflow_id(job_id)).cancel(rpc_timeout=RPC_TIMEOUT)
        except RPCError as fault:
            if fault.status is not RPCStatusCode.NOT_FOUND:
                raise

    async def _ready(self) -> bool:
        client = await self._client()
        return await client.service_client.check_health(timeout=timedelta(seconds=READY_TIMEOUT_S))


def _unavailable() -> Unavailable:
    return Unavailable("the job queue cannot be reached at the moment", remedy="Send the same request again shortly.")


def _search_attributes(request: JobRequest, view: JobView) -> TypedSearchAttributes:
    return TypedSearchAttributes(
        [
            SearchAttributePair(JOB_STATUS, view.status),
            SearchAttributePair(JOB_STAGE, view.stage),
            SearchAttributePair(JOB_PROGRESS, view.percent),
            SearchAttributePair(JOB_KEY, request.key_id),
        ]
    )


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
    pending = [each for each in description.raw_description.pending_activities if each.activity_type.name == stage]
    return [await _fraction(client, each.heartbeat_details.payloads) for each in pending]


async def _fraction(client: Client, payloads: Sequence[Payload]) -> float:
    if not payloads:
        return 0.0
    (reported,) = await client.data_converter.decode(payloads[:1])
    return float(reported) if isinstance(reported, int | float) else 0.0


def _moved_on(view: JobView, fractions: Sequence[float]) -> JobView:
    """Raise the percentage towards the end of the stage by the mean of what its activities report."""
    if not fractions:
        return view
    following = [start for start in STAGE_STARTS_PERCENT.values() if start > STAGE_STARTS_PERCENT[view.stage]]
    end = min(following, default=100)
    done = min(max(sum(fractions) / len(fractions), 0.0), 1.0)
    return replace(view, percent=max(view.percent, round(view.percent + (end - view.percent) * done)))
