"""The runs whose histories are kept: one for each way a workflow can go."""

import uuid
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, replace

from temporalio.client import Client, WorkflowFailureError, WorkflowHistory

from api.reset import retry
from contracts.errors import AnalysisOutdated, FetchRefused, StorageBusy, Unavailable, UnreadableMedia
from contracts.jobs import JobRequest, MediaRef, Role, Script, job_id_of, webhook_workflow_id
from contracts.retention import RetentionProgress
from contracts.steps import Delivery, Queue
from tests.workflows.fakes import FakeSteps, job_request, working
from tests.workflows.inspections import inspection_request, start_inspection
from tests.workflows.jobs import Job, start, until_begun
from tests.workflows.releases import EARLIER
from workflows.lipsync import LipsyncJob
from workflows.retention import Retention
from workflows.webhook import DeliverWebhook, ProbeEndpoint

_HOOK = "https://app.example/hook"
_BAD_GATEWAY = Unavailable("the receiver answered 502")


@dataclass(frozen=True)
class Scenario:
    """How to make one history. `skips_time` asks for the server whose clock jumps."""

    name: str
    record: Callable[[Client], Awaitable[WorkflowHistory]]
    skips_time: bool = False


async def _ended(job: Job) -> WorkflowHistory:
    with suppress(WorkflowFailureError):
        await job.result()
    return await job.fetch_history()


async def _completed(client: Client) -> WorkflowHistory:
    vocal = MediaRef(role=Role.AUDIO, field="vocal", url="https://media.example/vocal.wav")
    async with working(client, FakeSteps(segments=3)):
        return await _ended(await start(client, job_request(str(uuid.uuid4()), vocal)))


async def _completed_with_webhook(client: Client) -> WorkflowHistory:
    async with working(client, FakeSteps(webhook_url=_HOOK)):
        return await _ended(await start(client))


async def _input_error(client: Client) -> WorkflowHistory:
    faults: dict[str, list[Exception]] = {
        "fetch audio": [UnreadableMedia("not an audio file (text/html)", field="audio")]
    }
    async with working(client, FakeSteps(webhook_url=_HOOK, faults=faults)):
        return await _ended(await start(client))


async def _transient_then_ok(client: Client) -> WorkflowHistory:
    async with working(client, FakeSteps(faults={"render 1": [StorageBusy("the disk is full")]})):
        return await _ended(await start(client))


async def _segment_failed(client: Client) -> WorkflowHistory:
    faults: dict[str, list[Exception]] = {"render 1": [UnreadableMedia("the file is damaged", field="image")]}
    async with working(client, FakeSteps(segments=3, faults=faults, held={"render 0"})):
        return await _ended(await start(client))


async def _cancelled(client: Client) -> WorkflowHistory:
    steps = FakeSteps(webhook_url=_HOOK, held={"render 0", "render 1"})
    async with working(client, steps):
        job = await start(client)
        await until_begun(steps, "render 1")
        await job.cancel()
        return await _ended(job)


async def _running(client: Client) -> WorkflowHistory:
    steps = FakeSteps(held={"render 0"})
    async with working(client, steps):
        job = await start(client)
        await until_begun(steps, "render 0")
        history = await job.fetch_history()
        await job.cancel()
        await _ended(job)
        return history


async def _retried(client: Client) -> WorkflowHistory:
    faults: dict[str, list[Exception]] = {"publish": [UnreadableMedia("the file is damaged", field="audio")]}
    async with working(client, FakeSteps(webhook_url=_HOOK, faults=faults)):
        job = await start(client)
        await _ended(job)
        await retry(client, job_id_of(job.id), from_start=False)
        return await _ended(client.get_workflow_handle_for(LipsyncJob.run, job.id))


async def _spoken(client: Client) -> WorkflowHistory:
    request = replace(_request(), audio=None, script=Script(text="Good morning.", voice_id="aria"))
    async with working(client, FakeSteps()):
        return await _ended(await start(client, request))


async def _two_voices(client: Client) -> WorkflowHistory:
    async with working(client, FakeSteps()):
        return await _ended(await start(client, replace(_request(), right_audio=_request().audio)))


def _request() -> JobRequest:
    return job_request(str(uuid.uuid4()))


async def _analysed_again(client: Client) -> WorkflowHistory:
    async with working(client, FakeSteps(faults={"render 1": [AnalysisOutdated("of an earlier release")]})):
        return await _ended(await start(client))


async def _not_analysed_again(client: Client) -> WorkflowHistory:
    """What the release before the patch `analyse-again` made of the same."""
    steps = FakeSteps(faults={"render 1": [AnalysisOutdated("of an earlier release")]})
    async with working(client, steps, workflows=EARLIER):
        return await _ended(await start(client))


async def _delivered(client: Client) -> WorkflowHistory:
    return await _delivery(client, *[_BAD_GATEWAY] * 3)


async def _webhook_exhausted(client: Client) -> WorkflowHistory:
    return await _delivery(client, *[_BAD_GATEWAY] * 999)


def a_delivery() -> Delivery:
    job_id = str(uuid.uuid4())
    return Delivery(delivery_id=f"msg_{job_id}_0", job_id=job_id, key_id="key00001", url=_HOOK, body="{}")


async def _delivery(client: Client, *faults: Exception) -> WorkflowHistory:
    delivery = a_delivery()
    async with working(client, FakeSteps(faults={"notify": list(faults)})):
        handle = await client.start_workflow(
            DeliverWebhook.run, delivery, id=webhook_workflow_id(delivery.delivery_id), task_queue=Queue.FLOW
        )
        with suppress(WorkflowFailureError):
            await handle.result()
        return await handle.fetch_history()


async def _webhook_refused(client: Client) -> WorkflowHistory:
    return await _delivery(client, FetchRefused("the address is private"))


async def _webhook_running(client: Client) -> WorkflowHistory:
    steps = FakeSteps(held={"notify"})
    async with working(client, steps):
        handle = await client.start_workflow(
            DeliverWebhook.run, a_delivery(), id=f"webhook-{uuid.uuid4()}", task_queue=Queue.FLOW
        )
        await until_begun(steps, "notify")
        history = await handle.fetch_history()
        await handle.terminate()
        return history


async def _probed(client: Client) -> WorkflowHistory:
    event = Delivery(delivery_id=f"msg_test_{uuid.uuid4().hex}", job_id="", key_id="key00001", url=_HOOK, body="{}")
    async with working(client, FakeSteps()):
        handle = await client.start_workflow(
            ProbeEndpoint.run, event, id=webhook_workflow_id(event.delivery_id), task_queue=Queue.FLOW
        )
        await handle.result()
        return await handle.fetch_history()


async def _inspected(client: Client) -> WorkflowHistory:
    return await _inspection(client, FakeSteps(faults={"survey": [StorageBusy("the disk is full")]}))


async def _inspection_refused(client: Client) -> WorkflowHistory:
    faults: dict[str, list[Exception]] = {
        "fetch audio": [UnreadableMedia("not an audio file (text/html)", field="audio")]
    }
    return await _inspection(client, FakeSteps(faults=faults))


async def _inspection_cancelled(client: Client) -> WorkflowHistory:
    steps = FakeSteps(held={"survey"})
    async with working(client, steps):
        handle = await start_inspection(client, inspection_request())
        await until_begun(steps, "survey")
        await handle.cancel()
        with suppress(WorkflowFailureError):
            await handle.result()
        return await handle.fetch_history()


async def _inspection_running(client: Client) -> WorkflowHistory:
    steps = FakeSteps(held={"survey"})
    async with working(client, steps):
        handle = await start_inspection(client, inspection_request())
        await until_begun(steps, "survey")
        history = await handle.fetch_history()
        await handle.cancel()
        with suppress(WorkflowFailureError):
            await handle.result()
        return history


async def _inspection(client: Client, steps: FakeSteps) -> WorkflowHistory:
    async with working(client, steps):
        handle = await start_inspection(client, inspection_request())
        with suppress(WorkflowFailureError):
            await handle.result()
        return await handle.fetch_history()


async def _retention(client: Client) -> WorkflowHistory:
    async with working(client, FakeSteps(faults={"prune inputs": [StorageBusy("the file store is away")]})):
        handle = await client.start_workflow(
            Retention.run, RetentionProgress(), id=f"retention-{uuid.uuid4()}", task_queue=Queue.FLOW
        )
        await handle.result()
        return await handle.fetch_history()


async def _retention_running(client: Client) -> WorkflowHistory:
    steps = FakeSteps(held={"prune outputs"})
    async with working(client, steps):
        handle = await client.start_workflow(
            Retention.run, RetentionProgress(), id=f"retention-{uuid.uuid4()}", task_queue=Queue.FLOW
        )
        await until_begun(steps, "prune outputs")
        history = await handle.fetch_history()
        await handle.terminate()
        return history


SCENARIOS = (
    Scenario("lipsync-completed", _completed),
    Scenario("lipsync-completed_with_webhook", _completed_with_webhook),
    Scenario("lipsync-input_error", _input_error),
    Scenario("lipsync-transient_then_ok", _transient_then_ok),
    Scenario("lipsync-segment_failed", _segment_failed),
    Scenario("lipsync-cancelled", _cancelled),
    Scenario("lipsync-running", _running),
    Scenario("lipsync-retried", _retried),
    Scenario("lipsync-spoken", _spoken),
    Scenario("lipsync-two_voices", _two_voices),
    Scenario("lipsync-analysed_again", _analysed_again),
    Scenario("lipsync-not_analysed_again", _not_analysed_again),
    Scenario("webhook-delivered", _delivered, skips_time=True),
    Scenario("webhook-exhausted", _webhook_exhausted, skips_time=True),
    Scenario("webhook-refused", _webhook_refused),
    Scenario("webhook-running", _webhook_running),
    Scenario("webhook-probed", _probed),
    Scenario("inspect-completed", _inspected),
    Scenario("inspect-refused", _inspection_refused),
    Scenario("inspect-cancelled", _inspection_cancelled),
    Scenario("inspect-running", _inspection_running),
    Scenario("retention-completed", _retention),
    Scenario("retention-running", _retention_running),
)
