"""Forks a process for each client's file: itself it never looks at one, but has loaded what reading them takes.

An interpreter with its libraries takes a fifth of a second to start, which is more than most files take to be looked
into. `engines.reader` starts this process anew from its program, so that it has no threads, no files and no secrets of
the worker that asks; what it forks has none of them either.

Its standard input is a socket. Each message is a question, a JSON object, with a line, another socket, and the files
that become the new process's standard streams and what else it needs. The line tells that the process has started, and
how it ended; who closes it ends the process.

usage: python -m engines.keeper (ends with its standard input, and all that it forked with it)
"""

import ctypes
import json
import os
import resource
import select
import signal
import socket
import struct
from collections.abc import Callable
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from typing import Any, NoReturn

from engines.caged import tell_probe
from engines.caged_video import serve_video

#: What a line tells: that the process has started; then its wait status negated when a signal ended it, as in `Popen`.
STARTED = b"s"
STATUS = struct.Struct("<i")
_MOST_BYTES = 1 << 16
_MOST_FILES = 5
#: As many as `select` takes; each process that it forked has one.
_OPEN_FILES = 1024
_PR_SET_PDEATHSIG = 1
#: What counts as thousandths of the memory when the system chooses whom to end, and the most of it.
_SCORE, _MOST_SCORE = 300, 1000


class Task(StrEnum):
    """What is to be done with a file."""

    PROBE = "probe"
    VIDEO = "video"


_TASKS: dict[Task, Callable[[dict[str, Any]], None]] = {Task.PROBE: tell_probe, Task.VIDEO: serve_video}


def main() -> None:
    """Serve until nobody can ask any more."""
    # Who presses Ctrl-C, or stops a whole group of processes as systemd does, means the worker, which may still have
    # work to end.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    # What it forks closes each number up to the limit, which is a billion in some containers.
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, _OPEN_FILES), most))
    _Keeper(socket.socket(fileno=0)).serve()


class _Keeper:
    def __init__(self, orders: socket.socket) -> None:
        self._orders = orders
        self._lines: dict[int, socket.socket] = {}
        self._dying: set[int] = set()
        self._libc = ctypes.CDLL(None)
        self._wakes, wake = os.pipe()
        os.set_blocking(wake, False)
        signal.set_wakeup_fd(wake)
        signal.signal(signal.SIGCHLD, lambda *_: None)

    def serve(self) -> NoReturn:
        while True:
            watched = {line.fileno(): pid for pid, line in self._lines.items() if pid not in self._dying}
            ready = select.select([self._orders.fileno(), self._wakes, *watched], [], [])[0]
            for line in watched.keys() & ready:
                self._dying.add(watched[line])
                os.kill(watched[line], signal.SIGKILL)
            if self._wakes in ready:
                os.read(self._wakes, _MOST_BYTES)
                self._reap()
            if self._orders.fileno() in ready:
                self._fork()

    def _reap(self) -> None:
        for pid in list(self._lines):
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                self._dying.discard(pid)
                with self._lines.pop(pid) as line:
                    _tell(line, STATUS.pack(os.waitstatus_to_exitcode(status)))

    def _fork(self) -> None:
        question, files, _, _ = socket.recv_fds(self._orders, _MOST_BYTES, _MOST_FILES)
        if not question:
            self._end()
        keeper, line = os.getpid(), socket.socket(fileno=files[0])
        try:
            pid = os.fork()
        except OSError:
            line.close()  # Which tells that nothing has started.
        else:
            if not pid:
                self._become_reader(keeper, json.loads(question), files[1:])
            self._lines[pid] = line
            _tell(line, STARTED)
        for file in files[1:]:
            os.close(file)

    def _end(self) -> NoReturn:
        for pid in self._lines:
            os.kill(pid, signal.SIGKILL)
        os._exit(0)

    def _become_reader(self, keeper: int, question: dict[str, Any], files: list[int]) -> NoReturn:
        try:
            self._libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
            if os.getppid() != keeper:
                os._exit(1)
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            _be_first_to_go()
            # None overwrites another: below five there are this process's own streams and its pipe.
            for place, file in enumerate(files):
                os.dup2(file, place)
            os.closerange(len(files), os.sysconf("SC_OPEN_MAX"))
            _TASKS[question["task"]](question)
        except BaseException:
            os._exit(1)
        # Nothing is left to put away, and what a damaged file left behind may crash on the way out.
        os._exit(0)


def _be_first_to_go() -> None:
    """Where memory runs out, have the system end this process before a worker that has not far more."""
    score = Path("/proc/self/oom_score_adj")
    with suppress(OSError):  # Not on every system.
        score.write_text(str(min(int(score.read_text()) + _SCORE, _MOST_SCORE)))


def _tell(line: socket.socket, what: bytes) -> None:
    with suppress(OSError):  # Nobody listens any more; the line's end says so too.
        line.send(what)


if __name__ == "__main__":
    main()
