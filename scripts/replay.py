"""Runs a recorded history through today's workflow code, and says where the two part."""

import functools
import re
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from temporalio.client import Client, WorkflowHistory
from temporalio.converter import DataConverter
from temporalio.runtime import LoggingConfig, Runtime, TelemetryConfig
from temporalio.service import RPCError, RPCStatusCode
from temporalio.worker import Replayer

from contracts.errors import InvalidRequest, NotFound
from contracts.jobs import workflow_id
from storage.payloads import data_converter
from workflows.registry import WORKFLOWS, sandbox_runner

_RPC_TIMEOUT = timedelta(seconds=10)
#: What Temporal says of a divergence, inside a longer dump of the failure.
_RULE = re.compile(r"\[TMPRL\d+\][^\"]+")
_EVENT_ID = re.compile(r"HistoryEvent\(id: (\d+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayReport:
    """What replaying showed. `event_id` is where code and history part, when that is known; `events` counts them."""

    deterministic: bool
    events: int
    event_id: int | None = None
    message: str = ""


async def replay_job(client: Client, job_id: str) -> ReplayReport:
    """Replay the latest run of a job.

    Raises:
        NotFound: when Temporal knows no such job, or no longer.
    """
    try:
        history = await client.get_workflow_handle(workflow_id(job_id)).fetch_history(rpc_timeout=_RPC_TIMEOUT)
    except RPCError as fault:
        if fault.status is RPCStatusCode.NOT_FOUND:
            raise NotFound(f"Temporal has no job {job_id}") from fault
        raise
    return await replay(history, converter=client.data_converter)


async def replay_file(path: Path, payload_keys: str = "") -> ReplayReport:
    """Replay a history that Temporal's UI, CLI or `scripts/capture_histories.py` wrote as JSON.

    Raises:
        InvalidRequest: when the file is no history.
    """
    return await replay(read_history(path), converter=data_converter(payload_keys))


def read_history(path: Path) -> WorkflowHistory:
    """Read a history from JSON.

    Raises:
        InvalidRequest: when there is no such file, or it is no history.
    """
    if not path.is_file():
        raise InvalidRequest(f"no such file: {path}")
    try:
        return WorkflowHistory.from_json(path.stem, path.read_text(encoding="utf-8"))
    except (OSError, ValueError, KeyError, TypeError) as fault:
        raise InvalidRequest(f"{path}: not a recorded history: {fault}") from fault


async def replay(
    history: WorkflowHistory, workflows: tuple[type, ...] = WORKFLOWS, converter: DataConverter = DataConverter.default
) -> ReplayReport:
    """Replay one history.

    Args:
        history: what was recorded, of a run that ended or still goes on.
        workflows: the code to hold it against.
        converter: reads what it holds.

    Raises:
        PayloadLocked: when it is encrypted with a key that the converter lacks.
    """
    await _check_readable(history, converter)
    replayer = Replayer(
        workflows=workflows,
        workflow_runner=sandbox_runner(),
        runtime=_silent_runtime(),
        data_converter=converter,
    )
    result = await replayer.replay_workflow(history, raise_on_replay_failure=False)
    if result.replay_failure is None:
        return ReplayReport(deterministic=True, events=len(history.events))
    failure = str(result.replay_failure)
    rule, event_id = _RULE.search(failure), _EVENT_ID.search(failure)
    return ReplayReport(
        deterministic=False,
        events=len(history.events),
        event_id=int(event_id[1]) if event_id else None,
        message=rule[0] if rule else failure,
    )


async def _check_readable(history: WorkflowHistory, converter: DataConverter) -> None:
    """Read what the workflow was started with: a replay does not say why it could not."""
    started = history.events[0].workflow_execution_started_event_attributes
    await converter.decode(started.input.payloads)


@functools.cache
def _silent_runtime() -> Runtime:
    """A runtime that leaves it to the report to say what went wrong."""
    return Runtime(telemetry=TelemetryConfig(logging=LoggingConfig(filter="off")))
