"""Jobs by a list filter of Temporal's, at a pace that its visibility store admits."""

import asyncio
import re
from collections.abc import Sequence
from datetime import timedelta

from temporalio.client import Client, WorkflowExecution
from temporalio.service import RPCError

from api.temporal import PASSING, WORKFLOW
from contracts.errors import InvalidRequest, Unavailable
from contracts.jobs import job_id_of, workflow_id

#: Between two calls: a cluster admits ten a second for a whole namespace unless it is told otherwise.
_REST_S = 0.25
_PAGE = 500
#: Workflows named in one filter.
_AT_ONCE = 50
_RPC_TIMEOUT = timedelta(seconds=10)
_ORDER = re.compile(r"\border\s+by\b", re.IGNORECASE)


async def matching(client: Client, query: str) -> list[str]:
    """Ids of the jobs whose latest run matches a filter; runs before a retry do not count.

    What Temporal has forgotten, its namespace's retention being over, is not found.

    Args:
        client: connected to the jobs' namespace.
        query: a list filter, like "JobStatus = 'failed' AND JobStage = 'render'".

    Raises:
        InvalidRequest: when Temporal does not understand it.
        Unavailable: when Temporal does not answer.
    """
    if _ORDER.search(query):
        raise InvalidRequest("--query: Temporal sorts by itself, newest first", remedy="Leave ORDER BY out.")
    try:
        matched = await _runs(client, f"WorkflowType = '{WORKFLOW}' AND ({query})")
        ids = sorted({run.id for run in matched if run.id.startswith(workflow_id(""))})
        latest = await _latest(client, ids)
    except RPCError as fault:
        raise _explained(fault) from fault
    return [job_id_of(run.id) for run in matched if latest.get(run.id) == run.run_id]


async def _latest(client: Client, ids: Sequence[str]) -> dict[str, str]:
    """Each workflow's latest run."""
    found: dict[str, WorkflowExecution] = {}
    for start in range(0, len(ids), _AT_ONCE):
        named = ", ".join(f"'{each}'" for each in ids[start : start + _AT_ONCE])
        for run in await _runs(client, f"WorkflowId IN ({named})"):
            if run.id not in found or run.start_time > found[run.id].start_time:
                found[run.id] = run
    return {each: run.run_id for each, run in found.items()}


async def _runs(client: Client, query: str) -> list[WorkflowExecution]:
    pages = client.list_workflows(query, page_size=_PAGE, rpc_timeout=_RPC_TIMEOUT)
    found: list[WorkflowExecution] = []
    while True:
        await pages.fetch_next_page()
        found += pages.current_page or ()
        await asyncio.sleep(_REST_S)
        if not pages.next_page_token:
            return found


def _explained(fault: RPCError) -> InvalidRequest | Unavailable:
    if fault.status in PASSING:
        return Unavailable(f"Temporal does not answer: {fault.message}", remedy="Try again when it is up.")
    return InvalidRequest(
        f"--query: Temporal does not take it: {fault.message}",
        remedy="It wants a filter like: JobStatus = 'failed' AND StartTime > '2026-01-02T00:00:00Z'.",
    )
