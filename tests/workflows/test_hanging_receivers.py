"""Receivers that hang hold up neither other receivers nor jobs: the real steps, workers and server."""

import asyncio
import socket
import statistics
import threading
import time
import uuid
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from temporalio import workflow
from temporalio.client import Client
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from activities.registry import WEBHOOK_SLOTS, implementations
from activities.turns import PER_HOST
from contracts.jobs import webhook_workflow_id
from contracts.settings import Settings
from contracts.steps import Delivery, Queue
from contracts.webhooks import NotifyResult
from scripts.worker import build
from storage.records import Records
from tests.activities.http_server import Answer, Site, serving, status
from tests.temporal_server import TemporalServer
from tests.workflows.fakes import FakeSteps, job_request
from tests.workflows.jobs import start
from workflows.webhook import DeliverWebhook

pytestmark = pytest.mark.workflow

#: How many webhooks there are to each receiver.
HANGING, GOOD = 50, 20


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings.from_env(
        {
            "MOUTHPIECE_DATA_DIR": str(tmp_path),
            "MOUTHPIECE_FETCH_ALLOW": "127.0.0.0/8,localhost",
            "MOUTHPIECE_WEBHOOK_TIMEOUT_S": "30",
        }
    )


@pytest.fixture
def records(settings: Settings) -> Iterator[Records]:
    records = Records(settings.data_dir / "records.db")
    yield records
    records.close()


@asynccontextmanager
async def _working_on(client: Client, settings: Settings, *queues: Queue) -> AsyncIterator[None]:
    """Run the service's own workers of some queues."""
    async with AsyncExitStack() as running:
        for queue in queues:
            await running.enter_async_context(build(client, queue, implementations(queue, settings)))
        yield


@asynccontextmanager
async def _working(client: Client, settings: Settings) -> AsyncIterator[None]:
    """Run the service's own workers; only what computes is left to stand-ins."""
    fakes = FakeSteps()
    async with AsyncExitStack() as running:
        own = _working_on(client, settings, Queue.FLOW, Queue.CONTROL, Queue.NOTIFY)
        await running.enter_async_context(own)
        for queue in (Queue.IO, Queue.GPU):
            executor = running.enter_context(ThreadPoolExecutor(8))
            worker = Worker(client, task_queue=queue, activities=fakes.on(queue), activity_executor=executor)
            await running.enter_async_context(worker)
        yield


async def _send(client: Client, records: Records, key_id: str, url: str) -> str:
    job_id = str(uuid.uuid4())
    delivery = Delivery(delivery_id=f"msg_{job_id}", job_id=job_id, key_id=key_id, url=url, body="{}")
    records.deliveries.open(delivery, datetime.now(UTC).isoformat())
    name = webhook_workflow_id(delivery.delivery_id)
    await client.start_workflow(DeliverWebhook.run, delivery, id=name, task_queue=Queue.FLOW)
    return name


async def _until_received(site: Site, count: int, patience_s: float) -> float:
    """Wait for so many requests and say how long that took, in seconds."""
    begun = time.monotonic()
    while len(site.received) < count and time.monotonic() - begun < patience_s:
        await asyncio.sleep(0.05)
    return time.monotonic() - begun


async def _job_takes(client: Client, records: Records) -> float:
    """Take a job through its settlement, and say how long that took, in seconds."""
    request = job_request(str(uuid.uuid4()))
    records.jobs.add(request, "2026-01-01T00:00:00Z")
    begun = time.monotonic()
    await (await start(client, request)).result()
    return time.monotonic() - begun


def _hang(released: threading.Event) -> Answer:
    def answer(_handler: object) -> None:
        released.wait(60)

    return answer


@contextmanager
def _silence(address: str) -> Iterator[str]:
    """Accept connections at an address and never answer."""
    with socket.create_server((address, 0), backlog=16) as silent:
        yield f"http://{address}:{silent.getsockname()[1]}/hook"


def test_webhooks_to_a_receiver_that_hangs_delay_neither_those_to_others_nor_a_jobs_end(
    temporal: TemporalServer, settings: Settings, records: Records
) -> None:
    key_id = records.keys.create("test", "2026-01-01T00:00:00Z")[0].key_id
    released = threading.Event()

    async def scenario(hanging: Site, good: Site) -> tuple[float, int, list[float]]:
        # The limit is by host, so the one machine goes by two names.
        good_url = good.url.replace("127.0.0.1", "localhost")
        async with _working(temporal.client, settings):
            names = [await _send(temporal.client, records, key_id, f"{hanging.url}/hook") for _ in range(HANGING)]
            await _until_received(hanging, PER_HOST, 10)
            for _ in range(GOOD):
                await _send(temporal.client, records, key_id, f"{good_url}/hook")
            good_s, in_flight = await _until_received(good, GOOD, 20), len(hanging.received)
            jobs_s = [await _job_takes(temporal.client, records) for _ in range(5)]
            for name in names:
                await temporal.client.get_workflow_handle(name).terminate()
            released.set()
        return good_s, in_flight, jobs_s

    with serving({"/hook": _hang(released)}) as hanging, serving({"/hook": status(204)}) as good:
        good_s, in_flight, jobs_s = temporal.run(scenario(hanging, good))

    assert len({request.headers["webhook-id"] for request in good.received}) == GOOD
    assert in_flight == PER_HOST, "no more are in flight until one of them ends"
    # Whatever waits for those that hang waits for their 30 s.
    assert good_s < 15, "seconds for all that went to the good receiver"
    assert statistics.median(jobs_s) < 10, "seconds for a job from start to settlement"


def test_webhooks_of_one_key_to_ever_new_hosts_that_hang_do_not_delay_those_of_another(
    temporal: TemporalServer, settings: Settings, records: Records
) -> None:
    greedy, modest = (records.keys.create(name, "2026-01-01T00:00:00Z")[0].key_id for name in ("greedy", "modest"))
    released = threading.Event()

    async def scenario(hosts: list[str], good: Site) -> float:
        async with _working_on(temporal.client, settings, Queue.FLOW, Queue.NOTIFY):
            names = [await _send(temporal.client, records, greedy, url) for url in hosts]
            await asyncio.sleep(3)
            await _send(temporal.client, records, modest, good.url.replace("127.0.0.1", "localhost") + "/hook")
            good_s = await _until_received(good, 1, 20)
            for name in names:
                await temporal.client.get_workflow_handle(name).terminate()
            released.set()
        return good_s

    with ExitStack() as listening, serving({"/hook": status(204)}) as good:
        # Every address of this network is this machine's, and each is a host of its own.
        hanging = [listening.enter_context(_silence(f"127.0.1.{number}")) for number in range(1, WEBHOOK_SLOTS + 7)]
        good_s = temporal.run(scenario(hanging, good))

    assert good_s < 15, "seconds until the other key's webhook came"


@workflow.defn(name="DeliverWebhook")
class EarlierDelivery:
    """Sends its attempts where they were sent before `notify` had a queue of its own."""

    @workflow.run
    async def run(self, delivery: Delivery) -> NotifyResult:
        return await workflow.execute_activity(
            "notify",
            delivery,
            result_type=NotifyResult,
            task_queue=Queue.CONTROL,
            start_to_close_timeout=timedelta(seconds=60),
            schedule_to_close_timeout=timedelta(days=3),
        )


def test_a_webhook_that_was_pending_at_an_update_is_delivered_from_its_old_queue(
    temporal: TemporalServer, settings: Settings, records: Records
) -> None:
    key_id = records.keys.create("test", "2026-01-01T00:00:00Z")[0].key_id
    flow = Worker(
        temporal.client,
        task_queue=Queue.FLOW,
        workflows=[EarlierDelivery],
        workflow_runner=UnsandboxedWorkflowRunner(),
    )

    async def scenario(site: Site) -> None:
        async with flow:
            name = await _send(temporal.client, records, key_id, f"{site.url}/hook")
            async with _working_on(temporal.client, settings, Queue.CONTROL):
                await temporal.client.get_workflow_handle(name).result()

    with serving({"/hook": status(204)}) as site:
        temporal.run(scenario(site))

    assert len(site.received) == 1


def test_webhooks_that_a_busy_host_sends_away_arrive_all_the_same(
    temporal: TemporalServer, settings: Settings, records: Records
) -> None:
    key_id = records.keys.create("test", "2026-01-01T00:00:00Z")[0].key_id
    in_flight, most, lock = 0, 0, threading.Lock()

    def slowly(handler: object) -> None:
        nonlocal in_flight, most
        with lock:
            in_flight += 1
            most = max(most, in_flight)
        time.sleep(0.1)
        with lock:
            in_flight -= 1
        status(204)(handler)  # type: ignore[arg-type]

    async def scenario(site: Site) -> None:
        async with _working(temporal.client, settings):
            names = [await _send(temporal.client, records, key_id, f"{site.url}/hook") for _ in range(30)]
            for name in names:
                await temporal.client.get_workflow_handle(name).result()

    with serving({"/hook": slowly}) as site:
        temporal.run(scenario(site))

    assert len(site.received) == 30
    assert most <= PER_HOST
    tried = [len(records.deliveries.list(request.headers["webhook-id"][4:])) for request in site.received]
    assert tried == [1] * 30, "being sent away is no attempt"
