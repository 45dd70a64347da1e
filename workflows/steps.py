"""How workflows run steps: one with its own queue and limits, or several side by side."""

import asyncio
from collections.abc import Coroutine, Sequence
from typing import TypeVar

from temporalio import workflow
from temporalio.exceptions import ActivityError
from temporalio.workflow import ActivityCancellationType

with workflow.unsafe.imports_passed_through():
    from contracts.steps import In, Out, Step

T = TypeVar("T")


async def perform(
    step: Step[In, Out],
    argument: In,
    summary: str,
    cancellation: ActivityCancellationType = ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
) -> Out:
    """Run one step on its queue.

    Args:
        step: what to run, with its limits.
        argument: its input.
        summary: what Temporal's UI shows beside it.
        cancellation: by default a cancelled step is waited for, so that nothing is cleared away under its hands.

    Raises:
        ActivityError: when its retries are used up, or none would help.
    """
    return await workflow.execute_activity(
        step.stub,
        argument,
        task_queue=step.queue,
        start_to_close_timeout=step.start_to_close,
        schedule_to_close_timeout=step.schedule_to_close,
        heartbeat_timeout=step.heartbeat,
        retry_policy=step.retry,
        cancellation_type=cancellation,
        summary=summary,
    )


async def side_by_side(works: Sequence[Coroutine[None, None, T]]) -> list[T]:
    """Run all at once; when one fails, stop the others, wait until they have stopped, and raise the failure."""
    tasks = [asyncio.create_task(work) for work in works]
    try:
        return await asyncio.gather(*tasks)
    except (asyncio.CancelledError, ActivityError):
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        raise


async def to_the_end(work: Coroutine[None, None, T]) -> T:
    """Finish what has begun even when the workflow is cancelled meanwhile."""
    task = asyncio.create_task(work)
    while True:
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            if task.cancelled():
                raise
