import uuid

import pytest
from temporalio.client import Client, WorkflowExecutionStatus, WorkflowFailureError
from temporalio.exceptions import ActivityError, ApplicationError

from contracts.errors import FetchRefused, NoFace, Unavailable
from contracts.jobs import Status, webhook_workflow_id
from contracts.steps import Delivery, Queue
from contracts.webhooks import NotifyResult
from tests.temporal_server import TemporalServer
from tests.workflows.fakes import FakeSteps, working
from tests.workflows.jobs import shown, start, until_begun
from workflows.webhook import DeliverWebhook

pytestmark = pytest.mark.workflow


def _delivery() -> Delivery:
    job_id = str(uuid.uuid4())
    return Delivery(
        delivery_id=f"msg_{job_id}_0", job_id=job_id, key_id="key00001", url="https://app.example/hook", body="{}"
    )


async def _deliver(client: Client, delivery: Delivery) -> NotifyResult:
    return await client.execute_workflow(
        DeliverWebhook.run, delivery, id=webhook_workflow_id(delivery.delivery_id), task_queue=Queue.FLOW
    )


def test_a_job_with_a_webhook_is_over_before_its_delivery_is(temporal: TemporalServer) -> None:
    steps = FakeSteps(webhook_url="https://app.example/hook", held={"notify"})

    async def scenario() -> tuple[Status, WorkflowExecutionStatus | None]:
        async with working(temporal.client, steps):
            job = await start(temporal.client)
            view = await job.result()
            await until_begun(steps, "notify")
            child = temporal.client.get_workflow_handle(webhook_workflow_id(steps.deliveries[0].delivery_id))
            status = (await child.describe()).status
            await child.terminate()
            return view.status, status

    assert temporal.run(scenario()) == (Status.SUCCEEDED, WorkflowExecutionStatus.RUNNING)


def test_a_failed_job_sends_its_webhook_too(temporal: TemporalServer) -> None:
    steps = FakeSteps(webhook_url="https://app.example/hook", faults={"analyse": [NoFace("no face found")]})

    async def scenario() -> Status:
        async with working(temporal.client, steps):
            job = await start(temporal.client)
            with pytest.raises(WorkflowFailureError):
                await job.result()
            child = temporal.client.get_workflow_handle(webhook_workflow_id(steps.deliveries[0].delivery_id))
            await child.result()
            return (await shown(job)).status

    assert temporal.run(scenario()) is Status.FAILED
    assert steps.calls[-1] == "notify"


def test_a_cancelled_job_sends_its_webhook_too(temporal: TemporalServer) -> None:
    steps = FakeSteps(webhook_url="https://app.example/hook", held={"analyse"})

    async def scenario() -> None:
        async with working(temporal.client, steps):
            job = await start(temporal.client)
            await until_begun(steps, "analyse")
            await job.cancel()
            with pytest.raises(WorkflowFailureError):
                await job.result()
            await temporal.client.get_workflow_handle(webhook_workflow_id(steps.deliveries[0].delivery_id)).result()

    temporal.run(scenario())

    assert steps.calls[-1] == "notify"


def test_a_receiver_that_is_down_is_tried_again_with_the_same_delivery(skipping: TemporalServer) -> None:
    steps = FakeSteps(faults={"notify": [Unavailable("the receiver answered 502")] * 7})
    delivery = _delivery()

    async def scenario() -> NotifyResult:
        async with working(skipping.client, steps):
            return await _deliver(skipping.client, delivery)

    assert skipping.run(scenario()).http_status == 200
    assert steps.notified == [delivery] * 8


def test_a_receiver_that_wants_no_more_is_not_tried_again(temporal: TemporalServer) -> None:
    steps = FakeSteps(faults={"notify": [FetchRefused("the receiver answered 410: it wants no more")]})

    async def scenario() -> BaseException | None:
        async with working(temporal.client, steps):
            with pytest.raises(WorkflowFailureError) as failure:
                await _deliver(temporal.client, _delivery())
            return failure.value.cause

    cause = temporal.run(scenario())

    assert isinstance(cause, ActivityError)
    assert isinstance(cause.cause, ApplicationError)
    assert cause.cause.type == "fetch_refused"
    assert steps.calls == ["notify"]
