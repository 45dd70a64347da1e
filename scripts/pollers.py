"""Which workers poll which task queue, as the Temporal server sees it."""

from datetime import timedelta

from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import Client

from contracts.steps import Queue


async def identities(client: Client, queue: Queue) -> list[str]:
    """Identities of the workers that polled the queue in the last minutes.

    Raises:
        temporalio.service.RPCError: when the server does not answer.
    """
    is_for_workflows = queue is Queue.FLOW
    described = await client.workflow_service.describe_task_queue(
        DescribeTaskQueueRequest(
            namespace=client.namespace,
            task_queue=TaskQueue(name=queue),
            task_queue_type=(
                TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW if is_for_workflows else TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY
            ),
        ),
        timeout=timedelta(seconds=5),
    )
    return sorted({poller.identity for poller in described.pollers})


async def unpolled(client: Client) -> list[Queue]:
    """The queues that no worker polls."""
    return [queue for queue in Queue if not await identities(client, queue)]
