"""The loop on its own thread."""

import asyncio
import os
import threading

import pytest

from api.event_loop import LoopThread

pytestmark = pytest.mark.unit


async def whereabouts() -> tuple[int, str]:
    return os.getpid(), threading.current_thread().name


def test_work_runs_on_one_thread_that_is_not_the_callers() -> None:
    loop = LoopThread()

    places = {loop.run(whereabouts(), 5) for _ in range(3)}
    loop.close()

    assert len(places) == 1
    assert places != {(os.getpid(), threading.current_thread().name)}


def test_work_that_takes_too_long_is_cancelled() -> None:
    loop = LoopThread()
    cancelled = threading.Event()

    async def endless() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            cancelled.set()

    with pytest.raises(TimeoutError):
        loop.run(endless(), 0.05)
    assert cancelled.wait(5)
    loop.close()


def test_a_fault_in_the_work_reaches_the_caller() -> None:
    loop = LoopThread()

    async def broken() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        loop.run(broken(), 5)
    loop.close()


def test_a_closed_loop_starts_again_when_it_is_needed() -> None:
    loop = LoopThread()
    loop.run(whereabouts(), 5)
    loop.close()

    assert loop.run(whereabouts(), 5)[0] == os.getpid()
    loop.close()


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_forked_process_gets_a_loop_of_its_own() -> None:
    loop = LoopThread()
    loop.run(whereabouts(), 5)

    child = os.fork()
    if not child:
        os._exit(0 if loop.run(whereabouts(), 5)[0] == os.getpid() else 1)

    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    loop.close()


def test_a_loop_that_never_ran_can_be_closed() -> None:
    LoopThread().close()
