import asyncio
import uuid
from datetime import datetime, timedelta

import pytest
from temporalio.client import Client, WorkflowFailureError

from api.reset import Retried, retry
from contracts.errors import AnalysisOutdated, Conflict, NoFace, NotFound, Unavailable
from contracts.jobs import JobView, Status, job_id_of
from tests.temporal_server import TemporalServer
from tests.workflows.fakes import FakeSteps, working
from tests.workflows.jobs import Job, shown, start, until_begun
from workflows.lipsync import LipsyncJob

pytestmark = pytest.mark.workflow


def _latest(client: Client, job: Job) -> Job:
    return client.get_workflow_handle_for(LipsyncJob.run, job.id)


async def _retried(client: Client, job: Job, from_start: bool = False) -> tuple[Retried, JobView]:
    retried = await retry(client, job_id_of(job.id), from_start)
    await _latest(client, job).result()
    return retried, await shown(_latest(client, job))


async def _failed(client: Client) -> Job:
    job = await start(client)
    with pytest.raises(WorkflowFailureError):
        await job.result()
    return job


@pytest.mark.parametrize(
    ("call", "step", "again"),
    [
        ("fetch audio", "fetch", ["fetch image", "fetch audio", "analyse", "render 0", "render 1", "publish"]),
        ("analyse", "analyse", ["analyse", "render 0", "render 1", "publish"]),
        ("render 1", "render", ["render 0", "render 1", "publish"]),
        ("publish", "publish", ["publish"]),
    ],
)
def test_a_failed_job_begins_again_at_the_stage_that_failed(
    temporal: TemporalServer, call: str, step: str, again: list[str]
) -> None:
    steps = FakeSteps(faults={call: [NoFace("no face found")]})

    async def scenario() -> tuple[Retried, JobView]:
        async with working(temporal.client, steps):
            job = await _failed(temporal.client)
            steps.calls.clear()
            return await _retried(temporal.client, job)

    retried, view = temporal.run(scenario())

    assert retried.step == step
    assert (view.status, view.error) == (Status.SUCCEEDED, None)
    assert sorted(steps.calls) == sorted([*again, "settle"])


def test_a_job_that_was_analysed_again_before_it_failed_begins_where_it_failed(temporal: TemporalServer) -> None:
    steps = FakeSteps(
        faults={"render 1": [AnalysisOutdated("of an earlier release")], "publish": [NoFace("no face found")]}
    )

    async def scenario() -> tuple[Retried, JobView]:
        async with working(temporal.client, steps):
            job = await _failed(temporal.client)
            steps.calls.clear()
            return await _retried(temporal.client, job)

    retried, view = temporal.run(scenario())

    assert (retried.step, view.status) == ("publish", Status.SUCCEEDED)
    assert steps.calls == ["publish", "settle"]


def test_a_retried_job_took_as_long_as_its_last_try(temporal: TemporalServer) -> None:
    steps = FakeSteps(faults={"publish": [NoFace("no face found")]})

    async def scenario() -> tuple[JobView, JobView]:
        async with working(temporal.client, steps):
            job = await _failed(temporal.client)
            failed = await shown(job)
            await asyncio.sleep(3)
            return failed, (await _retried(temporal.client, job))[1]

    failed, retried = temporal.run(scenario())

    assert retried.started_at > failed.finished_at
    between = datetime.fromisoformat(retried.finished_at) - datetime.fromisoformat(failed.finished_at)
    # The three seconds between the tries are no part of it.
    assert 0 < retried.execution_ms < (between - timedelta(seconds=2.9)) / timedelta(milliseconds=1)
    assert steps.settled[-1].execution_ms == retried.execution_ms


def test_a_failed_job_can_begin_again_from_the_start(temporal: TemporalServer) -> None:
    steps = FakeSteps(faults={"publish": [NoFace("no face found")]})

    async def scenario() -> tuple[Retried, JobView]:
        async with working(temporal.client, steps):
            job = await _failed(temporal.client)
            steps.calls.clear()
            return await _retried(temporal.client, job, from_start=True)

    retried, view = temporal.run(scenario())

    assert retried.step == "start"
    assert view.status is Status.SUCCEEDED
    assert "fetch image" in steps.calls


def test_a_cancelled_job_begins_again_from_the_start_and_is_not_cancelled_again(temporal: TemporalServer) -> None:
    steps = FakeSteps(held={"render 0"})

    async def scenario() -> tuple[Retried, JobView]:
        async with working(temporal.client, steps):
            job = await start(temporal.client)
            await until_begun(steps, "render 0")
            await job.cancel()
            with pytest.raises(WorkflowFailureError):
                await job.result()
            steps.held.clear()
            return await _retried(temporal.client, job)

    retried, view = temporal.run(scenario())

    assert (retried.step, view.status) == ("start", Status.SUCCEEDED)


def test_a_terminated_job_begins_again_from_the_start(temporal: TemporalServer) -> None:
    steps = FakeSteps(held={"render 0"})

    async def scenario() -> tuple[Retried, JobView]:
        async with working(temporal.client, steps):
            job = await start(temporal.client)
            await until_begun(steps, "render 0")
            await job.terminate()
            steps.held.clear()
            return await _retried(temporal.client, job)

    retried, view = temporal.run(scenario())

    assert (retried.step, view.status) == ("start", Status.SUCCEEDED)


def test_a_job_that_went_well_can_be_run_again_and_sends_a_webhook_of_its_own(temporal: TemporalServer) -> None:
    steps = FakeSteps(webhook_url="https://app.example/hook")

    async def scenario() -> Retried:
        async with working(temporal.client, steps):
            job = await start(temporal.client)
            await job.result()
            retried, _ = await _retried(temporal.client, job)
            return retried

    assert temporal.run(scenario()).step == "start"
    assert len({delivery.delivery_id for delivery in steps.deliveries}) == 2


def test_a_running_job_is_not_begun_again(temporal: TemporalServer) -> None:
    async def scenario() -> None:
        job = await start(temporal.client)
        try:
            await retry(temporal.client, job_id_of(job.id), from_start=True)
        finally:
            await job.terminate()

    with pytest.raises(Conflict, match="still running"):
        temporal.run(scenario())


def test_a_job_whose_end_is_being_entered_is_to_be_asked_for_again(temporal: TemporalServer) -> None:
    steps = FakeSteps(faults={"publish": [NoFace("no face found")]}, deaf={"settle"})

    async def scenario() -> None:
        async with working(temporal.client, steps):
            job = await start(temporal.client)
            await until_begun(steps, "settle")
            await retry(temporal.client, job_id_of(job.id), from_start=False)

    with pytest.raises(Unavailable, match="only just ending"):
        temporal.run(scenario())


def test_a_job_that_no_worker_ever_began_is_to_be_submitted_again(temporal: TemporalServer) -> None:
    async def scenario() -> None:
        job = await start(temporal.client)
        await job.terminate()
        await retry(temporal.client, job_id_of(job.id), from_start=False)

    with pytest.raises(Conflict, match="before a worker began it"):
        temporal.run(scenario())


def test_an_unknown_job_is_not_found(temporal: TemporalServer) -> None:
    unknown = str(uuid.uuid4())

    with pytest.raises(NotFound, match=unknown):
        temporal.run(retry(temporal.client, unknown, from_start=False))
