"""The way from HTTP to Temporal for inspections: start one, and ask what it found."""

from collections.abc import Callable
from typing import Protocol

from temporalio.client import Client, WorkflowExecutionStatus, WorkflowFailureError
from temporalio.common import Priority
from temporalio.exceptions import ApplicationError, CancelledError, TerminatedError
from temporalio.service import RPCError, RPCStatusCode

from api.temporal import RPC_TIMEOUT, TemporalGateway, by_key, start_once
from contracts.errors import ErrorCode, InternalError, JobCancelled, MouthpieceError, NotFound, fault_of
from contracts.inspections import Inspection, InspectionRequest, inspection_workflow_id

WORKFLOW = "InspectMedia"


class Inspections(Protocol):
    """What the API asks of Temporal. Both raise Unavailable while it cannot be reached."""

    def start(self, request: InspectionRequest) -> None:
        """Start an inspection; starting it again changes nothing."""
        ...

    def outcome(self, inspection_id: str, key_id: str) -> Inspection | None:
        """Return what was found; None while it is being looked for.

        Raises:
            NotFound: when the key has no such inspection.
            MouthpieceError: of the kind that a job of these files would fail with.
        """
        ...


class TemporalInspections:
    """Inspections on a real server.

    Args:
        gateway: whose connection they share.
        turn_of: the place that a key's inspections have in queues.
    """

    def __init__(self, gateway: TemporalGateway, turn_of: Callable[[str], Priority] = by_key) -> None:
        self._gateway = gateway
        self._turn_of = turn_of

    def start(self, request: InspectionRequest) -> None:
        """Start the workflow under the inspection's id."""
        turn = self._turn_of(request.key_id)
        self._gateway.ask(lambda client: _start(client, request, turn))

    def outcome(self, inspection_id: str, key_id: str) -> Inspection | None:
        """Look at the workflow and read its result once it has closed."""
        return self._gateway.ask(lambda client: _outcome(client, inspection_id, key_id))


async def _start(client: Client, request: InspectionRequest, turn: Priority) -> None:
    await start_once(
        client,
        WORKFLOW,
        request,
        inspection_workflow_id(request.inspection_id, request.key_id),
        summary=f"inspection {request.inspection_id[:8]}",
        priority=turn,
    )


async def _outcome(client: Client, inspection_id: str, key_id: str) -> Inspection | None:
    handle = client.get_workflow_handle(inspection_workflow_id(inspection_id, key_id), result_type=Inspection)
    try:
        description = await handle.describe(rpc_timeout=RPC_TIMEOUT)
    except RPCError as fault:
        if fault.status is RPCStatusCode.NOT_FOUND:
            raise _unknown() from None
        raise
    if description.status is WorkflowExecutionStatus.RUNNING:
        return None
    try:
        found: Inspection = await handle.result(rpc_timeout=RPC_TIMEOUT)
    except WorkflowFailureError as failure:
        raise _fault(failure) from failure
    return found


def _fault(failure: WorkflowFailureError) -> MouthpieceError:
    cause = failure.cause
    if isinstance(cause, ApplicationError) and cause.type in set(ErrorCode):
        return fault_of(ErrorCode(cause.type), cause.message)
    if isinstance(cause, CancelledError | TerminatedError):
        return JobCancelled("the inspection was stopped")
    return InternalError("the inspection ended without a finding")


def _unknown() -> NotFound:
    return NotFound("no such inspection for this key", field="id", remedy="Use the id that POST /v1/inspect returned.")
