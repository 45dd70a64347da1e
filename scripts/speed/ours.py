"""A job as so many `gpu` workers do it between them, for `scripts.speed.apart`."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.synchronize import Barrier

import av

from contracts.steps import Segment
from scripts.speed import work
from scripts.speed.apart import Numbers, Ready
from scripts.speed.plain.loop import gpu_memory
from scripts.speed.tasks import OurTask


def run(given: OurTask, ready: Ready) -> Numbers:
    """Analyse, render the segments in all processes, and join them.

    Returns:
        `frames` that came out; `whole_s`, and of it `analyse_s`, `render_s` and `join_s`; on a GPU `gpu_peak_mib`, the
        memory of it that this process had at most.
    """
    work.engine(given.device, given.task.chosen)
    with _others(given) as others:
        ready()
        began = time.perf_counter()
        plan = work.analyse(given.task, given.device)
        analysed = time.perf_counter()
        _render(given, plan.segments, others)
        rendered = time.perf_counter()
        out = work.publish(given.task, plan)
        ended = time.perf_counter()
    with av.open(str(out)) as made:
        frames = made.streams.video[0].frames
    numbers = {
        "frames": frames,
        "whole_s": ended - began,
        "analyse_s": analysed - began,
        "render_s": rendered - analysed,
        "join_s": ended - rendered,
    }
    return numbers | gpu_memory(given.device)


@contextmanager
def _others(given: OurTask) -> Iterator[Executor | None]:
    """The other processes, loaded."""
    count = given.processes - 1
    if not count:
        yield None
        return
    context = get_context("spawn")
    barrier = context.Barrier(count + 1)
    with ProcessPoolExecutor(count, mp_context=context, initializer=_start, initargs=(given, barrier)) as others:
        for _ in range(count):
            others.submit(time.monotonic)
        barrier.wait()
        yield others


def _start(given: OurTask, barrier: Barrier) -> None:
    work.engine(given.device, given.task.chosen)
    barrier.wait()


def _render(given: OurTask, segments: tuple[Segment, ...], others: Executor | None) -> None:
    """Every process takes the next segment when it is free; this one too."""
    left, lock = iter(segments), threading.Lock()

    def lane(number: int) -> None:
        while True:
            with lock:
                segment = next(left, None)
            if segment is None:
                return
            if number and others:
                others.submit(work.render, given.task, segment, given.device).result()
            else:
                work.render(given.task, segment, given.device)

    with ThreadPoolExecutor(given.processes) as lanes:
        for done in [lanes.submit(lane, number) for number in range(given.processes)]:
            done.result()
