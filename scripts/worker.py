"""A worker process: one Temporal worker for each queue it polls. The one place where stubs meet implementations."""

import asyncio
import logging
import math
import signal
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta

from temporalio.client import Client
from temporalio.service import RPCError
from temporalio.worker import Interceptor, Worker

from activities.registry import WEBHOOK_SLOTS, Implementation, implementations
from contracts.errors import NotFound, Unavailable
from contracts.settings import Settings
from contracts.steps import Queue
from scripts import connection, retention_schedule, server_init
from scripts.worker_engines import keep_announcing
from scripts.worker_logs import tell_once
from scripts.worker_memory import MemoryWatch
from scripts.worker_steps import StepMeter
from storage.folders import make_private
from telemetry.catalogue import PROCESSES
from telemetry.meter import meter
from telemetry.tallies import FOLDER
from telemetry.temporal import flush, watched
from workflows.registry import WORKFLOWS, sandbox_runner

logger = logging.getLogger(__name__)

#: What a process like this is called where it is counted and traced.
PART = "worker"

#: How long running steps may go on after a signal to stop, unless told otherwise; what is not done by then is done
#: again elsewhere.
GRACE = timedelta(seconds=4)
#: A worker that has not stopped so many seconds after the grace is ended by the kernel, whatever it hangs in.
_HANGS_S = 4
#: Longest time between two heartbeats, and so between a cancellation and the step's hearing of it.
HEARTBEAT_THROTTLE = timedelta(seconds=0.8)
#: Activities at once. An engine has its device to itself; the flow queue has none.
SLOTS: Mapping[Queue, int] = {
    Queue.FLOW: 1,
    Queue.GPU: 1,
    Queue.IO: 16,
    Queue.CONTROL: 16,
    Queue.NOTIFY: WEBHOOK_SLOTS,
}

_RECONNECT_S = 1.0
#: Between two log lines about the same outage.
_TELL_EVERY_S = 30.0


def run_worker(settings: Settings, queues: frozenset[Queue], grace: timedelta = GRACE) -> int:
    """Poll the queues until SIGTERM or SIGINT, through any outage of the Temporal server.

    Args:
        settings: what the queues' steps go by.
        queues: which to poll.
        grace: how long running steps may go on after the signal.

    Returns:
        The exit code: 0 after a signal, 1 when a worker gave up.

    Raises:
        MouthpieceError: when something the queues' steps need is missing.
    """
    tell_once(logging.getLogger().handlers)
    make_private(settings.data_dir)
    meter.open(settings.data_dir / FOLDER)
    meter.set(PROCESSES, 1, PART)
    prepared = {queue: implementations(queue, settings) for queue in sorted(queues)}
    return asyncio.run(poll(settings, prepared, grace))


def build(
    client: Client,
    queue: Queue,
    activities: Sequence[Implementation],
    interceptors: Sequence[Interceptor] = (),
    grace: timedelta = GRACE,
) -> Worker:
    """Make the worker of one queue, with the limits that the queue's work calls for."""
    slots = SLOTS[queue]
    return Worker(
        client,
        task_queue=queue,
        workflows=WORKFLOWS if queue is Queue.FLOW else (),
        workflow_runner=sandbox_runner(),
        activities=activities,
        interceptors=interceptors,
        activity_executor=ThreadPoolExecutor(slots, thread_name_prefix=queue),
        max_concurrent_activities=slots,
        max_heartbeat_throttle_interval=HEARTBEAT_THROTTLE,
        graceful_shutdown_timeout=grace,
    )


async def poll(settings: Settings, prepared: Mapping[Queue, Sequence[Implementation]], grace: timedelta = GRACE) -> int:
    """Poll queues, with what does their steps, until a signal comes, memory runs out or a worker gives up.

    Returns:
        The exit code, 0 after a signal.
    """
    stop, told = asyncio.Event(), asyncio.Event()

    def tell() -> None:
        told.set()
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, tell)
    stopping = asyncio.create_task(stop.wait())
    client = await connect(settings, stop)
    if client is None:
        return 0
    watch = MemoryWatch(lambda: _end_for_want_of_memory(stop))
    workers = [build(client, queue, activities, [StepMeter(), watch], grace) for queue, activities in prepared.items()]
    beside = [asyncio.create_task(_schedule(client, stop))] if Queue.CONTROL in prepared else []
    if Queue.GPU in prepared:
        beside.append(asyncio.create_task(keep_announcing(settings, stop)))
    running = [asyncio.create_task(worker.run()) for worker in workers]
    logger.info("worker_polls queues=%s identity=%s", ",".join(prepared), client.identity)
    await asyncio.wait([stopping, *running], return_when=asyncio.FIRST_COMPLETED)
    # Only who is told to stop may take long over it.
    left = grace if told.is_set() else GRACE
    _end_at_last(left)
    logger.info("worker_stops grace_s=%g", left.total_seconds())
    stop.set()
    await asyncio.gather(*beside)
    await asyncio.gather(*(worker.shutdown() for worker in workers))
    for task in running:
        if fault := task.exception():
            logger.error("worker_gave_up fault=%r", fault)
    await asyncio.to_thread(flush, settings)
    logger.info("worker_is_empty identity=%s", client.identity)
    return 0 if told.is_set() else 1


def _end_for_want_of_memory(stop: asyncio.Event) -> None:
    # First, as all that comes after it may fail for the same want.
    _end_at_last(GRACE)
    stop.set()
    logger.error("worker_out_of_memory")


def _end_at_last(grace: timedelta) -> None:
    """Have the kernel end this process if it does not end by itself."""
    signal.alarm(math.ceil(grace.total_seconds()) + _HANGS_S)


async def _schedule(client: Client, stop: asyncio.Event) -> None:
    """See to it that retention is scheduled, however long the server is away."""
    while not stop.is_set():
        try:
            await retention_schedule.ensure(client)
        except RPCError as fault:
            logger.warning("retention_unscheduled fault=%s", fault)
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), _TELL_EVERY_S)
        else:
            return


async def connect(settings: Settings, stop: asyncio.Event) -> Client | None:
    """Connect to the data folder's stack or as Temporal's variables and profile say, however long it takes.

    Returns:
        None once told to stop.
    """
    told_at = -math.inf
    while not stop.is_set():
        try:
            client = await connection.connect(settings, watched(settings, PART))
            await server_init.check_namespace(client)
        except (Unavailable, NotFound) as fault:
            if time.monotonic() - told_at >= _TELL_EVERY_S:
                told_at = time.monotonic()
                logger.warning("temporal_unusable fault=%s remedy=%s", fault, fault.remedy)
        else:
            return client
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), _RECONNECT_S)
    return None
