"""What an operator reads in Temporal's UI of a job, its steps, its webhook, an inspection; from a real server."""

import asyncio
import uuid
from collections.abc import Sequence
from dataclasses import replace

import pytest
from temporalio.api.common.v1 import Payload
from temporalio.api.sdk.v1 import WorkflowMetadata
from temporalio.client import Client, WorkflowHandle

from api.inspections import TemporalInspections
from api.temporal import TemporalGateway
from contracts.errors import NoFace
from contracts.inspections import InspectionRequest, inspection_workflow_id
from contracts.jobs import JobRequest, MediaRef, Role, webhook_workflow_id, workflow_id
from tests.temporal_server import TemporalServer
from tests.workflows.fakes import FakeSteps, job_request, working

pytestmark = pytest.mark.workflow

HOOK = "https://app.example/hook?key=telltale"


async def _details(handle: WorkflowHandle[object, object]) -> str:
    told = await handle.query("__temporal_workflow_metadata", result_type=WorkflowMetadata)
    return str(told.current_details)


async def _text(client: Client, payload: Payload) -> str:
    (text,) = await client.data_converter.decode([payload])
    return str(text)


async def _summaries(client: Client, handle: WorkflowHandle[object, object]) -> list[str]:
    """The summary of each step, in the order in which they were asked for."""
    return [
        await _text(client, event.user_metadata.summary)
        async for event in handle.fetch_history_events()
        if event.HasField("activity_task_scheduled_event_attributes")
    ]


def _request() -> JobRequest:
    return replace(
        job_request(str(uuid.uuid4())),
        engine="articulate",
        source=MediaRef(role=Role.IMAGE, field="image", url="https://media.example/face.png?token=telltale"),
        webhook_url=HOOK,
    )


def _run(temporal: TemporalServer, steps: FakeSteps, request: JobRequest) -> tuple[str, str, str, Sequence[str]]:
    """Take a job to its end; return its summary, its details, its current details, its steps' summaries."""

    async def scenario() -> tuple[str, str, str, Sequence[str]]:
        async with working(temporal.client, steps):
            gateway = TemporalGateway(address=temporal.address)
            await asyncio.to_thread(gateway.start, request)
            handle: WorkflowHandle[object, object] = temporal.client.get_workflow_handle(workflow_id(request.job_id))
            await asyncio.gather(handle.result(), return_exceptions=True)
            described = await handle.describe()
            summary, details = await described.static_summary(), await described.static_details()
            found = await _details(handle), await _summaries(temporal.client, handle)
            gateway.close()
            return summary or "", details or "", *found

    return temporal.run(scenario())


def test_a_job_says_what_it_is_of_whom_and_how_it_ended(temporal: TemporalServer) -> None:
    request = _request()

    summary, details, current, steps = _run(temporal, FakeSteps(segments=3), request)

    assert summary == f"lipsync-image {request.job_id[:8]}"
    assert details.splitlines() == [
        f"- Job: {request.job_id}",
        "- Engine: articulate",
        "- API: lipsync_studio, lipsync-image",
        "- Key: key00001",
        "- `image`: image from media.example",
        "- `audio`: audio from media.example",
        "- Webhook: app.example",
    ]
    assert current == "succeeded: 12.0 s of video for 16 credits"
    assert sorted(steps) == sorted(
        ["image", "audio", "articulate", *(f"segment {n} of 3" for n in (1, 2, 3)), "3 segments", "succeeded"]
    )
    assert "telltale" not in summary + details + current + "".join(steps)


def test_a_failed_job_says_why(temporal: TemporalServer) -> None:
    steps = FakeSteps(faults={"analyse": [NoFace("no face was found", field="image")]})

    *_, current, _ = _run(temporal, steps, _request())

    assert current.startswith("failed: image: no face was found")


@pytest.mark.parametrize(
    ("faults", "ended"),
    [
        ({}, "Delivered: app.example answered 200."),
        ({"notify": [NoFace("the receiver answered 404")]}, "Not delivered to app.example: the receiver answered 404."),
    ],
)
def test_a_webhook_says_to_whom_it_goes_and_what_became_of_it(
    temporal: TemporalServer, faults: dict[str, list[Exception]], ended: str
) -> None:
    steps, request = FakeSteps(webhook_url=HOOK, faults=faults), _request()

    async def scenario() -> tuple[str, str, Sequence[str]]:
        async with working(temporal.client, steps):
            gateway = TemporalGateway(address=temporal.address)
            await asyncio.to_thread(gateway.start, request)
            job: WorkflowHandle[object, object] = temporal.client.get_workflow_handle(workflow_id(request.job_id))
            await job.result()
            child: WorkflowHandle[object, object] = temporal.client.get_workflow_handle(
                webhook_workflow_id(steps.deliveries[0].delivery_id)
            )
            await asyncio.gather(child.result(), return_exceptions=True)
            summary = await (await child.describe()).static_summary()
            gateway.close()
            return summary or "", await _details(child), await _summaries(temporal.client, child)

    summary, current, told = temporal.run(scenario())

    assert summary == f"webhook of {request.job_id}"
    assert current == ended
    assert told == ["post to app.example"]


@pytest.mark.parametrize(
    ("faults", "ended"),
    [({}, "Found "), ({"survey": [NoFace("no face was found", field="source")]}, "Refused: source: no face was found")],
)
def test_an_inspection_says_what_it_found(
    temporal: TemporalServer, faults: dict[str, list[Exception]], ended: str
) -> None:
    source = MediaRef(role=Role.VIDEO, field="source", url="https://media.example/a.mp4")
    request = InspectionRequest(inspection_id=uuid.uuid4().hex, key_id="key00001", source=source)

    async def scenario() -> str:
        async with working(temporal.client, FakeSteps(faults=faults)):
            gateway = TemporalGateway(address=temporal.address)
            await asyncio.to_thread(TemporalInspections(gateway).start, request)
            handle: WorkflowHandle[object, object] = temporal.client.get_workflow_handle(
                inspection_workflow_id(request.inspection_id, request.key_id)
            )
            await asyncio.gather(handle.result(), return_exceptions=True)
            gateway.close()
            return await _details(handle)

    assert temporal.run(scenario()).startswith(ended)
