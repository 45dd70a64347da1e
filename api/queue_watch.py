"""What Temporal knows of the whole service at this moment: jobs by stage, queues and who works on them."""

import logging
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest, DescribeTaskQueueResponse
from temporalio.client import Client

from api.temporal import RPC_TIMEOUT, WORKFLOW, TemporalGateway
from contracts.errors import InternalError, Unavailable
from contracts.jobs import Stage, Status
from contracts.steps import Queue
from telemetry.catalogue import OPEN_JOBS, QUEUE_AGE, QUEUE_TASKS, QUEUE_WORKERS, TEMPORAL_UP
from telemetry.exposition import reading
from telemetry.tallies import Series

logger = logging.getLogger(__name__)

#: A worker asks again after a minute at most; one that has not is gone, however long the server lists it.
_ASKED_WITHIN = timedelta(seconds=90)
#: What was seen is shown again for so long: a server of one's own admits ten counts a second to all its clients.
_FRESH_S = 5.0

_OPEN = f"WorkflowType = '{WORKFLOW}' AND ExecutionStatus = 'Running'"
_ACTIVITY, _WORKFLOW = TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY, TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW


class QueueWatch:
    """Looks at the server, at most once every few seconds.

    Args:
        gateway: whose connection it shares.
    """

    def __init__(self, gateway: TemporalGateway) -> None:
        self._gateway = gateway
        self._lock = threading.Lock()
        self._seen: list[Series] = []
        self._seen_at = float("-inf")

    def look(self) -> list[Series]:
        """Return what there is to see; of a server that does not answer, that it does not."""
        with self._lock:
            if time.monotonic() - self._seen_at >= _FRESH_S:
                self._seen, self._seen_at = self._looked(), time.monotonic()
            return self._seen

    def _looked(self) -> list[Series]:
        try:
            return [reading(TEMPORAL_UP, 1), *self._gateway.ask(_jobs), *self._gateway.ask(_queues)]
        except (Unavailable, InternalError) as fault:
            logger.warning("queues_unseen fault=%s", fault)
            return [reading(TEMPORAL_UP, 0)]


async def _jobs(client: Client) -> list[Series]:
    seen = []
    for status, stage, condition in _places():
        count = await client.count_workflows(f"{_OPEN} AND {condition}", rpc_timeout=RPC_TIMEOUT)
        seen.append(reading(OPEN_JOBS, count.count, status, stage))
    return seen


def _places() -> Iterator[tuple[Status, Stage, str]]:
    yield Status.QUEUED, Stage.FETCH, f"JobStatus = '{Status.QUEUED}'"
    for stage in Stage:
        yield Status.RUNNING, stage, f"JobStatus = '{Status.RUNNING}' AND JobStage = '{stage}'"


async def _queues(client: Client) -> list[Series]:
    seen: list[Series] = []
    for queue in Queue:
        described = await client.workflow_service.describe_task_queue(
            DescribeTaskQueueRequest(
                namespace=client.namespace,
                task_queue=TaskQueue(name=queue),
                task_queue_type=_WORKFLOW if queue is Queue.FLOW else _ACTIVITY,
                report_stats=True,
            ),
            timeout=RPC_TIMEOUT,
        )
        seen += [
            reading(QUEUE_TASKS, described.stats.approximate_backlog_count, queue),
            reading(QUEUE_AGE, described.stats.approximate_backlog_age.ToTimedelta().total_seconds(), queue),
            reading(QUEUE_WORKERS, _workers(described, datetime.now(UTC)), queue),
        ]
    return seen


def _workers(described: DescribeTaskQueueResponse, now: datetime) -> int:
    return len(
        {
            poller.identity
            for poller in described.pollers
            if now - poller.last_access_time.ToDatetime(tzinfo=UTC) < _ASKED_WITHIN
        }
    )
