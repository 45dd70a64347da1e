"""New workflow code while jobs run: those of the release before the patch `analyse-again` are taken over by today's."""

import asyncio
import time
import uuid
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack, suppress

import pytest
from temporalio.client import Client, WorkflowExecutionStatus, WorkflowFailureError, WorkflowHistory

from contracts.errors import ErrorCode
from contracts.jobs import JobView, Status, job_id_of, webhook_workflow_id
from contracts.steps import Queue
from tests.temporal_server import TemporalServer
from tests.workflows.divergent import DivergentJob, UnpatchedJob
from tests.workflows.fakes import job_request
from tests.workflows.jobs import Job, shown, start
from tests.workflows.releases import EARLIER, TODAY, ReleasedSteps, computing, deciding, divergences, patches
from workflows.lipsync import ANALYSE_AGAIN, LipsyncJob
from workflows.registry import WORKFLOWS

pytestmark = pytest.mark.workflow

HOOK = "https://app.example/hook"
#: Where jobs stand when the new release comes.
POINTS = ("fetch audio", "analyse", "render 0", "render 1", "publish", "settle", "notify")


async def _job_at(client: Client, steps: ReleasedSteps, call: str) -> Job:
    """Start a job and wait until it is in the step that is named."""
    job_id = str(uuid.uuid4())
    steps.stops[job_id] = call
    job = await start(client, job_request(job_id))
    assert await asyncio.to_thread(steps.reached[job_id].wait, 60), call
    return job


async def _end(job: Job) -> Status:
    with suppress(WorkflowFailureError):
        await asyncio.wait_for(job.result(), timeout=60)
    return (await shown(job)).status


async def _histories(jobs: Sequence[Job]) -> list[WorkflowHistory]:
    return [await job.fetch_history() for job in jobs]


async def _diverged(job: Job) -> int:
    """Wait until a workflow task of the job has failed."""
    until = time.monotonic() + 60
    while not (count := divergences([await job.fetch_history()])) and time.monotonic() < until:
        await asyncio.sleep(0.1)
    return count


def _today_but(job: type) -> tuple[type, ...]:
    return (job, *(kind for kind in WORKFLOWS if kind is not LipsyncJob))


def test_jobs_at_every_point_of_their_life_go_on_under_the_new_release(temporal: TemporalServer) -> None:
    client = temporal.client
    old, new = ReleasedSteps(webhook_url=HOOK), ReleasedSteps(webhook_url=HOOK, version=2)

    async def scenario() -> tuple[list[Status], Status, list[WorkflowHistory], list[WorkflowExecutionStatus | None]]:
        async with deciding(client, EARLIER), computing(client, old):
            jobs = [await _job_at(client, old, call) for call in POINTS]
            cancelled = await _job_at(client, old, "render 1")
        await cancelled.cancel()
        jobs.append(await start(client))
        async with deciding(client, TODAY), computing(client, new):
            ends, cancelled_end = [await _end(job) for job in jobs], await _end(cancelled)
            sent = [
                client.get_workflow_handle(webhook_workflow_id(delivery.delivery_id))
                for delivery in {each.delivery_id: each for each in old.deliveries + new.deliveries}.values()
            ]
            for webhook in sent:
                await webhook.result()
            webhooks = [(await webhook.describe()).status for webhook in sent]
        return ends, cancelled_end, await _histories([*jobs, cancelled]), webhooks

    ends, cancelled_end, histories, webhooks = temporal.run(scenario())

    assert ends == [Status.SUCCEEDED] * (len(POINTS) + 1)
    assert cancelled_end is Status.CANCELLED
    assert webhooks == [WorkflowExecutionStatus.COMPLETED] * (len(POINTS) + 2)
    assert divergences(histories) == 0
    # The two whose segments an earlier release had begun, and no other, were analysed again.
    assert [patches(history) for history in histories] == [
        ["core_patch"] if call.startswith("render") else [] for call in (*POINTS, "queued", "cancelled")
    ]
    assert new.read.count("version-1") >= 2
    assert new.read.count("version-2") == 2 * 5


def test_releases_work_side_by_side_while_workers_are_replaced_one_by_one(temporal: TemporalServer) -> None:
    client, old, new = temporal.client, ReleasedSteps(), ReleasedSteps(version=2)

    async def some(count: int) -> list[Job]:
        jobs = []
        for _ in range(count):
            jobs.append(await start(client))
            await asyncio.sleep(0.2)
        return jobs

    async def scenario() -> tuple[list[Status], list[WorkflowHistory]]:
        async with AsyncExitStack() as first, AsyncExitStack() as last:
            # One client takes one worker of a queue.
            other = await Client.connect(temporal.address)
            old_flow = await first.enter_async_context(AsyncExitStack())
            await old_flow.enter_async_context(deciding(client, EARLIER))
            old_gpu = await first.enter_async_context(AsyncExitStack())
            await old_gpu.enter_async_context(computing(client, old))
            jobs = [await _job_at(client, old, call) for call in ("render 0", "analyse")]
            # `flow` first: both releases decide, by turns, on the same jobs.
            await last.enter_async_context(deciding(other, TODAY))
            jobs += await some(8)
            await old_flow.aclose()
            # Then the workers that compute.
            await last.enter_async_context(computing(other, new))
            jobs += await some(8)
            await old_gpu.aclose()
            jobs += await some(4)
            return list(await asyncio.gather(*map(_end, jobs))), await _histories(jobs)

    ends, histories = temporal.run(scenario())

    assert ends == [Status.SUCCEEDED] * 22
    assert divergences(histories) == 0
    assert any(map(patches, histories))
    assert old.calls.count("analyse") > 2, "the old workers were at work"


class WithoutPublish(ReleasedSteps):
    """The steps of a release that does not know one of them yet."""

    def on(self, queue: Queue) -> list[Callable[..., object]]:
        return [step for step in super().on(queue) if step != self.publish]


def test_a_step_that_old_workers_do_not_know_waits_for_new_ones(temporal: TemporalServer) -> None:
    client, old, new = temporal.client, WithoutPublish(), ReleasedSteps()

    async def scenario() -> Status:
        async with deciding(client, TODAY):
            async with computing(client, old):
                job = await start(client)
                while not await _is_refused(job, "publish"):
                    await asyncio.sleep(0.1)
            async with computing(client, new):
                return await _end(job)

    assert temporal.run(scenario()) is Status.SUCCEEDED
    assert new.calls == ["publish", "settle"]


async def _is_refused(job: Job, step: str) -> bool:
    pending = (await job.describe()).raw_description.pending_activities
    return any(each.activity_type.name == step and "not registered" in each.last_failure.message for each in pending)


@pytest.mark.parametrize("broken", [DivergentJob, UnpatchedJob])
def test_a_change_without_a_patch_holds_running_jobs_until_the_right_code_comes(
    temporal: TemporalServer, broken: type
) -> None:
    client, old, new = temporal.client, ReleasedSteps(), ReleasedSteps(version=2)

    async def scenario() -> tuple[int, Status, JobView]:
        async with deciding(client, EARLIER):
            async with computing(client, old):
                job = await _job_at(client, old, "render 0")
            # In the wrong order: the old `flow` does not know what the new `gpu` says, and settles the job as failed.
            new.stops[job_id_of(job.id)] = "settle"
            async with computing(client, new):
                assert await asyncio.to_thread(new.reached[job_id_of(job.id)].wait, 60)
        new.go_on.set()
        async with deciding(client, _today_but(broken)), computing(client, new):
            held = await _diverged(job), (await shown(job)).status
        async with deciding(client, TODAY), computing(client, new):
            await _end(job)
            return *held, await shown(job)

    tasks_failed, meanwhile, view = temporal.run(scenario())

    assert tasks_failed >= 1
    assert meanwhile is Status.RUNNING
    assert view.error is not None
    assert (view.status, view.error.code) == (Status.FAILED, ErrorCode.ANALYSIS_OUTDATED)


def test_after_a_step_back_jobs_that_took_the_patch_wait_and_are_not_lost(temporal: TemporalServer) -> None:
    client, old, new = temporal.client, ReleasedSteps(), ReleasedSteps(version=2)

    async def scenario() -> tuple[int, list[Status], list[list[str]]]:
        async with deciding(client, EARLIER), computing(client, old):
            patched = await _job_at(client, old, "render 0")
            plain = await _job_at(client, old, "analyse")
        job_id = job_id_of(patched.id)
        new.stops[job_id] = "publish"
        async with deciding(client, TODAY), computing(client, new):
            assert await asyncio.to_thread(new.reached[job_id].wait, 30)
        old.go_on.set()
        async with deciding(client, EARLIER), computing(client, old):
            ends = [await _end(plain)]
            waited = await _diverged(patched)
        new.go_on.set()
        async with deciding(client, TODAY), computing(client, new):
            ends.append(await _end(patched))
        return waited, ends, [patches(history) for history in await _histories([patched, plain])]

    waited, ends, taken = temporal.run(scenario())

    assert waited == 1
    assert ends == [Status.SUCCEEDED] * 2
    assert taken == [["core_patch"], []]
    assert ANALYSE_AGAIN == "analyse-again"
