"""The gateway over a real Temporal server."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from temporalio.client import Client

from api.event_loop import LoopThread
from api.temporal import TemporalGateway
from contracts.jobs import JobRequest, JobView, Status, workflow_id
from contracts.visibility import JOB_KEY, JOB_PROGRESS, JOB_STATUS
from tests.api.gateway_contract import GatewayContract
from tests.api.temporal_server import free_port
from tests.api.tiny_workflows import FAIL_SILENTLY, RENDER_HALF, tiny_worker
from tests.storage.requests import a_request

pytestmark = pytest.mark.workflow


@pytest.fixture
def gateway(temporal_address: str) -> Iterator[TemporalGateway]:
    gateway = TemporalGateway(temporal_address)
    yield gateway
    gateway.close()


class TestTemporalGateway(GatewayContract):
    @pytest.fixture
    def dead_gateway(self) -> Iterator[TemporalGateway]:
        gateway = TemporalGateway(f"127.0.0.1:{free_port()}")
        yield gateway
        gateway.close()


def seen(gateway: TemporalGateway, request: JobRequest, wanted: Callable[[JobView], bool]) -> JobView:
    """Look at a job until it stands as wanted."""
    deadline = time.monotonic() + 20
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

    async def terminate() -> None:
        client = await Client.connect(temporal_address)
        await client.get_workflow_handle(workflow_id(request.job_id)).terminate()

    thread = LoopThread()
    thread.run(terminate(), 10)
    thread.close()

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


def test_a_job_can_be_found_in_temporal_by_its_key_and_status(gateway: TemporalGateway, temporal_address: str) -> None:
    request = a_request()
    gateway.start(request)

    async def describe() -> tuple[object, ...]:
        client = await Client.connect(temporal_address)
        description = await client.get_workflow_handle(workflow_id(request.job_id)).describe()
        attributes = description.typed_search_attributes
        summary = await description.static_summary()
        return attributes.get(JOB_KEY), attributes.get(JOB_STATUS), attributes.get(JOB_PROGRESS), summary

    thread = LoopThread()
    found = thread.run(describe(), 10)
    thread.close()

    assert found == (request.key_id, "queued", 0, f"lipsync-image {request.job_id[:8]}")


def test_many_threads_may_share_a_gateway(gateway: TemporalGateway) -> None:
    requests = [a_request() for _ in range(24)]
    threads = [threading.Thread(target=gateway.start, args=[request]) for request in requests]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert all(gateway.view(request.job_id) for request in requests)
