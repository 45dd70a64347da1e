"""Processes that each read one client's file, and may die of it; `engines.keeper` forks them."""

import atexit
import json
import os
import select
import socket
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from pathlib import Path

from contracts.errors import Unavailable
from engines.base import Waiting
from engines.keeper import STARTED, STATUS, Task

ROOT = Path(__file__).resolve().parents[1]
#: One thread for arrays: each thread more takes its stack out of the memory that the process may have.
_ENVIRONMENT = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "LC_ALL": "C.UTF-8"}
#: How often the process that waits shows that it is alive, in seconds.
LOOK_S = 0.2
#: A keeper that took so long has lost its way.
_START_S = 60.0
#: A process that was killed is gone after so many seconds, on the busiest machine.
_END_S = 10.0

Question = dict[str, str | int | float]


class Reader:
    """A process that reads one file.

    Args:
        task: what it is to do.
        question: what the task needs to know.
        files: what it needs open, numbered from 3 on.
        waiting: called several times a second until it has started; raises to stop.

    Attributes:
        orders, answers: the other ends of its standard input and output, as open files.

    Raises:
        Unavailable: when it did not start.
    """

    def __init__(self, task: Task, question: Question, files: Sequence[int], waiting: Waiting) -> None:
        with ExitStack() as lent, ExitStack() as kept:
            reads, self.orders = os.pipe()
            lent.callback(os.close, reads)
            kept.callback(os.close, self.orders)
            self.answers, writes = os.pipe()
            lent.callback(os.close, writes)
            kept.callback(os.close, self.answers)
            unused = os.open(os.devnull, os.O_WRONLY)
            lent.callback(os.close, unused)
            self._line = _KEEPER.asked(question | {"task": task}, [reads, writes, unused, *files])
            kept.pop_all()
        try:
            self._await_start(waiting)
        except BaseException:
            self.end()
            raise

    def _await_start(self, waiting: Waiting) -> None:
        if not has_news(self._line.fileno(), waiting, _START_S):
            _KEEPER.give_up()
        if self._line.recv(1) != STARTED:
            raise Unavailable("the file could not be looked into at the moment")

    def status(self) -> int | None:
        """How it ended: what it returned, or minus the signal's number; None when nobody knows."""
        self._line.settimeout(_END_S)
        with suppress(OSError):
            told = self._line.recv(STATUS.size)
            return int(STATUS.unpack(told)[0]) if told else None
        return None

    def end(self) -> None:
        """Kill it, if it still lives, and wait until it is gone."""
        os.close(self.orders)
        os.close(self.answers)
        with self._line, suppress(OSError):
            self._line.shutdown(socket.SHUT_WR)
            self._line.settimeout(_END_S)
            while self._line.recv(STATUS.size):
                pass


def has_news(file: int, waiting: Waiting, most_s: float) -> bool:
    """Wait until there is something to read, or the other side has gone.

    Args:
        file: what is waited for.
        waiting: called several times a second meanwhile, and once at the end.
        most_s: how long it may take.

    Returns:
        False when nothing came.
    """
    news, silent_s = select.poll(), 0.0
    news.register(file, select.POLLIN)
    while not news.poll(LOOK_S * 1000):
        waiting()
        silent_s += LOOK_S
        if silent_s > most_s:
            return False
    waiting()
    return True


class _Keeper:
    """The process that forks readers: one for this process, started with the first and again when it is gone."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._orders: socket.socket | None = None

    def asked(self, question: Question, files: Sequence[int]) -> socket.socket:
        """Ask for a reader; the line to it comes back."""
        data = json.dumps(question).encode()
        ours, theirs = socket.socketpair()
        try:
            with theirs, self._lock:
                socket.send_fds(self._living(), [data], [theirs.fileno(), *files])
        except OSError as error:
            ours.close()
            raise Unavailable("the file could not be looked into at the moment") from error
        return ours

    def _living(self) -> socket.socket:
        if self._orders is None or self._process is None or self._process.poll() is not None:
            self._close()
            self._orders, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            with theirs:
                self._process = subprocess.Popen(  # nosec B603 # this very program
                    [sys.executable, "-m", "engines.keeper"],
                    stdin=theirs.fileno(),
                    stdout=subprocess.DEVNULL,
                    cwd=ROOT,
                    env=_ENVIRONMENT,
                )
        return self._orders

    def give_up(self) -> None:
        """End it, and all that it forked; the next question starts another."""
        with self._lock:
            self._close()

    def _close(self) -> None:
        if self._orders:
            self._orders.close()
        if self._process:
            self._process.kill()
            self._process.wait()
        self._orders = self._process = None


_KEEPER = _Keeper()
atexit.register(_KEEPER.give_up)
