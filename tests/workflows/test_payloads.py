"""Jobs whose payloads are encrypted, on a real Temporal server."""

import asyncio
import uuid
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from temporalio.client import Client, WorkflowExecutionDescription, WorkflowHistory

from api.temporal import TemporalGateway
from contracts.errors import UnreadableMedia
from contracts.jobs import JobRequest, JobView, MediaRef, Role, Script, Status, workflow_id
from scripts import replay
from storage.payloads import PayloadLocked, data_converter, key_id
from tests.temporal_server import TemporalServer
from tests.workflows.fakes import FakeSteps, job_request, working
from tests.workflows.jobs import until_begun

pytestmark = pytest.mark.workflow

OLD, NEW = (b64encode(letter * 32).decode() for letter in (b"o", b"n"))
TELL_TALES = (b"tell-tale", b"media.example", b"hooks.example", b"a secret script", b"was torn")


def told() -> JobRequest:
    """A request whose every part would tell."""
    request = job_request(str(uuid.uuid4()))
    voice = MediaRef(role=Role.AUDIO, field="audio", url="https://media.example/voice.wav?sig=tell-tale")
    script = Script(text="a secret script", voice_id="v")
    return replace(request, audio=voice, script=script, webhook_url="https://hooks.example/?key=tell-tale")


@contextmanager
def gateway(temporal: TemporalServer, keys: str) -> Iterator[TemporalGateway]:
    found = TemporalGateway(temporal.address, payload_keys=keys)
    yield found
    found.close()


async def client(temporal: TemporalServer, keys: str) -> Client:
    return await Client.connect(temporal.address, data_converter=data_converter(keys))


def done(temporal: TemporalServer, keys: str, job_id: str, steps: FakeSteps | None = None) -> None:
    """Work with these keys until a job has ended, however it does."""

    async def work() -> None:
        worker = await client(temporal, keys)
        async with working(worker, steps or FakeSteps()):
            handle = worker.get_workflow_handle(workflow_id(job_id))
            await asyncio.wait([asyncio.ensure_future(handle.result())], timeout=30)

    temporal.run(work())


def stored(temporal: TemporalServer, job_id: str) -> tuple[WorkflowHistory, WorkflowExecutionDescription]:
    """All that Temporal has of a job, as it has it."""

    async def look() -> tuple[WorkflowHistory, WorkflowExecutionDescription]:
        handle = temporal.client.get_workflow_handle(workflow_id(job_id))
        return await handle.fetch_history(), await handle.describe()

    return temporal.run(look())


def raw(temporal: TemporalServer, job_id: str) -> bytes:
    history, description = stored(temporal, job_id)
    events = b"".join(event.SerializeToString() for event in history.events)
    return events + description.raw_description.SerializeToString()


def test_a_job_is_done_and_its_history_shows_nothing_of_the_request(temporal: TemporalServer) -> None:
    request = told()
    with gateway(temporal, OLD) as line:
        line.start(request)
        queued = line.view(request.job_id)
        done(temporal, OLD, request.job_id, FakeSteps(webhook_url="https://hooks.example/?key=tell-tale"))
        view = line.view(request.job_id)
        found = raw(temporal, request.job_id)

    assert (queued and queued.status, view and view.status) == (Status.QUEUED, Status.SUCCEEDED)
    assert [word for word in TELL_TALES if word in found] == []
    assert found.count(key_id(b"o" * 32).encode()) > 20


def test_without_keys_the_same_search_finds_the_request(temporal: TemporalServer) -> None:
    request = told()
    with gateway(temporal, "") as line:
        line.start(request)
        done(temporal, "", request.job_id)

    assert b"tell-tale" in raw(temporal, request.job_id)


def test_a_failures_words_reach_the_client_and_not_the_history(temporal: TemporalServer) -> None:
    request = told()
    torn = UnreadableMedia("https://media.example was torn", field="audio")
    with gateway(temporal, OLD) as line:
        line.start(request)
        done(temporal, OLD, request.job_id, FakeSteps(faults={"fetch image": [torn]}))
        view = line.view(request.job_id)
        found = raw(temporal, request.job_id)

    assert view is not None
    assert view.error is not None
    assert (view.error.code, view.error.message) == ("unreadable_media", "audio: https://media.example was torn")
    assert [word for word in TELL_TALES if word in found] == []
    assert b"unreadable_media" in found


def test_progress_is_seen_while_a_step_runs(temporal: TemporalServer) -> None:
    request, steps = job_request(str(uuid.uuid4())), FakeSteps(segments=1, held={"render 0"})

    async def scenario(line: TemporalGateway) -> tuple[JobView | None, bytes]:
        worker = await client(temporal, OLD)
        async with working(worker, steps):
            await until_begun(steps, "render 0")
            for _ in range(300):
                view = await asyncio.to_thread(line.view, request.job_id)
                if view and view.percent > 30:
                    break
                await asyncio.sleep(0.1)
            described = await temporal.client.get_workflow_handle(workflow_id(request.job_id)).describe()
            (pending,) = described.raw_description.pending_activities
            line.cancel(request.job_id)
            await asyncio.wait([asyncio.ensure_future(worker.get_workflow_handle(described.id).result())])
            return view, pending.heartbeat_details.SerializeToString()

    with gateway(temporal, OLD) as line:
        line.start(request)
        view, heartbeat = temporal.run(scenario(line))

    assert view is not None
    assert view.percent > 30
    assert b"encryption-key-id" in heartbeat


@pytest.mark.parametrize(("began", "went_on"), [("", OLD), (OLD, f"{NEW},{OLD}"), (OLD, f"{OLD},{NEW}")])
def test_a_job_goes_on_under_other_keys_as_long_as_the_old_one_is_among_them(
    temporal: TemporalServer, began: str, went_on: str
) -> None:
    request, steps = job_request(str(uuid.uuid4())), FakeSteps(held={"render 1"})

    async def begin() -> None:
        async with working(await client(temporal, began), steps):
            await until_begun(steps, "render 1")

    with gateway(temporal, began) as line:
        line.start(request)
    temporal.run(begin())
    rest = FakeSteps()
    done(temporal, went_on, request.job_id, rest)

    with gateway(temporal, went_on) as line:
        view = line.view(request.job_id)
        listed = line.view_all([request.job_id])
    assert view is not None
    assert (view.status, listed) == (Status.SUCCEEDED, {request.job_id: view})
    assert "analyse" not in rest.calls
    first = key_id((b"n" if went_on.startswith(NEW) else b"o") * 32)
    assert first.encode() in raw(temporal, request.job_id)


@pytest.mark.parametrize("keys", ["", NEW])
def test_without_the_key_a_job_is_not_shown_and_waits_for_a_worker_that_has_it(
    temporal: TemporalServer, keys: str
) -> None:
    request, steps = job_request(str(uuid.uuid4())), FakeSteps()

    async def fail() -> None:
        async with working(await client(temporal, keys), steps):
            await asyncio.sleep(1)

    with gateway(temporal, OLD) as line, gateway(temporal, keys) as stranger:
        line.start(request)
        with pytest.raises(PayloadLocked, match="MOUTHPIECE_PAYLOAD_KEYS"):
            stranger.view(request.job_id)
        temporal.run(fail())
        done(temporal, OLD, request.job_id)
        view = line.view(request.job_id)

    assert steps.calls == []
    assert view is not None
    assert view.status is Status.SUCCEEDED


def test_an_encrypted_history_replays_with_its_key_and_says_so_without(temporal: TemporalServer) -> None:
    request = job_request(str(uuid.uuid4()))
    with gateway(temporal, OLD) as line:
        line.start(request)
    done(temporal, OLD, request.job_id)

    async def replayed(keys: str) -> replay.ReplayReport:
        return await replay.replay_job(await client(temporal, keys), request.job_id)

    assert temporal.run(replayed(OLD)).deterministic
    with pytest.raises(PayloadLocked, match="MOUTHPIECE_PAYLOAD_KEYS"):
        temporal.run(replayed(""))


def test_a_failed_job_is_run_again_from_the_step_that_failed(temporal: TemporalServer) -> None:
    request = job_request(str(uuid.uuid4()))
    with gateway(temporal, OLD) as line:
        line.start(request)
        done(temporal, OLD, request.job_id, FakeSteps(faults={"publish": [UnreadableMedia("was torn")]}))
        retried = line.retry(request.job_id)
        done(temporal, OLD, request.job_id)
        view = line.view(request.job_id)

    assert retried.step == "publish"
    assert view is not None
    assert view.status is Status.SUCCEEDED
