"""A worker whose `LipsyncJob` does as the seed of its request says, without media."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from api.event_loop import LoopThread
from contracts.jobs import JobRequest, JobView, Stage, Status
from contracts.visibility import JOB_STATUS, MEMO_VIEW

#: Seeds that tell the tiny job what to do; any other succeeds at once.
FAIL_SILENTLY, RENDER_HALF, RENDER_TWO = 1, 2, 3
#: How long it renders each segment, each half done from the start.
SEGMENTS_S = {RENDER_HALF: (30.0,), RENDER_TWO: (6.0, 30.0)}


@activity.defn(name="render")
async def render_half(seconds: float) -> None:
    activity.heartbeat(0.5)
    await asyncio.sleep(seconds)


@workflow.defn(name="LipsyncJob")
class TinyJob:
    """Succeeds with an output key, or misbehaves."""

    @workflow.run
    async def run(self, request: JobRequest) -> None:
        if request.seed == FAIL_SILENTLY:
            raise RuntimeError
        lengths = SEGMENTS_S.get(request.seed, ())
        running = JobView(
            job_id=request.job_id, status=Status.RUNNING, stage=Stage.RENDER, percent=30, parts=len(lengths) or 1
        )
        workflow.upsert_memo({MEMO_VIEW: running})
        await asyncio.gather(*map(_render, lengths))
        workflow.upsert_search_attributes([JOB_STATUS.value_set(Status.SUCCEEDED)])
        done = replace(running, status=Status.SUCCEEDED, percent=100, execution_ms=1234, credits=20)
        workflow.upsert_memo({MEMO_VIEW: replace(done, output=f"jobs/{request.job_id}/output.mp4")})


async def _render(seconds: float) -> None:
    await workflow.execute_activity(
        "render", seconds, start_to_close_timeout=timedelta(minutes=1), heartbeat_timeout=timedelta(seconds=10)
    )


@contextmanager
def tiny_worker(address: str) -> Iterator[None]:
    """Serve the flow queue while the block runs."""
    thread = LoopThread()
    stop = asyncio.Event()
    started = asyncio.Event()

    async def serve() -> None:
        client = await Client.connect(address)
        async with Worker(
            client,
            task_queue="flow",
            workflows=[TinyJob],
            activities=[render_half],
            workflow_runner=UnsandboxedWorkflowRunner(),
            workflow_failure_exception_types=[RuntimeError],
        ):
            started.set()
            await stop.wait()

    async def begin() -> asyncio.Task[None]:
        task = asyncio.create_task(serve())
        await started.wait()
        return task

    async def end(task: asyncio.Task[None]) -> None:
        stop.set()
        await task

    task = thread.run(begin(), 30)
    try:
        yield
    finally:
        thread.run(end(task), 30)
        thread.close()
