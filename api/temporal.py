"""The one way from HTTP to Temporal: start a job's workflow, see how it stands, stop it."""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping, Sequence
from datetime import timedelta
from typing import Protocol, TypeVar

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import DeleteWorkflowExecutionRequest
from temporalio.client import Client, WorkflowFailureError
from temporalio.common import Priority, SearchAttributePair, TypedSearchAttributes, WorkflowIDConflictPolicy
from temporalio.common import WorkflowIDReusePolicy as ReusePolicy
from temporalio.envconfig import ClientConfig, ClientConnectConfig
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from api.event_loop import LoopThread
from api.job_summary import told_of
from api.job_views import read_view
from api.reset import Retried, retry
from api.temporal_refusals import unreachable
from contracts.errors import InternalError, Unavailable
from contracts.jobs import JobRequest, JobView, Stage, Status, job_id_of, webhook_workflow_id, workflow_id
from contracts.steps import Delivery, Queue
from contracts.visibility import JOB_KEY, JOB_PROGRESS, JOB_STAGE, JOB_STATUS, MEMO_VIEW
from contracts.webhooks import ProbeResult
from storage.payloads import data_converter
from telemetry.temporal import Watched

logger = logging.getLogger(__name__)

T = TypeVar("T")

WORKFLOW = "LipsyncJob"
WEBHOOK_WORKFLOW = "DeliverWebhook"
PROBE_WORKFLOW = "ProbeEndpoint"
DEFAULT_ADDRESS = "127.0.0.1:7233"

#: Per try; the client tries again by itself until `CALL_TIMEOUT_S`.
RPC_TIMEOUT = timedelta(seconds=2)
CALL_TIMEOUT_S = 3.0
READY_TIMEOUT_S = 2.0
#: For what takes several calls of the server.
LONG_CALL_TIMEOUT_S = 10.0
#: For a test event, whose receiver may take its time.
PROBE_TIMEOUT_S = 50.0
VIEWS_AT_ONCE = 16

#: Workflows that ended without saying so: terminated, or failed by a fault of their own.
UNSETTLED = f"WorkflowType = '{WORKFLOW}' AND ExecutionStatus != 'Running' AND JobStatus IN ('queued', 'running')"
UNSETTLED_LIMIT = 1000

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

    def view_all(self, job_ids: Sequence[str]) -> dict[str, JobView]:
        """Return how jobs stand, by id; those that Temporal does not know are left out."""
        ...

    def cancel(self, job_id: str) -> None:
        """Ask a job to stop; one that has ended or is unknown is no fault."""
        ...

    def retry(self, job_id: str, from_start: bool = False) -> Retried:
        """Begin a new run of an ended job, at the step that failed if one did.

        Raises:
            NotFound: when Temporal does not know the job.
            Conflict: when the job has not ended, or never began.
        """
        ...

    def forget(self, job_id: str, delivery_ids: Sequence[str]) -> None:
        """Delete all runs of a job and of its webhooks' deliveries; what is unknown is no fault."""
        ...

    def redeliver(self, delivery: Delivery) -> None:
        """Start a webhook's delivery over, under the same id, whatever became of the one before."""
        ...

    def probe(self, event: Delivery) -> ProbeResult:
        """Post a test event and return what its receiver said."""
        ...

    def unsettled(self) -> list[str]:
        """Return jobs whose workflow was closed from outside, so that the records may not know of their end."""
        ...

    def ready(self) -> bool:
        """Whether Temporal answers within two seconds."""
        ...


def by_key(key_id: str) -> Priority:
    """Turns among keys that all weigh the same."""
    return Priority(fairness_key=key_id)


class TemporalGateway:
    """The gateway over a real server, named by the environment's Temporal profile.

    Args:
        address: "host:port" that wins over the profile's, or "".
        namespace: one that wins over the profile's, or "".
        config: takes the place of the environment's profile.
        payload_keys: what Temporal stores is encrypted with, the setting of that name.
        turn_of: the place that a key's work has in queues.
        watch: makes what counts and traces the connection, in the process that connects; None: nothing does.
    """

    def __init__(
        self,
        address: str = "",
        namespace: str = "",
        config: ClientConnectConfig | None = None,
        payload_keys: str = "",
        turn_of: Callable[[str], Priority] = by_key,
        watch: Callable[[], Watched] | None = None,
    ) -> None:
        self._address = address
        self._namespace = namespace
        self._config = config
        self._converter = data_converter(payload_keys)
        self._turn_of = turn_of
        self._watch = watch
        self._thread = LoopThread()
        self._connected: Client | None = None

    def start(self, request: JobRequest) -> None:
        """Start the workflow under the job's id."""
        self._call(self._start(request, self._turn_of(request.key_id)))
        logger.info("job started job_id=%s key_id=%s", request.job_id, request.key_id)

    def view(self, job_id: str) -> JobView | None:
        """Read the job's memo, moved on by what its running activities last reported."""
        return self._call(self._view(job_id))

    def view_all(self, job_ids: Sequence[str]) -> dict[str, JobView]:
        """Read several jobs' memos at once."""
        return self._call(self._view_all(job_ids), LONG_CALL_TIMEOUT_S)

    def cancel(self, job_id: str) -> None:
        """Request cancellation of the workflow."""
        self._call(self._cancel(job_id))

    def retry(self, job_id: str, from_start: bool = False) -> Retried:
        """Reset the workflow."""
        retried = self._call(self._retry(job_id, from_start), LONG_CALL_TIMEOUT_S)
        logger.info("job retried job_id=%s step=%s run_id=%s", job_id, retried.step, retried.run_id)
        return retried

    def forget(self, job_id: str, delivery_ids: Sequence[str]) -> None:
        """Delete the workflows, running deliveries too."""
        self._call(self._forget(job_id, delivery_ids), LONG_CALL_TIMEOUT_S)

    def redeliver(self, delivery: Delivery) -> None:
        """Start the delivery's workflow in the place of the one before."""
        self._call(self._redeliver(delivery, self._turn_of(delivery.key_id)))
        logger.info("webhook sent off again delivery=%s job_id=%s", delivery.delivery_id, delivery.job_id)

    def probe(self, event: Delivery) -> ProbeResult:
        """Run the test event's workflow to its end; it ends by itself when nobody waits any more."""
        return self._call(self._probe(event, self._turn_of(event.key_id)), PROBE_TIMEOUT_S)

    def unsettled(self) -> list[str]:
        """List workflows that ended while they showed the job as going on."""
        return self._call(self._unsettled(), LONG_CALL_TIMEOUT_S)

    def ready(self) -> bool:
        """Ask the server for its health."""
        try:
            return self._call(self._ready(), READY_TIMEOUT_S)
        except (Unavailable, InternalError):
            return False

    def ask(self, question: Callable[[Client], Coroutine[object, object, T]]) -> T:
        """Ask Temporal something else over the same connection.

        Raises:
            Unavailable: while it cannot be reached.
        """

        async def ask() -> T:
            return await question(await self._client())

        return self._call(ask())

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
            cause = unreachable(str(fault), self._target())
            logger.warning("temporal cannot be reached cause=%s remedy=%s fault=%s", cause, cause.remedy, fault)
            raise _unavailable() from fault

    def _configuration(self) -> ClientConnectConfig:
        return self._config or ClientConfig.load_client_connect_config()

    def _target(self) -> str:
        return self._address or self._configuration().get("target_host") or DEFAULT_ADDRESS

    async def _client(self) -> Client:
        if self._connected is None:
            config = self._configuration().copy()
            config["target_host"] = self._target()
            if self._namespace:
                config["namespace"] = self._namespace
            watched = self._watch() if self._watch else None
            self._connected = await Client.connect(
                **config,
                lazy=True,
                data_converter=self._converter,
                runtime=watched.runtime if watched else None,
                interceptors=watched.interceptors if watched else (),
            )
        return self._connected

    async def _start(self, request: JobRequest, turn: Priority) -> None:
        queued = JobView(job_id=request.job_id, status=Status.QUEUED, stage=Stage.FETCH, warnings=request.warnings)
        await start_once(
            await self._client(),
            WORKFLOW,
            request,
            workflow_id(request.job_id),
            summary=f"{request.model} {request.job_id[:8]}",
            details=told_of(request),
            priority=turn,
            memo={MEMO_VIEW: queued},
            search_attributes=_search_attributes(request, queued),
        )

    async def _view(self, job_id: str) -> JobView | None:
        return await read_view(await self._client(), job_id, RPC_TIMEOUT)

    async def _view_all(self, job_ids: Sequence[str]) -> dict[str, JobView]:
        client, gate = await self._client(), asyncio.Semaphore(VIEWS_AT_ONCE)

        async def one(job_id: str) -> JobView | None:
            async with gate:
                return await read_view(client, job_id, RPC_TIMEOUT)

        views = await asyncio.gather(*map(one, job_ids))
        return {view.job_id: view for view in views if view}

    async def _retry(self, job_id: str, from_start: bool) -> Retried:
        return await retry(await self._client(), job_id, from_start)

    async def _cancel(self, job_id: str) -> None:
        client = await self._client()
        try:
            await client.get_workflow_handle(workflow_id(job_id)).cancel(rpc_timeout=RPC_TIMEOUT)
        except RPCError as fault:
            if fault.status is not RPCStatusCode.NOT_FOUND:
                raise

    async def _forget(self, job_id: str, delivery_ids: Sequence[str]) -> None:
        client = await self._client()
        query = f"WorkflowId = '{workflow_id(job_id)}'"
        older = [run.run_id async for run in client.list_workflows(query, rpc_timeout=RPC_TIMEOUT)]
        for run_id in ("", *older):
            await _delete(client, WorkflowExecution(workflow_id=workflow_id(job_id), run_id=run_id))
        for delivery_id in delivery_ids:
            await _delete(client, WorkflowExecution(workflow_id=webhook_workflow_id(delivery_id)))

    async def _redeliver(self, delivery: Delivery, turn: Priority) -> None:
        client = await self._client()
        await client.start_workflow(
            WEBHOOK_WORKFLOW,
            delivery,
            id=webhook_workflow_id(delivery.delivery_id),
            task_queue=Queue.FLOW,
            id_reuse_policy=ReusePolicy.ALLOW_DUPLICATE,
            id_conflict_policy=WorkflowIDConflictPolicy.TERMINATE_EXISTING,
            static_summary=f"webhook of {delivery.job_id}, again",
            priority=turn,
            rpc_timeout=RPC_TIMEOUT,
        )

    async def _probe(self, event: Delivery, turn: Priority) -> ProbeResult:
        client = await self._client()
        handle = await client.start_workflow(
            PROBE_WORKFLOW,
            event,
            id=webhook_workflow_id(event.delivery_id),
            task_queue=Queue.FLOW,
            result_type=ProbeResult,
            execution_timeout=timedelta(seconds=PROBE_TIMEOUT_S),
            static_summary="test event",
            priority=turn,
            rpc_timeout=RPC_TIMEOUT,
        )
        try:
            found: ProbeResult = await handle.result()
        except WorkflowFailureError as failure:
            raise Unavailable(
                "the test event could not be sent at the moment", remedy="Send the same request again shortly."
            ) from failure
        return found

    async def _unsettled(self) -> list[str]:
        client = await self._client()
        found = client.list_workflows(UNSETTLED, limit=UNSETTLED_LIMIT, rpc_timeout=RPC_TIMEOUT)
        # Somebody may have started one by hand, in Temporal's UI for instance, under a name of their own.
        return [job_id_of(run.id) async for run in found if run.id.startswith(workflow_id(""))]

    async def _ready(self) -> bool:
        client = await self._client()
        return await client.service_client.check_health(timeout=timedelta(seconds=READY_TIMEOUT_S))


async def start_once(
    client: Client,
    workflow: str,
    request: object,
    run_as: str,
    *,
    summary: str,
    details: str = "",
    priority: Priority,
    memo: Mapping[str, object] | None = None,
    search_attributes: TypedSearchAttributes | None = None,
) -> None:
    """Start a workflow under an id that no other has or had; starting it again changes nothing."""
    try:
        await client.start_workflow(
            workflow,
            request,
            id=run_as,
            task_queue=Queue.FLOW,
            id_reuse_policy=ReusePolicy.REJECT_DUPLICATE,
            id_conflict_policy=WorkflowIDConflictPolicy.FAIL,
            memo=memo,
            search_attributes=search_attributes,
            static_summary=summary,
            static_details=details or None,
            priority=priority,
            rpc_timeout=RPC_TIMEOUT,
        )
    except WorkflowAlreadyStartedError:
        # Ids are random, or made of an idempotency key, so this is an earlier try of the same call.
        logger.info("workflow had started already id=%s", run_as)


def _unavailable() -> Unavailable:
    return Unavailable("the job queue cannot be reached at the moment", remedy="Send the same request again shortly.")


async def _delete(client: Client, execution: WorkflowExecution) -> None:
    request = DeleteWorkflowExecutionRequest(namespace=client.namespace, workflow_execution=execution)
    try:
        await client.workflow_service.delete_workflow_execution(request, timeout=RPC_TIMEOUT)
    except RPCError as fault:
        if fault.status is not RPCStatusCode.NOT_FOUND:
            raise


def _search_attributes(request: JobRequest, view: JobView) -> TypedSearchAttributes:
    return TypedSearchAttributes(
        [
            SearchAttributePair(JOB_STATUS, view.status),
            SearchAttributePair(JOB_STAGE, view.stage),
            SearchAttributePair(JOB_PROGRESS, view.percent),
            SearchAttributePair(JOB_KEY, request.key_id),
        ]
    )
