"""What the doctor says of a Temporal server and of jobs that stand still, on a real one."""

import asyncio
import re
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from temporalio.api.common.v1 import ActivityType
from temporalio.api.failure.v1 import Failure
from temporalio.api.workflow.v1 import PendingActivityInfo
from temporalio.client import Client

from contracts.retention import SCHEDULE_ID
from contracts.settings import Secret, Settings
from contracts.steps import Queue
from scripts import doctor_jobs, doctor_queues, doctor_stack, retention_schedule
from scripts.doctor import State
from storage.payloads import data_converter
from tests.temporal_server import TemporalServer, development_server
from tests.workflows.fakes import job_request
from tests.workflows.jobs import start

pytestmark = pytest.mark.workflow

KEY = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="


@pytest.fixture(scope="module")
def temporal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TemporalServer]:
    """A server that no worker of other tests has polled: it lists them for minutes."""
    with development_server(tmp_path_factory.mktemp("temporal")) as server:
        yield server


def test_a_queue_without_workers_is_told_with_what_waits_in_it(temporal: TemporalServer) -> None:
    async def scenario() -> dict[str, tuple[State, str]]:
        await start(temporal.client, job_request(str(uuid.uuid4())))
        for _ in range(300):
            found = {each.name: (each.state, each.detail) for each in await doctor_queues.look(temporal.client)}
            if "waiting" in found["queue flow"][1]:
                break
            await asyncio.sleep(0.1)
        return found

    found = temporal.run(scenario())

    assert list(found) == [f"queue {queue}" for queue in Queue]
    assert found["queue flow"][0] is State.FAULT
    assert "no worker polls it; about" in found["queue flow"][1]
    assert "waiting, the oldest for" in found["queue flow"][1]


def test_the_clock_of_the_same_machine_is_the_servers(temporal: TemporalServer) -> None:
    finding = temporal.run(doctor_queues.clock(temporal.client))

    assert finding.state is State.OK
    assert re.fullmatch(r"within [0-4]\.\d s of Temporal's", finding.detail)


def test_a_job_that_is_young_is_not_stuck(temporal: TemporalServer) -> None:
    async def scenario() -> State:
        await start(temporal.client, job_request(str(uuid.uuid4())))
        await asyncio.sleep(1)
        return (await doctor_jobs.stuck(temporal.client)).state

    assert temporal.run(scenario()) is State.OK


def test_steps_that_do_not_come_on_are_told_with_the_reason() -> None:
    now = int(time.time())
    name, long_ago = ActivityType(name="render"), Timestamp(seconds=now - 1800)
    failure = Failure(message="the disk is full\nTraceback")
    steps = [
        PendingActivityInfo(activity_type=name, attempt=5, last_failure=failure, last_started_time=long_ago),
        PendingActivityInfo(activity_type=name, attempt=1, scheduled_time=long_ago),
        PendingActivityInfo(activity_type=name, attempt=1, paused=True),
        PendingActivityInfo(activity_type=name, attempt=1, scheduled_time=long_ago, last_started_time=long_ago),
        PendingActivityInfo(activity_type=name, attempt=1, scheduled_time=Timestamp(seconds=now)),
    ]

    assert [doctor_jobs.standstill(step) for step in steps] == [
        "render is tried for the 5th time: the disk is full",
        "render has waited 30 min for a worker",
        "render is paused",
        "",
        "",
    ]


def test_a_schedule_of_retention_that_is_missing_or_paused_is_told(temporal: TemporalServer) -> None:
    async def scenario() -> list[tuple[State, str]]:
        found = [await doctor_jobs.retention(temporal.client)]
        await retention_schedule.ensure(temporal.client)
        found.append(await doctor_jobs.retention(temporal.client))
        handle = temporal.client.get_schedule_handle(SCHEDULE_ID)
        await handle.pause()
        found.append(await doctor_jobs.retention(temporal.client))
        await handle.delete()
        return [(each.state, each.detail) for each in found]

    assert temporal.run(scenario()) == [
        (State.NOTE, "nothing is scheduled"),
        (State.OK, "scheduled, not yet due"),
        (State.NOTE, "it is paused"),
    ]


def test_a_payload_key_that_is_missing_here_is_told(temporal: TemporalServer, tmp_path: Path) -> None:
    async def scenario() -> tuple[State, State]:
        sealed = Client(
            temporal.client.service_client, namespace=temporal.client.namespace, data_converter=data_converter(KEY)
        )
        handle = await start(sealed, job_request(str(uuid.uuid4())))
        keyless = Client(
            temporal.client.service_client, namespace=temporal.client.namespace, data_converter=data_converter("")
        )
        # A job is listed a moment after it was begun.
        for _ in range(300):
            without = await doctor_jobs.payload_keys(keyless, Settings(data_dir=tmp_path))
            if without.state is State.FAULT:
                break
            await asyncio.sleep(0.1)
        with_key = await doctor_jobs.payload_keys(sealed, Settings(data_dir=tmp_path, payload_keys=Secret(KEY)))
        await handle.terminate()
        return with_key.state, without.state

    assert temporal.run(scenario()) == (State.OK, State.FAULT)


def test_whether_keys_can_take_turns_goes_by_partitions_and_is_never_promised(temporal: TemporalServer) -> None:
    finding = temporal.run(doctor_queues.turns(temporal.client))

    assert finding.state in {State.OK, State.NOTE}
    assert "partition" in finding.detail
    assert "matching.enableFairness" in finding.detail


def test_a_server_that_is_named_and_does_not_answer_is_a_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEMPORAL_ADDRESS", "127.0.0.1:1")
    named = asyncio.run(doctor_stack.server(Settings(data_dir=tmp_path)))

    assert [(each.name, each.state) for each in named] == [("server", State.FAULT)]
    assert "127.0.0.1:1" in named[0].detail
