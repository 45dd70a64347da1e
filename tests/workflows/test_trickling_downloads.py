"""Inputs that trickle in hold up nobody else's, and are brought in all the same: the real step, worker and server."""

import asyncio
import threading
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from temporalio import activity, workflow
from temporalio.client import WorkflowFailureError
from temporalio.worker import UnsandboxedWorkflowRunner, Worker
from temporalio.workflow import ActivityCancellationType

from activities.boundary import at_boundary
from activities.registry import FETCH_PLACES, implementations
from contracts.jobs import JobView, MediaInfo, MediaRef, Role, Status
from contracts.settings import Settings
from contracts.steps import FETCH, FetchInput, FetchResult, Queue
from scripts.worker import SLOTS, build
from tests.activities.http_server import Answer, content, serving
from tests.activities.media import write_voice
from tests.temporal_server import TemporalServer
from tests.workflows.fakes import FakeSteps, working
from tests.workflows.jobs import shown, start, until_begun
from workflows.inputs import fetch

pytestmark = pytest.mark.workflow

TRICKLING = 30
QUEUE = "trickling-downloads"


@workflow.defn(name="bring-one-in")
class BringOneIn:
    @workflow.run
    async def run(self, step: FetchInput) -> MediaInfo:
        return await fetch(step, ActivityCancellationType.TRY_CANCEL)


def _trickle(body: bytes, released: threading.Event) -> Answer:
    """Send a byte now and then until released, and then the rest."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        sent = 0
        while not released.wait(0.2):
            sent += handler.wfile.write(body[sent : sent + 1])
        handler.wfile.write(body[sent:])

    return answer


def _step(url: str, name: str, key_id: str) -> FetchInput:
    media = MediaRef(role=Role.AUDIO, field="audioUrl", url=url)
    return FetchInput(job_id=f"{key_id}-{name}", media=media, key_id=key_id)


def test_downloads_that_trickle_leave_room_for_others_and_end_well(temporal: TemporalServer, tmp_path: Path) -> None:
    settings = Settings.from_env(
        {"MOUTHPIECE_DATA_DIR": str(tmp_path / "data"), "MOUTHPIECE_FETCH_ALLOW": "127.0.0.0/8"}
    )
    voice = write_voice(tmp_path / "voice.wav").read_bytes()
    released = threading.Event()

    async def scenario(url: str) -> tuple[float, list[MediaInfo]]:
        client = temporal.client
        flow = Worker(client, task_queue=QUEUE, workflows=[BringOneIn], workflow_runner=UnsandboxedWorkflowRunner())
        async with flow, build(client, Queue.IO, implementations(Queue.IO, settings)):
            greedy = [
                await client.start_workflow(
                    BringOneIn.run,
                    _step(f"{url}/slow", str(number), "greedy"),
                    id=f"{QUEUE}-{number}",
                    task_queue=QUEUE,
                )
                for number in range(TRICKLING)
            ]
            await asyncio.sleep(2)
            begun = time.monotonic()
            step = _step(f"{url}/quick", "one", "modest")
            await client.execute_workflow(BringOneIn.run, step, id=f"{QUEUE}-modest", task_queue=QUEUE)
            took_s = time.monotonic() - begun
            released.set()
            return took_s, await asyncio.gather(*(each.result() for each in greedy))

    with serving({"/slow": _trickle(voice, released), "/quick": content(voice, "audio/wav")}) as site:
        took_s, brought = temporal.run(scenario(site.url))

    # It would wait for those that trickle, which only then go on.
    assert took_s < 20, "seconds until the other key's file was in"
    assert [each.size_bytes for each in brought] == [len(voice)] * TRICKLING


def test_a_file_may_wait_for_days_for_its_turn(skipping: TemporalServer) -> None:
    asked: list[datetime] = []

    @activity.defn(name=FETCH.name)
    async def not_yet(step: FetchInput) -> FetchResult:
        now = activity.info().scheduled_time
        asked.append(now)
        found = MediaInfo(role=Role.AUDIO, field="audioUrl", blob="a", container="audio/wav", size_bytes=1)
        return FetchResult(media=found if now - asked[0] > timedelta(days=2) else None)

    async def scenario() -> int:
        client, step = skipping.client, _step("https://media.example/a.wav", "one", "greedy")
        flow = Worker(client, task_queue=QUEUE, workflows=[BringOneIn], workflow_runner=UnsandboxedWorkflowRunner())
        async with flow, Worker(client, task_queue=Queue.IO, activities=[not_yet]):
            handle = await client.start_workflow(BringOneIn.run, step, id=f"{QUEUE}-days", task_queue=QUEUE)
            await handle.result()
            return len((await handle.fetch_history()).events)

    assert skipping.run(scenario()) < 10_240, (
        "events, of which Temporal takes five times as many and then ends a workflow"
    )


@dataclass
class Crowded(FakeSteps):
    """Steps of a worker that has no place for any input."""

    @activity.defn(name=FETCH.name, no_thread_cancel_exception=True)
    @at_boundary
    def fetch(self, step: FetchInput) -> FetchResult:
        self._act(step.media.field)
        return FetchResult(media=None)


def test_a_job_whose_files_wait_for_their_turn_can_be_cancelled(temporal: TemporalServer) -> None:
    steps = Crowded()

    async def scenario() -> JobView:
        async with working(temporal.client, steps):
            job = await start(temporal.client)
            await until_begun(steps, "audio")
            await job.cancel()
            with pytest.raises(WorkflowFailureError):
                await asyncio.wait_for(job.result(), 20)
            return await shown(job)

    view = temporal.run(scenario())

    assert view.status is Status.CANCELLED
    assert [each.status for each in steps.settled] == [Status.CANCELLED]


def test_what_finishes_jobs_has_slots_that_downloads_do_not_take() -> None:
    assert SLOTS[Queue.IO] * 3 / 4 >= FETCH_PLACES
