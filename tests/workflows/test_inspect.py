"""Inspections: what they find, how they refuse, and that they leave nothing behind."""

import pytest
from temporalio.client import WorkflowFailureError
from temporalio.exceptions import ApplicationError, CancelledError

from contracts.errors import StorageBusy, UnreadableMedia
from contracts.inspections import DiscardInput, Inspection, InspectionRequest, inspection_name
from contracts.jobs import OutputOptions, Role
from tests.temporal_server import TemporalServer
from tests.workflows.fakes import FakeSteps, working
from tests.workflows.inspections import inspection_request, start_inspection
from tests.workflows.jobs import until_begun

pytestmark = pytest.mark.workflow


def _discarded(request: InspectionRequest) -> list[DiscardInput]:
    return [DiscardInput(job_id=inspection_name(request.inspection_id))]


def _inspect(temporal: TemporalServer, steps: FakeSteps, request: InspectionRequest) -> Inspection:
    async def scenario() -> Inspection:
        async with working(temporal.client, steps):
            return await (await start_inspection(temporal.client, request)).result()

    return temporal.run(scenario())


def _failure(temporal: TemporalServer, steps: FakeSteps, request: InspectionRequest) -> BaseException | None:
    with pytest.raises(WorkflowFailureError) as failure:
        _inspect(temporal, steps, request)
    return failure.value.cause


def test_an_inspection_tells_what_the_files_are_and_what_was_seen_in_them(temporal: TemporalServer) -> None:
    request, steps = inspection_request(), FakeSteps()

    found = _inspect(temporal, steps, request)

    assert (found.source.role, found.source.width, found.audio and found.audio.duration_s) == (Role.IMAGE, 640, 8.0)
    assert found.warnings == ("unknown fields were ignored: mood", "no face was found in the picture")
    assert steps.surveyed[0].options == OutputOptions(short_side_px=480)
    assert steps.discarded == _discarded(request)
    assert sorted(steps.calls) == ["discard", "fetch audio", "fetch source", "survey"]


def test_an_inspection_needs_no_sound(temporal: TemporalServer) -> None:
    steps = FakeSteps()

    found = _inspect(temporal, steps, inspection_request(with_audio=False))

    assert found.audio is None
    assert steps.surveyed[0].audio is None


@pytest.mark.parametrize("call", ["fetch audio", "survey"])
def test_files_that_are_refused_fail_with_their_code_and_are_discarded(temporal: TemporalServer, call: str) -> None:
    request = inspection_request()
    steps = FakeSteps(faults={call: [UnreadableMedia("not an audio file (text/html)", field="audio")]})

    cause = _failure(temporal, steps, request)

    assert isinstance(cause, ApplicationError)
    assert (cause.type, cause.message) == ("unreadable_media", "audio: not an audio file (text/html)")
    assert steps.discarded == _discarded(request)


def test_nothing_is_discarded_before_all_that_is_fetched_has_come_to_its_end(temporal: TemporalServer) -> None:
    steps = FakeSteps(faults={"fetch audio": [UnreadableMedia("no sound", field="audio")]}, deaf={"fetch source"})

    _failure(temporal, steps, inspection_request())

    assert sorted(steps.ended[:-1]) == ["fetch audio", "fetch source"]
    assert steps.ended[-1] == "discard"


def test_a_passing_fault_is_tried_again(temporal: TemporalServer) -> None:
    steps = FakeSteps(faults={"survey": [StorageBusy("the disk is full")], "discard": [StorageBusy("busy")]})

    _inspect(temporal, steps, inspection_request())

    assert steps.calls.count("survey") == steps.calls.count("discard") == 2


@pytest.mark.parametrize("held", ["fetch source", "survey"])
def test_a_cancelled_inspection_stops_and_is_discarded(temporal: TemporalServer, held: str) -> None:
    request, steps = inspection_request(), FakeSteps(held={held})

    async def scenario() -> BaseException | None:
        async with working(temporal.client, steps):
            handle = await start_inspection(temporal.client, request)
            await until_begun(steps, held)
            await handle.cancel()
            with pytest.raises(WorkflowFailureError) as failure:
                await handle.result()
            return failure.value.cause

    assert isinstance(temporal.run(scenario()), CancelledError)
    assert steps.discarded == _discarded(request)
    assert steps.calls[-1] == "discard"
