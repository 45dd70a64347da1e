"""What a running service lacks: whether API and Temporal answer, are set up, and every queue has a worker."""

import requests
from temporalio.service import RPCError

from contracts.errors import MouthpieceError
from contracts.settings import Settings
from contracts.steps import Queue
from scripts import connection, pollers, runfile, server_init
from scripts.doctor import Finding, State
from scripts.stack import Stack


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


async def server(settings: Settings, stack: Stack) -> list[Finding]:
    """Whether Temporal answers, knows the search attributes, and sees a worker on each queue."""
    try:
        client = await connection.connect(settings.data_dir)
    except MouthpieceError as fault:
        return [Finding(name="server", state=State.NOTE, detail=str(fault), remedy=fault.remedy)]
    findings = [
        Finding(name="server", state=State.OK, detail=f"Temporal answers at {client.service_client.config.target_host}")
    ]
    try:
        findings.append(_attributes(await server_init.missing_search_attributes(client, stack.search_attributes)))
        findings += [_queue(queue, await pollers.identities(client, queue)) for queue in Queue]
    except (MouthpieceError, RPCError) as fault:
        remedy = fault.remedy if isinstance(fault, MouthpieceError) else ""
        findings.append(Finding(name="server", state=State.FAULT, detail=str(fault), remedy=remedy))
    return findings


def _attributes(missing: list[str]) -> Finding:
    if missing:
        detail = f"{', '.join(missing)} missing"
        return Finding(name="attributes", state=State.FAULT, detail=detail, remedy="Run mouthpiece server-init.")
    return Finding(name="attributes", state=State.OK, detail="all search attributes are registered")


def _queue(queue: Queue, workers: list[str]) -> Finding:
    name = f"queue {queue}"
    if workers:
        return Finding(name=name, state=State.OK, detail=f"polled by {', '.join(workers)}")
    return Finding(
        name=name, state=State.FAULT, detail="no worker polls it", remedy=f"Start one: mouthpiece worker {queue}."
    )
