"""Worker processes as operators run them."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest

from contracts.steps import Queue
from tests.temporal_server import TemporalServer

pytestmark = pytest.mark.workflow

START = (
    "import os, sys; from scripts.worker import run_worker; from scripts.options import read_settings;"
    "from contracts.steps import Queue; from datetime import timedelta;"
    "code = run_worker(read_settings(), frozenset(map(Queue, sys.argv[1:])), timedelta(seconds=30));"
    "sys.stderr.flush(); os._exit(code)"
)


@contextmanager
def _worker(data_dir: Path, address: str, *queues: Queue) -> Iterator["subprocess.Popen[str]"]:
    process = subprocess.Popen(
        [sys.executable, "-c", START, *queues],
        env={**os.environ, "TEMPORAL_ADDRESS": address, "MOUTHPIECE_DATA_DIR": str(data_dir)},
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def _read_until(process: "subprocess.Popen[str]", words: str) -> str:
    assert process.stderr is not None
    for line in process.stderr:
        if words in line:
            return line
    raise AssertionError(f"the worker ended without a line of {words!r}")


def _pollers(temporal: TemporalServer, queue: Queue, kind: "TaskQueueType.ValueType") -> set[str]:
    request = DescribeTaskQueueRequest(
        namespace=temporal.client.namespace, task_queue=TaskQueue(name=queue), task_queue_type=kind
    )
    answer = temporal.run(temporal.client.workflow_service.describe_task_queue(request))
    return {poller.identity for poller in answer.pollers}


def test_a_worker_polls_its_queues_and_stops_when_told_to(temporal: TemporalServer, tmp_path: Path) -> None:
    with _worker(tmp_path, temporal.address, Queue.FLOW, Queue.IO, Queue.CONTROL) as process:
        identity = _read_until(process, "worker_polls").rsplit("identity=", 1)[1].strip()
        for _ in range(100):
            time.sleep(0.3)
            activities = TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY
            polled = {queue for queue in Queue if identity in _pollers(temporal, queue, activities)}
            flow = _pollers(temporal, Queue.FLOW, TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW)
            if polled >= {Queue.IO, Queue.CONTROL} and identity in flow:
                break
        process.send_signal(signal.SIGTERM)
        code = process.wait(timeout=60)

    assert code == 0
    assert polled == {Queue.IO, Queue.CONTROL}
    assert identity in flow


def test_a_worker_waits_for_a_server_that_is_not_there_yet(tmp_path: Path) -> None:
    with _worker(tmp_path, "127.0.0.1:1", Queue.CONTROL) as process:
        _read_until(process, "temporal_unusable")
        process.send_signal(signal.SIGINT)
        code = process.wait(timeout=60)

    assert code == 0
