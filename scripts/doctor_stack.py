"""What a running service lacks: whether API and Temporal answer, are set up, and every queue has a worker."""

from datetime import timedelta

import requests
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client
from temporalio.service import RPCError

from api.temporal_refusals import Refused
from contracts.errors import MouthpieceError, Unavailable
from contracts.settings import Settings
from scripts import connection, doctor_jobs, doctor_queues, runfile, server_init
from scripts.doctor import Finding, State

#: Failed jobs can be retried for as long as the server keeps them.
_SHORT_RETENTION = timedelta(days=3)
_RPC_TIMEOUT = timedelta(seconds=5)


def api(settings: Settings) -> Finding:
    """Whether the API of the data folder's stack, or else of the public URL, can take jobs."""
    running = runfile.read(settings.data_dir)
    url = running.url if running else settings.public_url
    try:
        answer = requests.get(f"{url}/readyz", timeout=5)
        checks = answer.json()["checks"]
    except (requests.RequestException, ValueError, KeyError):
        detail = f"nothing answers at {url}"
        if running:
            # Its supervisor lives, so somebody counts on it.
            remedy = "See the logs of mouthpiece up: it starts what has ended again, and says why it ended."
            return Finding(name="API", state=State.FAULT, detail=detail, remedy=remedy)
        remedy = "Start the service with mouthpiece up, or name its data folder with --data."
        return Finding(name="API", state=State.NOTE, detail=detail, remedy=remedy)
    if answer.ok:
        return Finding(name="API", state=State.OK, detail=f"takes jobs at {url}")
    detail = ", ".join(f"{part}: {said}" for part, said in checks.items())
    return Finding(name="API", state=State.FAULT, detail=detail, remedy="See the logs of mouthpiece up.")


async def server(settings: Settings) -> list[Finding]:
    """Whether Temporal answers, knows the search attributes, and sees a worker on each queue."""
    try:
        client = await connection.connect(settings)
        await server_init.check_namespace(client)
    except Unavailable as fault:
        # Where none is named, none need run yet.
        is_wanted = isinstance(fault, Refused) or connection.is_known(settings.data_dir)
        return [_fault("server", State.FAULT if is_wanted else State.NOTE, fault)]
    except MouthpieceError as fault:
        return [_fault("server", State.FAULT, fault)]
    detail = f"Temporal answers at {client.service_client.config.target_host}"
    findings = [Finding(name="server", state=State.OK, detail=detail), await _attributes(client)]
    try:
        findings += [await _namespace(client), await doctor_queues.clock(client), *await doctor_queues.look(client)]
        findings += await _turns(client, settings)
        findings += [await doctor_jobs.stuck(client), await doctor_jobs.retention(client)]
        return [*findings, await doctor_jobs.payload_keys(client, settings)]
    except RPCError as fault:
        return [*findings, _fault("server", State.FAULT, server_init.explanation(fault, client.namespace))]


async def _namespace(client: Client) -> Finding:
    """How long the server keeps what has ended."""
    described = await client.workflow_service.describe_namespace(
        DescribeNamespaceRequest(namespace=client.namespace), timeout=_RPC_TIMEOUT
    )
    kept = described.config.workflow_execution_retention_ttl.ToTimedelta()
    detail = f"{client.namespace} keeps ended jobs for {kept / timedelta(days=1):g} days"
    if kept >= _SHORT_RETENTION:
        return Finding(name="namespace", state=State.OK, detail=detail)
    remedy = "Failed jobs can be retried no longer than that. mouthpiece server-init sets 30 days."
    return Finding(name="namespace", state=State.NOTE, detail=detail, remedy=remedy)


async def _turns(client: Client, settings: Settings) -> list[Finding]:
    """Whether keys take turns on a server of one's own; that of `mouthpiece up` is set up for it."""
    return [] if runfile.read(settings.data_dir) else [await doctor_queues.turns(client)]


async def _attributes(client: Client) -> Finding:
    try:
        missing = await server_init.missing_search_attributes(client)
    except server_init.NotGranted as fault:
        return _fault("attributes", State.NOTE, fault)
    except MouthpieceError as fault:
        return _fault("attributes", State.FAULT, fault)
    if missing:
        detail = f"{', '.join(missing)} missing"
        return Finding(name="attributes", state=State.FAULT, detail=detail, remedy="Run mouthpiece server-init.")
    return Finding(name="attributes", state=State.OK, detail="all search attributes are registered")


def _fault(name: str, state: State, fault: MouthpieceError) -> Finding:
    return Finding(name=name, state=state, detail=str(fault), remedy=fault.remedy)
