"""Keys that wait for one engine take turns by their plans' weights: the gateway, the workflows, and a real server."""

import asyncio
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import pytest
from temporalio import activity
from temporalio.client import WorkflowHandle
from temporalio.common import Priority
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

from api.temporal import TemporalGateway
from api.turns import Turns
from contracts.errors import InternalError
from contracts.jobs import webhook_workflow_id, workflow_id
from contracts.plans import Plan
from contracts.settings import Settings
from contracts.steps import Queue
from scripts.worker import build
from tests.temporal_server import TemporalServer
from tests.workflows.fakes import FakeSteps, job_request, working

pytestmark = [pytest.mark.workflow, pytest.mark.timeout(300)]

PLANS: Mapping[str, Plan] = {"large001": Plan.PRO, "small001": Plan.FREE}


@dataclass
class Noting(Interceptor):
    """Notes the place in queues of each step that begins, in order."""

    begun: list[tuple[str, Priority]] = field(default_factory=list)

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:
        noted = self.begun

        class Inbound(ActivityInboundInterceptor):
            async def execute_activity(self, input: ExecuteActivityInput) -> object:
                info = activity.info()
                noted.append((info.activity_type, info.priority))
                return await super().execute_activity(input)

        return Inbound(next)

    def keys(self) -> list[str]:
        return [turn.fairness_key or "" for _, turn in self.begun]


@pytest.fixture
def gateway(temporal: TemporalServer) -> Iterator[TemporalGateway]:
    gateway = TemporalGateway(temporal.address, turn_of=Turns(PLANS.get, Settings()).of)
    yield gateway
    gateway.close()


def _order(gateway: TemporalGateway, key_id: str, count: int) -> list[str]:
    """Start jobs of a key."""
    requests = [replace(job_request(str(uuid.uuid4())), key_id=key_id) for _ in range(count)]
    for request in requests:
        gateway.start(request)
    return [request.job_id for request in requests]


@asynccontextmanager
async def _one_engine(temporal: TemporalServer, steps: FakeSteps) -> AsyncIterator[Noting]:
    """Let the service's own worker of `gpu`, with its one slot, work off what waits."""
    noting = Noting()
    async with build(temporal.client, Queue.GPU, steps.on(Queue.GPU), [noting]):
        yield noting


async def _until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not is_so():
            await asyncio.sleep(0.05)


async def _until_waiting(temporal: TemporalServer, job_ids: list[str]) -> None:
    """Wait until every job waits for the engine."""
    for job_id in job_ids:
        handle = temporal.client.get_workflow_handle(workflow_id(job_id))
        while not await _waits_for_the_engine(handle):
            await asyncio.sleep(0.05)


async def _waits_for_the_engine(handle: WorkflowHandle[object, object]) -> bool:
    pending = (await handle.describe()).raw_description.pending_activities
    return any(step.activity_type.name == "analyse" for step in pending)


async def _end(temporal: TemporalServer, job_ids: list[str]) -> None:
    for job_id in job_ids:
        await temporal.client.get_workflow_handle(workflow_id(job_id)).result()


def test_a_single_job_begins_after_at_most_a_few_of_another_keys_sixty(
    temporal: TemporalServer, gateway: TemporalGateway
) -> None:
    async def order() -> list[str]:
        async with working(temporal.client, steps := FakeSteps(segments=1), without=[Queue.GPU]):
            many = await asyncio.to_thread(_order, gateway, "large001", 60)
            await _until_waiting(temporal, many)
            one = await asyncio.to_thread(_order, gateway, "small001", 1)
            await _until_waiting(temporal, one)
            async with _one_engine(temporal, steps) as noting:
                await _end(temporal, [*one, *many])
        return noting.keys()

    keys = temporal.run(order())

    assert len(keys) == 122
    assert keys.index("small001") <= 5


def test_keys_that_wait_have_turns_by_the_weights_of_their_plans(
    temporal: TemporalServer, gateway: TemporalGateway
) -> None:
    async def order() -> list[str]:
        async with working(temporal.client, steps := FakeSteps(segments=1), without=[Queue.GPU]):
            small = await asyncio.to_thread(_order, gateway, "small001", 40)
            large = await asyncio.to_thread(_order, gateway, "large001", 40)
            await _until_waiting(temporal, [*small, *large])
            async with _one_engine(temporal, steps) as noting:
                await _end(temporal, [*small, *large])
        return noting.keys()

    first = Counter(temporal.run(order())[:40])

    # 30 to 10 by the weights 3 and 1.
    assert 24 <= first["large001"] <= 36, first


def test_every_step_and_a_retried_one_and_the_webhook_have_their_jobs_place(
    temporal: TemporalServer, gateway: TemporalGateway
) -> None:
    place = Priority(fairness_key="large001", fairness_weight=3.0)
    steps = FakeSteps(segments=1, webhook_url="https://client.example/hook")
    steps.faults["render 0"] = [InternalError("broken")] * 4
    noting = Noting()

    async def fail_and_retry() -> Priority:
        async with (
            working(temporal.client, steps, without=[Queue.GPU, Queue.NOTIFY]),
            build(temporal.client, Queue.GPU, steps.on(Queue.GPU), [noting]),
            build(temporal.client, Queue.NOTIFY, steps.on(Queue.NOTIFY), [noting]),
        ):
            job_id = (await asyncio.to_thread(_order, gateway, "large001", 1))[0]
            handle = temporal.client.get_workflow_handle(workflow_id(job_id))
            await asyncio.gather(handle.result(), return_exceptions=True)
            steps.faults.clear()
            await asyncio.to_thread(gateway.retry, job_id)
            await handle.result()
            await _until(lambda: len(steps.notified) == 2)
            delivery = steps.deliveries[-1].delivery_id
            webhook = await temporal.client.get_workflow_handle(webhook_workflow_id(delivery)).describe()
            return Priority._from_proto(webhook.raw_description.workflow_execution_info.priority)

    of_webhook = temporal.run(fail_and_retry())

    assert Counter(name for name, _ in noting.begun)["render"] >= 2
    assert {turn for _, turn in noting.begun} == {place}
    assert of_webhook == place
