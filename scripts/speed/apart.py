"""Calling a function in a process of its own, whose memory and processor time are watched from outside.

The watching process loads no torch, so that the libraries which both would map count for the watched one alone.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from multiprocessing import get_context
from multiprocessing.connection import Connection

from contracts.errors import InternalError
from scripts.speed.tree import busy_s, memory_mib

_LOOK_S = 0.1

Numbers = dict[str, float]
#: Called once everything is loaded: from then on processor time counts.
Ready = Callable[[], None]


class MeasuringFailed(InternalError):
    """The function raised, or its process died."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a function returned, and what it cost.

    Attributes:
        numbers: as returned.
        loaded_mib, peak_mib: memory of its process and all below it when it was ready, and at most.
        busy_s: their processor time since it was ready.
    """

    numbers: Numbers
    loaded_mib: float
    peak_mib: float
    busy_s: float


def called(target: str, task: object) -> Answer:
    """Call a function of a task and a `Ready`, which returns numbers.

    Args:
        target: "module:function".
        task: its argument; anything that can be pickled.

    Raises:
        MeasuringFailed: when it raised, or its process died.
    """
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_answer, args=(target, task, theirs))
    process.start()
    theirs.close()
    try:
        return _watched(process.pid or 0, ours, target)
    finally:
        ours.close()
        process.join()


def _watched(pid: int, ours: Connection, target: str) -> Answer:
    loaded_mib = peak_mib = began_s = 0.0
    while True:
        while not ours.poll(_LOOK_S):
            peak_mib = max(peak_mib, memory_mib(pid))
        try:
            said = ours.recv()
        except EOFError as fault:
            raise MeasuringFailed(f"{target} died") from fault
        if isinstance(said, str):
            raise MeasuringFailed(f"{target} failed: {said}")
        if said is None:
            loaded_mib, began_s = memory_mib(pid), busy_s(pid)
        else:
            busy = busy_s(pid) - began_s
            return Answer(numbers=said, loaded_mib=loaded_mib, peak_mib=max(peak_mib, memory_mib(pid)), busy_s=busy)
        ours.send(None)


def _answer(target: str, task: object, theirs: Connection) -> None:
    """What the process does: says None when ready, then the numbers, or what went wrong; ends when told to."""

    def ready() -> None:
        theirs.send(None)
        theirs.recv()

    try:
        module, _, name = target.partition(":")
        theirs.send(getattr(import_module(module), name)(task, ready))
        theirs.recv()
    except EOFError:
        return
    except Exception as fault:  # Whatever it is, it is told to who watches.
        theirs.send(f"{type(fault).__name__}: {fault}")
        raise
