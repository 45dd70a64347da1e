"""Each queue as Temporal sees it: who polls it and when last, what waits in it and for how long, and both clocks."""

import asyncio
import math
import time
import uuid
from contextlib import suppress
from datetime import timedelta

from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import (
    DescribeTaskQueueRequest,
    DescribeTaskQueueResponse,
    ListTaskQueuePartitionsRequest,
    PollActivityTaskQueueRequest,
)
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from contracts.steps import Queue
from scripts.doctor import Finding, State

#: A worker asks again after a minute at most; one that is silent for longer has ended or is cut off.
_SILENT_S = 90.0
#: Waiting for so long is worth a word: `webhooks` wait by design, in other ways than in their queue.
_LONG_WAIT_S = 600.0
#: Beyond this, tokens and times between hosts begin to disagree.
_SKEW_S = 2.0
_RPC_TIMEOUT = timedelta(seconds=5)
#: A server that is busy takes longer to note who asked: it is looked at so many times.
_SEEN_WITHIN_S = 0.5
_LOOKS = 8
#: A server refuses to be asked for work for less than two seconds.
_POLL_TIMEOUT = timedelta(seconds=5)


async def look(client: Client) -> list[Finding]:
    """A finding for each queue.

    Raises:
        temporalio.service.RPCError: when the server does not answer.
    """
    return [_finding(queue, await _described(client, queue, _kind(queue))) for queue in Queue]


async def turns(client: Client) -> Finding:
    """Whether keys can take exact turns: they do so within one partition of a queue, and only where that is enabled.

    Raises:
        temporalio.service.RPCError: when the server does not answer.
    """
    parted = [f"{queue} ({count})" for queue in Queue if (count := await _partitions(client, queue)) > 1]
    fairness = "matching.enableFairness, which it does not tell of, has to be true"
    remedy = "Set the server's dynamic configuration as deploy/container/dynamicconfig.yaml has it."
    if not parted:
        return Finding(name="turns", state=State.OK, detail=f"every queue is one partition; {fairness}")
    detail = f"partitions: {', '.join(parted)}; keys take turns within each of them, not among them; {fairness}"
    return Finding(name="turns", state=State.NOTE, detail=detail, remedy=remedy)


async def _partitions(client: Client, queue: Queue) -> int:
    """How many the queue has; 1 where the server does not say."""
    try:
        listed = await client.workflow_service.list_task_queue_partitions(
            ListTaskQueuePartitionsRequest(namespace=client.namespace, task_queue=TaskQueue(name=queue)),
            timeout=_RPC_TIMEOUT,
        )
    except RPCError as fault:
        if fault.status not in (RPCStatusCode.UNIMPLEMENTED, RPCStatusCode.PERMISSION_DENIED):
            raise
        return 1
    return len(listed.workflow_task_queue_partitions if queue is Queue.FLOW else listed.activity_task_queue_partitions)


async def clock(client: Client) -> Finding:
    """How far this clock is from the server's, which notes when somebody asks for work: here, of a queue of nobody."""
    queue = f"doctor-{uuid.uuid4().hex}"
    before = time.time()
    asking = asyncio.create_task(_ask(client, queue))
    for _ in range(_LOOKS):
        await asyncio.sleep(_SEEN_WITHIN_S)
        described = await _described(client, queue, TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY)
        if described.pollers:
            break
    asking.cancel()
    with suppress(asyncio.CancelledError, RPCError):
        await asking
    if not described.pollers:
        return Finding(name="clock", state=State.NOTE, detail="Temporal did not say what time it is")
    noted = described.pollers[0].last_access_time.ToNanoseconds() / 1e9
    # It was noted between the asking and now.
    now = time.time()
    skew = 0.0 if before <= noted <= now else min(noted - before, noted - now, key=abs)
    if abs(skew) <= _SKEW_S:
        within_s = max(abs(skew), now - before)
        return Finding(name="clock", state=State.OK, detail=f"within {within_s:.1f} s of Temporal's")
    detail = f"{abs(skew):.1f} s {'behind' if skew > 0 else 'ahead of'} Temporal's"
    remedy = "Let both hosts keep their time by NTP: links, signatures and deadlines go by it."
    return Finding(name="clock", state=State.FAULT if abs(skew) > 30 else State.NOTE, detail=detail, remedy=remedy)


async def _ask(client: Client, queue: str) -> None:
    await client.workflow_service.poll_activity_task_queue(
        PollActivityTaskQueueRequest(
            namespace=client.namespace, task_queue=TaskQueue(name=queue), identity="mouthpiece doctor"
        ),
        timeout=_POLL_TIMEOUT,
    )


def _kind(queue: Queue) -> "TaskQueueType.ValueType":
    if queue is Queue.FLOW:
        return TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW
    return TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY


async def _described(client: Client, queue: str, kind: "TaskQueueType.ValueType") -> DescribeTaskQueueResponse:
    return await client.workflow_service.describe_task_queue(
        DescribeTaskQueueRequest(
            namespace=client.namespace, task_queue=TaskQueue(name=queue), task_queue_type=kind, report_stats=True
        ),
        timeout=_RPC_TIMEOUT,
    )


def _finding(queue: Queue, described: DescribeTaskQueueResponse) -> Finding:
    name, now = f"queue {queue}", time.time()
    ages = {poller.identity: now - poller.last_access_time.ToNanoseconds() / 1e9 for poller in described.pollers}
    waits_s = described.stats.approximate_backlog_age.ToNanoseconds() / 1e9
    count = described.stats.approximate_backlog_count
    backlog = f"; about {count} waiting, the oldest for {_span(waits_s)}" if count else ""
    start = f"Start one: mouthpiece worker {queue}."
    if not ages:
        return Finding(name=name, state=State.FAULT, detail=f"no worker polls it{backlog}", remedy=start)
    polled = ", ".join(f"{worker} ({_span(age)} ago)" for worker, age in sorted(ages.items(), key=lambda each: each[1]))
    detail = f"polled by {polled}{backlog}"
    if min(ages.values()) > _SILENT_S:
        remedy = f"Its workers have ended, hang, or are cut off. {start}"
        return Finding(name=name, state=State.FAULT, detail=detail, remedy=remedy)
    if waits_s > _LONG_WAIT_S:
        remedy = f"Its workers do not keep up, or are stuck: see their logs, or start more: mouthpiece worker {queue}."
        return Finding(name=name, state=State.NOTE, detail=detail, remedy=remedy)
    return Finding(name=name, state=State.OK, detail=detail)


def _span(seconds: float) -> str:
    whole = max(0, math.floor(seconds))
    return f"{whole} s" if whole < 120 else f"{whole // 60} min" if whole < 7200 else f"{whole // 3600} h"
