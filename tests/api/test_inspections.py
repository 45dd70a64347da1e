"""Inspections over a real Temporal server."""

import asyncio
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from temporalio.worker import Worker

from api.inspections import TemporalInspections
from api.temporal import TemporalGateway
from contracts.errors import JobCancelled, NotFound, Unavailable, UnreadableMedia
from contracts.inspections import Inspection, InspectionRequest, inspection_workflow_id
from contracts.jobs import JobRequest
from contracts.steps import Queue
from tests.api.temporal_server import free_port
from tests.temporal_server import TemporalServer, development_server
from tests.workflows.fakes import FakeSteps, job_request, working
from tests.workflows.inspections import inspection_request

pytestmark = pytest.mark.workflow

INSPECTIONS = 12


@pytest.fixture(scope="module")
def temporal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TemporalServer]:
    with development_server(tmp_path_factory.mktemp("temporal")) as server:
        yield server


@pytest.fixture
def inspections(temporal: TemporalServer) -> Iterator[TemporalInspections]:
    gateway = TemporalGateway(temporal.address)
    yield TemporalInspections(gateway)
    gateway.close()


def found(
    temporal: TemporalServer, inspections: TemporalInspections, request: InspectionRequest, steps: FakeSteps
) -> Inspection | None:
    """Work until the inspection has ended, and ask for its finding."""

    async def work() -> None:
        async with working(temporal.client, steps):
            handle = temporal.client.get_workflow_handle(inspection_workflow_id(request.inspection_id, request.key_id))
            await asyncio.wait([asyncio.ensure_future(handle.result())])

    temporal.run(work())
    return inspections.outcome(request.inspection_id, request.key_id)


def test_a_finding_comes_back_as_it_was_made(temporal: TemporalServer, inspections: TemporalInspections) -> None:
    request = inspection_request()
    inspections.start(request)
    inspections.start(request)

    before = inspections.outcome(request.inspection_id, request.key_id)
    finding = found(temporal, inspections, request, FakeSteps())

    assert before is None
    assert isinstance(finding, Inspection)
    assert finding.source.field == "source"
    assert finding.warnings == ("unknown fields were ignored: mood", "no face was found in the picture")


def test_a_refusal_comes_back_as_the_fault_it_was(temporal: TemporalServer, inspections: TemporalInspections) -> None:
    request = inspection_request()
    inspections.start(request)
    steps = FakeSteps(faults={"fetch audio": [UnreadableMedia("not an audio file (text/html)", field="audio")]})

    with pytest.raises(UnreadableMedia, match="audio: not an audio file"):
        found(temporal, inspections, request, steps)


def test_however_many_inspections_a_key_asks_for_another_keys_job_takes_its_turns(
    temporal: TemporalServer, inspections: TemporalInspections
) -> None:
    steps, job = FakeSteps(deaf={"survey"}), replace(job_request(str(uuid.uuid4())), key_id="key00002")

    async def work() -> list[str]:
        async with working(temporal.client, steps, without=[Queue.GPU]):
            await _until(lambda: steps.ended.count("fetch source") == INSPECTIONS)
            await asyncio.to_thread(start_job, temporal.address, job)
            await _until(lambda: steps.ended.count("fetch image") == 1)
            with ThreadPoolExecutor(1) as engine:
                async with Worker(
                    temporal.client,
                    task_queue=Queue.GPU,
                    activities=steps.on(Queue.GPU),
                    activity_executor=engine,
                    max_concurrent_activities=1,
                ):
                    await _until(lambda: "publish" in steps.calls)
                    return list(steps.calls)

    for _ in range(INSPECTIONS):
        inspections.start(inspection_request(with_audio=False))
    calls = temporal.run(work())

    # It needs the engine three times; behind all of them it would come after twelve.
    assert calls[: calls.index("publish")].count("survey") <= 8


async def _until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not is_so():
            await asyncio.sleep(0.05)


def start_job(address: str, request: JobRequest) -> None:
    gateway = TemporalGateway(address)
    gateway.start(request)
    gateway.close()


@pytest.mark.parametrize("stop", ["cancel", "terminate"])
def test_an_inspection_that_an_operator_stopped_says_so(
    temporal: TemporalServer, inspections: TemporalInspections, stop: str
) -> None:
    request = inspection_request()
    inspections.start(request)
    handle = temporal.client.get_workflow_handle(inspection_workflow_id(request.inspection_id, request.key_id))
    temporal.run(handle.cancel() if stop == "cancel" else handle.terminate())

    with pytest.raises(JobCancelled):
        found(temporal, inspections, request, FakeSteps())


def test_another_key_does_not_find_it(inspections: TemporalInspections) -> None:
    request = inspection_request()
    inspections.start(request)

    for inspection_id, key_id in ((request.inspection_id, "stranger"), ("00000000", request.key_id)):
        with pytest.raises(NotFound):
            inspections.outcome(inspection_id, key_id)


def test_a_server_that_is_away_is_a_passing_fault() -> None:
    gateway = TemporalGateway(f"127.0.0.1:{free_port()}")
    inspections = TemporalInspections(gateway)

    with pytest.raises(Unavailable):
        inspections.start(inspection_request())
    with pytest.raises(Unavailable):
        inspections.outcome("1", "key00001")

    gateway.close()
