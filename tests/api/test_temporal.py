"""The gateway over a real Temporal server."""

import threading
import time
import uuid
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import replace
from typing import TypeVar

import pytest
from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.common import SearchAttributePair, TypedSearchAttributes

from api.event_loop import LoopThread
from api.temporal import TemporalGateway
from contracts.jobs import JobRequest, JobView, Stage, Status, percent_of, webhook_workflow_id, workflow_id
from contracts.visibility import JOB_KEY, JOB_PROGRESS, JOB_STATUS
from tests.api.gateway_contract import GatewayContract, a_delivery, eventually
from tests.api.temporal_server import free_port
from tests.api.tiny_workflows import FAIL_SILENTLY, RENDER_HALF, RENDER_TWO, tiny_worker
from tests.storage.requests import a_request
from tests.temporal_server import be_patient

pytestmark = pytest.mark.workflow

T = TypeVar("T")


@pytest.fixture
def gateway(temporal_address: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[TemporalGateway]:
    be_patient(monkeypatch)
    gateway = TemporalGateway(temporal_address)
    yield gateway
    gateway.close()


class TestTemporalGateway(GatewayContract):
    @pytest.fixture
    def dead_gateway(self) -> Iterator[TemporalGateway]:
        gateway = TemporalGateway(f"127.0.0.1:{free_port()}")
        yield gateway
        gateway.close()


def on_server(address: str, work: Callable[[Client], Coroutine[object, object, T]]) -> T:
    """Ask the server itself."""

    async def connected() -> T:
        return await work(await Client.connect(address))

    thread = LoopThread()
    try:
        return thread.run(connected(), 60)
    finally:
        thread.close()


def seen(gateway: TemporalGateway, request: JobRequest, wanted: Callable[[JobView], bool]) -> JobView:
    """Look at a job until it stands as wanted."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        view = gateway.view(request.job_id)
        if view is not None and wanted(view):
            return view
        time.sleep(0.02)
    raise AssertionError(f"last seen: {view}")


def test_a_finished_job_shows_its_output_with_no_worker_alive(gateway: TemporalGateway, temporal_address: str) -> None:
    request = a_request()
    gateway.start(request)
    with tiny_worker(temporal_address):
        seen(gateway, request, lambda view: view.status is Status.SUCCEEDED)

    view = gateway.view(request.job_id)

    assert view is not None
    assert (view.output, view.credits) == (f"jobs/{request.job_id}/output.mp4", 20)


def test_a_workflow_that_fails_without_a_word_is_a_failed_job(gateway: TemporalGateway, temporal_address: str) -> None:
    request = replace(a_request(), seed=FAIL_SILENTLY)
    gateway.start(request)
    with tiny_worker(temporal_address):
        view = seen(gateway, request, lambda view: view.status.is_terminal)

    assert view.status is Status.FAILED
    assert view.error is not None
    assert view.error.code == "internal"
    assert view.finished_at.endswith("Z")


def test_a_terminated_workflow_is_a_cancelled_job(gateway: TemporalGateway, temporal_address: str) -> None:
    request = a_request()
    gateway.start(request)

    on_server(temporal_address, lambda client: client.get_workflow_handle(workflow_id(request.job_id)).terminate())

    view = gateway.view(request.job_id)
    assert view is not None
    assert view.status is Status.CANCELLED
    assert view.error is not None
    assert view.error.message == "cancelled"


def test_the_percentage_follows_what_activities_report(gateway: TemporalGateway, temporal_address: str) -> None:
    request = replace(a_request(), seed=RENDER_HALF)
    gateway.start(request)
    with tiny_worker(temporal_address):
        view = seen(gateway, request, lambda view: view.percent > 30)

        assert view.percent == 62
        gateway.cancel(request.job_id)
        assert seen(gateway, request, lambda view: view.status.is_terminal).status is Status.CANCELLED


def test_the_percentage_never_steps_back_when_a_segment_is_done(
    gateway: TemporalGateway, temporal_address: str
) -> None:
    request = replace(a_request(), seed=RENDER_TWO)
    gateway.start(request)
    with tiny_worker(temporal_address):
        both = seen(gateway, request, lambda view: view.percent == 30 + round(65 * 0.5))
        one = seen(gateway, request, lambda view: view.percent > both.percent)

        assert one.percent == percent_of(Stage.RENDER, 0.75)
        gateway.cancel(request.job_id)


def test_a_terminated_job_is_unsettled_and_one_that_ended_by_itself_is_not(
    gateway: TemporalGateway, temporal_address: str
) -> None:
    stopped, done = a_request(), a_request()
    gateway.start(stopped)
    on_server(temporal_address, lambda client: client.get_workflow_handle(workflow_id(stopped.job_id)).terminate())
    gateway.start(done)
    with tiny_worker(temporal_address):
        seen(gateway, done, lambda view: view.status is Status.SUCCEEDED)

    eventually(lambda: stopped.job_id in gateway.unsettled())
    assert done.job_id not in gateway.unsettled()


def test_a_workflow_that_somebody_started_under_a_name_of_their_own_is_none_of_the_unsettled(
    gateway: TemporalGateway, temporal_address: str
) -> None:
    stopped = a_request()

    async def start_by_hand(client: Client) -> None:
        queued = TypedSearchAttributes([SearchAttributePair(JOB_STATUS, Status.QUEUED)])
        handle = await client.start_workflow("LipsyncJob", id="by-hand", task_queue="none", search_attributes=queued)
        await handle.terminate()

    on_server(temporal_address, start_by_hand)
    gateway.start(stopped)
    on_server(temporal_address, lambda client: client.get_workflow_handle(workflow_id(stopped.job_id)).terminate())

    eventually(lambda: stopped.job_id in gateway.unsettled())
    assert "by-hand" not in gateway.unsettled()


def test_a_webhook_sent_off_again_takes_the_place_of_the_one_before(
    gateway: TemporalGateway, temporal_address: str
) -> None:
    delivery = replace(a_delivery(), delivery_id=f"msg_{uuid.uuid4()}")
    runs = []
    for _ in range(2):
        gateway.redeliver(delivery)
        described = on_server(
            temporal_address,
            lambda client: client.get_workflow_handle(webhook_workflow_id(delivery.delivery_id)).describe(),
        )
        runs.append(described.run_id)
        assert described.status is WorkflowExecutionStatus.RUNNING
    first = on_server(
        temporal_address,
        lambda client: client.get_workflow_handle(webhook_workflow_id(delivery.delivery_id), run_id=runs[0]).describe(),
    )

    assert runs[0] != runs[1]
    assert first.status is WorkflowExecutionStatus.TERMINATED


def test_a_forgotten_job_takes_all_its_runs_and_webhooks_along(gateway: TemporalGateway, temporal_address: str) -> None:
    request = replace(a_request(), seed=FAIL_SILENTLY)
    delivery = replace(a_delivery(), delivery_id=f"msg_{uuid.uuid4()}")
    gateway.start(request)
    with tiny_worker(temporal_address):
        seen(gateway, request, lambda view: view.status.is_terminal)
    gateway.retry(request.job_id)
    gateway.redeliver(delivery)
    ids = (workflow_id(request.job_id), webhook_workflow_id(delivery.delivery_id))
    query = " OR ".join(f"WorkflowId = '{each}'" for each in ids)

    async def count(client: Client) -> int:
        return (await client.count_workflows(query)).count

    eventually(lambda: on_server(temporal_address, count) == 3)

    gateway.forget(request.job_id, [delivery.delivery_id])

    eventually(lambda: on_server(temporal_address, count) == 0)


def test_a_job_can_be_found_in_temporal_by_its_key_and_status(gateway: TemporalGateway, temporal_address: str) -> None:
    request = a_request()
    gateway.start(request)

    async def describe(client: Client) -> tuple[object, ...]:
        description = await client.get_workflow_handle(workflow_id(request.job_id)).describe()
        attributes = description.typed_search_attributes
        summary = await description.static_summary()
        return attributes.get(JOB_KEY), attributes.get(JOB_STATUS), attributes.get(JOB_PROGRESS), summary

    found = on_server(temporal_address, describe)

    assert found == (request.key_id, "queued", 0, f"lipsync-image {request.job_id[:8]}")


def test_many_threads_may_share_a_gateway(gateway: TemporalGateway) -> None:
    requests = [a_request() for _ in range(24)]
    threads = [threading.Thread(target=gateway.start, args=[request]) for request in requests]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert all(gateway.view(request.job_id) for request in requests)
