"""What a running service lacks: whether API and Temporal answer, are set up, and every queue has a worker."""

import requests
from temporalio.client import Client
from temporalio.service import RPCError

from contracts.errors import MouthpieceError, Unavailable
from contracts.settings import Settings
from contracts.steps import Queue
from scripts import connection, pollers, runfile, server_init
from scripts.doctor import Finding, State


def api(settings: Settings) -> Finding:
    """Whether the API of the data folder's stack, or else of the public URL, can take jobs."""
    running = runfile.read(settings.data_dir)
    url = running.url if running else settings.public_url
    try:
        answer = requests.get(f"{url}/readyz", timeout=5)
        checks = answer.json()["checks"]
    except (requests.RequestException, ValueError, KeyError):
        remedy = "Start the service with mouthpiece up, or name its data folder with --data."
        return Finding(name="API", state=State.NOTE, detail=f"nothing answers at {url}", remedy=remedy)
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
        return [_fault("server", State.NOTE, fault)]
    except MouthpieceError as fault:
        return [_fault("server", State.FAULT, fault)]
    detail = f"Temporal answers at {client.service_client.config.target_host}"
    findings = [Finding(name="server", state=State.OK, detail=detail), await _attributes(client)]
    try:
        return findings + [_queue(queue, await pollers.identities(client, queue)) for queue in Queue]
    except RPCError as fault:
        return [*findings, _fault("queues", State.FAULT, server_init.explanation(fault, client.namespace))]


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


def _queue(queue: Queue, workers: list[str]) -> Finding:
    name = f"queue {queue}"
    if workers:
        return Finding(name=name, state=State.OK, detail=f"polled by {', '.join(workers)}")
    return Finding(
        name=name, state=State.FAULT, detail="no worker polls it", remedy=f"Start one: mouthpiece worker {queue}."
    )
