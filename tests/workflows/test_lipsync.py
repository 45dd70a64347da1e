import asyncio
import math
import time
import uuid
from collections.abc import Callable
from dataclasses import replace

import pytest
from temporalio.client import Client, WorkflowExecutionStatus, WorkflowFailureError
from temporalio.exceptions import ApplicationError, CancelledError

from contracts.errors import FetchTimeout, NoFace, StorageBusy, UnreadableMedia
from contracts.jobs import (
    FaceChoice,
    JobError,
    JobView,
    MediaRef,
    OutputOptions,
    Role,
    Stage,
    Status,
    SyncMode,
    TimedText,
    Timings,
)
from contracts.steps import Queue
from contracts.visibility import JOB_PROGRESS, JOB_STAGE, JOB_STATUS
from tests.temporal_server import TemporalServer
from tests.workflows.fakes import FakeSteps, job_request, working
from tests.workflows.jobs import Job, shown, start, until_begun

pytestmark = pytest.mark.workflow


async def _ended(job: Job) -> BaseException | None:
    """Wait for a job's end and return why it did not succeed."""
    try:
        await job.result()
    except WorkflowFailureError as failure:
        return failure.cause
    return None


async def _cancelled_during(client: Client, steps: FakeSteps, call: str) -> tuple[BaseException | None, JobView]:
    async with working(client, steps):
        job = await start(client)
        await until_begun(steps, call)
        await job.cancel()
        return await _ended(job), await shown(job)


def test_a_job_that_goes_well_returns_and_shows_its_output(temporal: TemporalServer) -> None:
    steps = FakeSteps(segments=3)

    async def scenario() -> tuple[JobView, JobView]:
        async with working(temporal.client, steps):
            job = await start(temporal.client)
            return await job.result(), await shown(job)

    result, view = temporal.run(scenario())

    assert result == view
    assert (view.status, view.stage, view.percent) == (Status.SUCCEEDED, Stage.SETTLE, 100)
    assert (view.output, view.duration_s, view.credits) == (f"jobs/{view.job_id}/output.mp4", 12.0, 16)
    assert view.warnings == ("one face of two is driven",)
    assert view.started_at.endswith("Z")
    assert view.finished_at >= view.started_at
    assert sorted(steps.calls) == sorted(
        ["fetch image", "fetch audio", "analyse", "render 0", "render 1", "render 2", "publish", "settle"]
    )


def test_a_vocal_track_is_fetched_too_and_drives_the_lips(temporal: TemporalServer) -> None:
    steps = FakeSteps()
    vocal = MediaRef(role=Role.AUDIO, field="vocal", url="https://media.example/vocal.wav")
    request = job_request(str(uuid.uuid4()), vocal=vocal)

    async def scenario() -> None:
        async with working(temporal.client, steps):
            await (await start(temporal.client, request)).result()

    temporal.run(scenario())

    assert "fetch vocal" in steps.calls
    assert [[voice.media.field for voice in analysed.voices] for analysed in steps.analysed] == [["vocal"]]
    assert [analysed.audio.field for analysed in steps.analysed] == ["audio"]


def test_what_the_request_says_of_its_speech_reaches_the_analysis(temporal: TemporalServer) -> None:
    steps = FakeSteps()
    said, answered = (
        Timings(field=f"{side}_timings", entries=(TimedText(phones=phones, start_s=0.5, end_s=1),))
        for side, phones in (("left", "m"), ("right", "a"))
    )
    one = replace(
        job_request(str(uuid.uuid4())),
        timings=said,
        face=FaceChoice.RIGHT,
        options=OutputOptions(sync_mode=SyncMode.LOOP, sync_offset_ms=-80),
    )
    two = replace(one, job_id=str(uuid.uuid4()), right_audio=one.audio, right_timings=answered)

    async def scenario() -> None:
        async with working(temporal.client, steps):
            for request in (one, two):
                await (await start(temporal.client, request)).result()

    temporal.run(scenario())

    assert [[voice.timings for voice in step.voices] for step in steps.analysed] == [[said], [said, answered]]
    assert {step.face for step in steps.analysed} == {FaceChoice.RIGHT}
    assert {step.options for step in steps.analysed} == {one.options}


def test_a_fault_of_the_input_fails_the_job_at_once_with_its_own_code_and_words(temporal: TemporalServer) -> None:
    steps = FakeSteps(faults={"fetch audio": [UnreadableMedia("not an audio file (text/html)", field="audio")]})

    async def scenario() -> tuple[BaseException | None, JobView, WorkflowExecutionStatus | None]:
        async with working(temporal.client, steps):
            job = await start(temporal.client)
            return await _ended(job), await shown(job), (await job.describe()).status

    cause, view, execution = temporal.run(scenario())

    assert isinstance(cause, ApplicationError)
    assert (cause.type, cause.non_retryable) == ("unreadable_media", True)
    assert execution is WorkflowExecutionStatus.FAILED
    assert (view.status, view.stage) == (Status.FAILED, Stage.FETCH)
    assert view.error == JobError(code="unreadable_media", message="audio: not an audio file (text/html)")
    assert (view.output, view.credits) == ("", 0)
    assert steps.calls.count("fetch audio") == 1
    assert "analyse" not in steps.calls


def test_a_passing_fault_is_tried_again_and_forgotten(temporal: TemporalServer) -> None:
    steps = FakeSteps(faults={"render 1": [StorageBusy("the disk is full")], "analyse": [MemoryError()]})

    async def scenario() -> JobView:
        async with working(temporal.client, steps):
            return await (await start(temporal.client)).result()

    view = temporal.run(scenario())

    assert (view.status, view.error) == (Status.SUCCEEDED, None)
    assert (steps.calls.count("render 1"), steps.calls.count("render 0")) == (2, 1)


def test_a_fault_that_does_not_pass_fails_the_job_and_says_how_often_it_was_tried(skipping: TemporalServer) -> None:
    steps = FakeSteps(faults={"fetch audio": [FetchTimeout("the other side answered 503", field="audio")] * 9})

    async def scenario() -> JobView:
        async with working(skipping.client, steps):
            job = await start(skipping.client)
            await _ended(job)
            return await shown(job)

    view = skipping.run(scenario())

    assert steps.calls.count("fetch audio") == 5
    assert view.error == JobError(code="fetch_timeout", message="audio: the other side answered 503 (tried 5 times)")


@pytest.mark.parametrize("call", ["analyse", "render 1", "publish"])
def test_want_of_memory_is_lived_through_for_six_minutes(skipping: TemporalServer, call: str) -> None:
    steps = FakeSteps(faults={call: [MemoryError()] * 11})

    async def scenario() -> JobView:
        async with working(skipping.client, steps):
            return await (await start(skipping.client)).result()

    view = skipping.run(scenario())

    assert (view.status, steps.calls.count(call)) == (Status.SUCCEEDED, 12)
    assert view.execution_ms >= 363_000


def test_a_crash_of_our_own_soon_fails_the_job_and_is_reported_without_its_details(temporal: TemporalServer) -> None:
    steps = FakeSteps(faults={"publish": [RuntimeError("/secret/path")] * 20})

    async def scenario() -> JobView:
        # The server that skips time does not tell steps their limits.
        async with working(temporal.client, steps):
            job = await start(temporal.client)
            await _ended(job)
            return await shown(job)

    view = temporal.run(scenario())

    assert view.error == JobError(code="internal", message="something went wrong inside the service (tried 4 times)")


class SecondFailsLater(FakeSteps):
    """Whose second segment waits for the first to begin."""

    def _do(self, call: str) -> None:
        if call == "render 1":
            assert self.begun["render 0"].wait(60)
        super()._do(call)


def test_the_first_failed_segment_stops_the_others(temporal: TemporalServer) -> None:
    steps = SecondFailsLater(
        segments=3, faults={"render 1": [NoFace("no face found", field="image")]}, held={"render 0"}
    )

    async def scenario() -> JobView:
        async with working(temporal.client, steps):
            job = await start(temporal.client)
            await _ended(job)
            return await shown(job)

    view = temporal.run(scenario())

    assert view.error == JobError(code="no_face", message="image: no face found")
    assert steps.stopped == ["render 0"]
    assert "publish" not in steps.calls


@pytest.mark.parametrize("call", ["fetch audio", "analyse", "render 1", "publish"])
def test_a_cancelled_job_stops_its_step_within_two_seconds_and_is_settled_as_cancelled(
    temporal: TemporalServer, call: str
) -> None:
    async def scenario(steps: FakeSteps) -> tuple[float, BaseException | None, JobView]:
        async with working(temporal.client, steps):
            job = await start(temporal.client)
            await until_begun(steps, call)
            asked_at = time.monotonic()
            await job.cancel()
            while not steps.stopped:
                await asyncio.sleep(0.01)
            return time.monotonic() - asked_at, await _ended(job), await shown(job)

    took_s: list[float] = []
    # What keeps a busy machine for a moment delays one of three, a fault each of them.
    while len(took_s) < 3 and min(took_s, default=math.inf) >= 2:
        steps = FakeSteps(held={call})
        stopped_s, cause, view = temporal.run(scenario(steps))
        took_s.append(stopped_s)

        assert isinstance(cause, CancelledError)
        assert (view.status, view.error) == (Status.CANCELLED, JobError(code="cancelled", message="cancelled"))
        assert steps.stopped == [call]
        assert [outcome.status for outcome in steps.settled] == [Status.CANCELLED]
    assert min(took_s) < 2


def test_a_cancelled_job_shows_as_cancelled_in_temporal(temporal: TemporalServer) -> None:
    steps = FakeSteps(held={"analyse"})

    async def scenario() -> WorkflowExecutionStatus | None:
        async with working(temporal.client, steps):
            job = await start(temporal.client)
            await until_begun(steps, "analyse")
            await job.cancel()
            await _ended(job)
            return (await job.describe()).status

    assert temporal.run(scenario()) is WorkflowExecutionStatus.CANCELED


def test_a_step_that_finishes_in_spite_of_its_cancellation_is_the_last_one(temporal: TemporalServer) -> None:
    steps = FakeSteps(deaf={"analyse"})

    _, view = temporal.run(_cancelled_during(temporal.client, steps, "analyse"))

    assert view.status is Status.CANCELLED
    assert not any(call.startswith("render") for call in steps.calls)


def test_a_job_that_waits_for_a_gpu_can_be_cancelled_before_it_gets_one(temporal: TemporalServer) -> None:
    steps = FakeSteps()

    async def scenario() -> JobView:
        async with working(temporal.client, steps, without=[Queue.GPU]):
            job = await start(temporal.client)
            while (await shown(job)).stage is not Stage.ANALYSE:
                await asyncio.sleep(0.05)
            await job.cancel()
            await asyncio.wait_for(_ended(job), timeout=30)
            return await shown(job)

    assert temporal.run(scenario()).status is Status.CANCELLED
    assert "analyse" not in steps.calls


def test_a_cancellation_does_not_interrupt_the_settling(temporal: TemporalServer) -> None:
    steps = FakeSteps(deaf={"settle"})

    cause, view = temporal.run(_cancelled_during(temporal.client, steps, "settle"))

    assert cause is None
    assert (view.status, view.credits) == (Status.SUCCEEDED, 16)


@pytest.mark.parametrize(
    ("make", "status"),
    [
        (lambda: FakeSteps(), Status.SUCCEEDED),
        (lambda: FakeSteps(faults={"analyse": [NoFace("no face found", field="image")]}), Status.FAILED),
    ],
)
def test_every_outcome_is_settled_once(temporal: TemporalServer, make: Callable[[], FakeSteps], status: Status) -> None:
    steps = make()

    async def scenario() -> None:
        async with working(temporal.client, steps):
            await _ended(await start(temporal.client))

    temporal.run(scenario())

    assert [outcome.status for outcome in steps.settled] == [status]


def test_the_search_attributes_follow_the_job(temporal: TemporalServer) -> None:
    steps = FakeSteps(held={"render 0", "render 1"})

    async def scenario() -> tuple[object, ...]:
        async with working(temporal.client, steps):
            job = await start(temporal.client)
            await until_begun(steps, "render 0")
            found = (await job.describe()).typed_search_attributes
            await job.cancel()
            await _ended(job)
            return found[JOB_STATUS], found[JOB_STAGE], found[JOB_PROGRESS]

    assert temporal.run(scenario()) == ("running", "render", 30)


def test_progress_moves_with_the_segments_in_at_most_ten_steps(temporal: TemporalServer) -> None:
    steps = FakeSteps(segments=40, held={"render 39"})

    async def scenario() -> tuple[JobView, int]:
        async with working(temporal.client, steps):
            job = await start(temporal.client)
            while (view := await shown(job)).percent < 85:
                await asyncio.sleep(0.05)
            await job.cancel()
            await _ended(job)
            history = await job.fetch_history()
            upserts = [
                event for event in history.events if event.HasField("workflow_properties_modified_event_attributes")
            ]
            return view, len(upserts)

    view, upserts = temporal.run(scenario())

    assert view.percent < 95
    assert upserts <= 3 + 10 + 1


def test_a_job_is_queued_until_a_worker_begins_it_and_needs_none_to_show_that(temporal: TemporalServer) -> None:
    async def scenario() -> JobView:
        job = await start(temporal.client)
        view = await shown(job)
        await job.terminate()
        return view

    view = temporal.run(scenario())

    assert (view.status, view.percent, view.started_at) == (Status.QUEUED, 0, "")


def test_a_running_job_still_shows_its_state_when_every_worker_is_gone(temporal: TemporalServer) -> None:
    steps = FakeSteps(held={"render 0"})

    async def scenario() -> tuple[JobView, JobView]:
        async with working(temporal.client, steps):
            job = await start(temporal.client)
            await until_begun(steps, "render 0")
        without = await shown(job)
        async with working(temporal.client, FakeSteps()):
            return without, await job.result()

    without, result = temporal.run(scenario())

    assert (without.status, without.stage) == (Status.RUNNING, Stage.RENDER)
    assert result.status is Status.SUCCEEDED


def test_the_view_query_answers_as_the_memo_does(temporal: TemporalServer) -> None:
    steps = FakeSteps(held={"publish"})

    async def scenario() -> tuple[JobView, JobView]:
        async with working(temporal.client, steps):
            job = await start(temporal.client)
            await until_begun(steps, "publish")
            answers = await job.query("view", result_type=JobView), await shown(job)
            await job.cancel()
            await _ended(job)
            return answers

    queried, in_memo = temporal.run(scenario())

    assert queried == in_memo
