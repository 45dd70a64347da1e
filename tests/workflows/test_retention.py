"""Retention on a real server: step by step, by schedule, and through the death of its worker."""

import os
import subprocess
import sys
import time
import uuid
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from temporalio.client import (
    Client,
    ScheduleActionExecutionStartWorkflow,
    ScheduleActionStartWorkflow,
    WorkflowHandle,
)
from temporalio.service import RPCError

from contracts.errors import StorageBusy
from contracts.retention import SCHEDULE_ID, Phase, PruneInput, RetentionProgress
from contracts.steps import Queue
from scripts import retention_schedule
from storage.payloads import data_converter, key_id
from storage.records import Records
from tests.storage.requests import a_request, a_success
from tests.temporal_server import TemporalServer, development_server
from tests.workflows.fakes import FakeSteps, working
from workflows.retention import Retention

pytestmark = [pytest.mark.workflow, pytest.mark.timeout(300)]

JOBS = 900
OLD = "2020-01-01T00:00:00Z"
WORKER = (
    "import os, sys; from scripts.worker import run_worker; from scripts.options import read_settings;"
    "from contracts.steps import Queue; run_worker(read_settings(), frozenset({Queue.FLOW, Queue.CONTROL}))"
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TemporalServer]:
    """A server of its own, as there is one schedule for each."""
    with development_server(tmp_path_factory.mktemp("retention")) as server:
        yield server


async def _begun(server: TemporalServer, progress: RetentionProgress) -> WorkflowHandle[Retention, RetentionProgress]:
    return await server.client.start_workflow(
        Retention.run, progress, id=f"retention-{uuid.uuid4()}", task_queue=Queue.FLOW
    )


def test_every_phase_is_gone_through_step_by_step_and_faults_are_sat_out(server: TemporalServer) -> None:
    steps = FakeSteps(faults={"prune inputs": [StorageBusy("the file store is away")]})

    async def scenario() -> RetentionProgress:
        async with working(server.client, steps):
            return await (await _begun(server, RetentionProgress())).result()

    result = server.run(scenario())

    assert list(dict.fromkeys(step.phase for step in steps.pruned)) == list(Phase)
    outputs = [step.cursor for step in steps.pruned if step.phase is Phase.OUTPUTS]
    assert outputs == ["", "a", "b", "c"]
    assert result.removed == {phase.value: 2 for phase in Phase} | {"outputs": 8}


def test_a_pass_goes_on_where_the_one_before_handed_over(server: TemporalServer) -> None:
    steps = FakeSteps()
    progress = RetentionProgress(phase=Phase.OUTPUTS, cursor="b", removed={"records": 5})

    async def scenario() -> RetentionProgress:
        async with working(server.client, steps):
            return await (await _begun(server, progress)).result()

    result = server.run(scenario())

    assert steps.pruned[0] == PruneInput(phase=Phase.OUTPUTS, cursor="b")
    assert Phase.RECORDS not in {step.phase for step in steps.pruned}
    assert result.removed["records"] == 5


def test_the_schedule_is_made_once_kept_current_and_stays_paused(server: TemporalServer) -> None:
    async def scenario() -> tuple[timedelta, bool]:
        handle = server.client.get_schedule_handle(SCHEDULE_ID)
        await retention_schedule.ensure(server.client)
        outdated = retention_schedule.described()
        outdated.spec.intervals = [replace(outdated.spec.intervals[0], every=timedelta(days=9))]
        outdated.state.paused = True
        await handle.delete()
        await server.client.create_schedule(SCHEDULE_ID, outdated)
        for _ in range(2):
            await retention_schedule.ensure(server.client)
        found = (await handle.describe()).schedule
        return found.spec.intervals[0].every, found.state.paused

    every, is_paused = server.run(scenario())

    assert every == retention_schedule.EVERY
    assert is_paused


def test_a_schedule_takes_the_key_that_payloads_are_encrypted_with_now(server: TemporalServer) -> None:
    old, new = (b64encode(letter * 32).decode() for letter in (b"o", b"n"))

    async def scenario() -> list[bytes]:
        handle, seen = server.client.get_schedule_handle(SCHEDULE_ID), []
        with suppress(RPCError):
            await handle.delete()
        for keys in (old, f"{new},{old}", new, ""):
            client = await Client.connect(server.address, data_converter=data_converter(keys))
            await retention_schedule.ensure(client)
            action = (await handle.describe()).schedule.action
            assert isinstance(action, ScheduleActionStartWorkflow)
            seen += [payload.metadata.get("encryption-key-id", b"") for payload in action.args]
        return seen

    names = [key_id(letter * 32).encode() for letter in (b"o", b"n", b"n")]
    assert server.run(scenario()) == [*names, b""]


@contextmanager
def _worker(data: Path, address: str) -> Iterator["subprocess.Popen[bytes]"]:
    environ = {
        "TEMPORAL_ADDRESS": address,
        "MOUTHPIECE_DATA_DIR": str(data),
        "MOUTHPIECE_KEEP_RECORDS_DAYS": "30",
        "MOUTHPIECE_LOG_LEVEL": "WARNING",
    }
    process = subprocess.Popen([sys.executable, "-c", WORKER], env={**os.environ, **environ})
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def _filled(data: Path) -> Path:
    """A folder of many old jobs and one that goes on; returns the last one's input."""
    records = Records(data / "records.db")
    with records._file.writing():
        for _ in range(JOBS):
            request = a_request()
            records.jobs.add(request, OLD)
            records.jobs.settle(replace(a_success(request), finished_at=OLD), 30)
            output = data / "blobs" / "jobs" / request.job_id / "output.mp4"
            output.parent.mkdir(parents=True)
            output.write_bytes(b"film")
        running = a_request()
        records.jobs.add(running, OLD)
        records.jobs.mark_started(running.job_id)
    kept = data / "blobs" / "jobs" / running.job_id / "inputs" / "audio-0"
    kept.parent.mkdir(parents=True)
    kept.write_bytes(b"voice")
    os.utime(kept, (0, 0))
    records.close()
    return kept


def _left(data: Path) -> int:
    return len(list((data / "blobs" / "jobs").iterdir()))


def test_a_worker_makes_the_schedule_and_killed_in_a_pass_leaves_it_to_its_successor(
    server: TemporalServer, tmp_path: Path
) -> None:
    kept = _filled(tmp_path)

    handle = server.client.get_schedule_handle(SCHEDULE_ID)
    with suppress(RPCError):
        server.run(handle.delete())

    async def is_triggered() -> bool:
        with suppress(RPCError):
            await handle.trigger()
            return True
        return False

    async def outcome() -> RetentionProgress:
        described = await handle.describe()
        started = described.info.recent_actions[-1].action
        assert isinstance(started, ScheduleActionExecutionStartWorkflow)
        return await server.client.get_workflow_handle_for(Retention.run, started.workflow_id).result()

    with _worker(tmp_path, server.address) as first:
        _until(lambda: server.run(is_triggered()))
        _until(lambda: _left(tmp_path) < JOBS - 50)
        first.kill()
        first.wait()
    midst = _left(tmp_path)
    with _worker(tmp_path, server.address):
        result = server.run(outcome())

    assert 1 < midst < JOBS
    assert _left(tmp_path) == 1
    assert kept.read_bytes() == b"voice"
    assert 0 < result.removed["records"] <= JOBS
    records = Records(tmp_path / "records.db")
    assert [job.status for job in records.jobs.list(limit=JOBS)] == ["queued"]
    records.close()


def _until(look: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not look():
        assert time.monotonic() < deadline
        time.sleep(0.01)
