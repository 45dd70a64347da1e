"""What becomes of a worker in which memory ran out."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from temporalio import activity, workflow
from temporalio.common import RetryPolicy
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from contracts.steps import Queue
from tests.temporal_server import TemporalServer

pytestmark = pytest.mark.workflow

HUNGRY, HANGING = "hungry", "hanging"
START = (
    "import asyncio, sys, os; from scripts.worker import poll; from scripts.options import read_settings;"
    "from contracts.steps import Queue; from tests.workflows.test_worker_memory import take_all, hang;"
    "code = asyncio.run(poll(read_settings(), {Queue.CONTROL: [take_all, hang]})); sys.stderr.flush(); os._exit(code)"
)


@activity.defn(name=HUNGRY)
def take_all() -> None:
    raise MemoryError


@activity.defn(name=HANGING)
def hang() -> None:
    while True:
        signal.pause()


@workflow.defn(name="memory-test")
class Steps:
    @workflow.run
    async def run(self, names: list[str]) -> None:
        await asyncio.gather(*(self._step(name) for name in names))

    async def _step(self, name: str) -> None:
        await workflow.execute_activity(
            name,
            task_queue=Queue.CONTROL,
            start_to_close_timeout=timedelta(seconds=60),
            retry_policy=RetryPolicy(maximum_attempts=1),
        )


@contextmanager
def _worker(data_dir: Path, address: str) -> Iterator["subprocess.Popen[bytes]"]:
    environ = {**os.environ, "TEMPORAL_ADDRESS": address, "MOUTHPIECE_DATA_DIR": str(data_dir)}
    process = subprocess.Popen([sys.executable, "-c", START], env=environ)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


async def _run_steps(temporal: TemporalServer, names: list[str]) -> None:
    queue = f"memory-{'-'.join(names)}"
    async with Worker(
        temporal.client, task_queue=queue, workflows=[Steps], workflow_runner=UnsandboxedWorkflowRunner()
    ):
        await temporal.client.start_workflow("memory-test", names, id=queue, task_queue=queue)
        # The workflow fails with its first step; the worker is what is looked at.
        await asyncio.wait([asyncio.create_task(temporal.client.get_workflow_handle(queue).result())])


def test_a_worker_in_which_memory_ran_out_tells_so_and_ends_for_a_fresh_one(
    temporal: TemporalServer, tmp_path: Path
) -> None:
    with _worker(tmp_path, temporal.address) as process:
        temporal.run(_run_steps(temporal, [HUNGRY]))
        code = process.wait(timeout=60)

    assert code == 1


def test_a_worker_that_cannot_even_stop_is_ended_by_the_kernel(temporal: TemporalServer, tmp_path: Path) -> None:
    with _worker(tmp_path, temporal.address) as process:
        temporal.run(_run_steps(temporal, [HANGING, HUNGRY]))
        code = process.wait(timeout=30)

    assert code == -signal.SIGALRM
