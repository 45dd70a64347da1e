"""Keeps a set of processes running: merged logs, restart with growing pauses, shutdown that leaves nothing behind."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

_LAUNCHER = Path(__file__).with_name("launch.py")
#: Pause before the first restart of a part; it doubles with each failure in a row.
_FIRST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 15.0
#: A part that ran this long has recovered: its next failure counts as the first.
_RECOVERED_S = 30.0

#: Called with a part's name and one line of what it wrote.
Log = Callable[[str, str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A process to keep running. `grace_s` is how long it may take to stop when asked."""

    name: str
    command: Sequence[str]
    environ: dict[str, str]
    grace_s: float


@dataclass(slots=True)
class _Child:
    """A part, its process of the moment, and how its last attempts went."""

    part: Part
    process: subprocess.Popen[bytes]
    started_at: float
    failures: int = 0
    restart_at: float | None = None
    reader: threading.Thread | None = field(default=None)


def bound(command: Sequence[str]) -> list[str]:
    """Make a command die with this process, however that ends; on Linux, with the very thread that starts it."""
    return [sys.executable, "-ISE", str(_LAUNCHER), str(os.getpid()), *command]


class Supervisor:
    """Runs parts. Use it from the main thread alone, since parts are `bound`."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._children: list[_Child] = []

    def start(self, part: Part) -> None:
        """Start a part and keep it running from now on."""
        child = _Child(part=part, process=self._spawn(part), started_at=time.monotonic())
        self._children.append(child)
        self._read(child)

    def tend(self) -> None:
        """Notice parts that died and start them again when their pause is over; call it a few times a second."""
        now = time.monotonic()
        for child in self._children:
            if child.restart_at is not None:
                if now >= child.restart_at:
                    self._restart(child, now)
            elif child.process.poll() is not None:
                self._plan_restart(child, now)

    def failures(self) -> dict[str, int]:
        """How often each part died in a row."""
        return {child.part.name: child.failures for child in self._children}

    def stop(self, *, at_once: bool = False) -> None:
        """Stop all parts and wait for them, the first started last: it is what the others lean on, unless `at_once`."""
        tiers = [self._children] if at_once else [self._children[1:], self._children[:1]]
        for tier in tiers:
            for child in tier:
                _signal_group(child.process, signal.SIGTERM)
            deadline = time.monotonic() + max((child.part.grace_s for child in tier), default=0)
            for child in tier:
                self._end(child, deadline)
        self._children = []

    def kill(self) -> None:
        """End all parts at once, also from a signal's handler amid `stop`, which is still to be called."""
        for child in self._children:
            _signal_group(child.process, signal.SIGKILL)

    def _end(self, child: _Child, deadline: float) -> None:
        try:
            child.process.wait(timeout=max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            self._log(child.part.name, "did not stop in time: killed")
        _signal_group(child.process, signal.SIGKILL)
        child.process.wait()
        if child.reader is not None:
            child.reader.join(timeout=1)

    def _plan_restart(self, child: _Child, now: float) -> None:
        _signal_group(child.process, signal.SIGKILL)
        if now - child.started_at > _RECOVERED_S:
            child.failures = 0
        pause = min(_FIRST_PAUSE_S * 2**child.failures, _LONGEST_PAUSE_S)
        child.failures += 1
        child.restart_at = now + pause
        self._log(child.part.name, f"{_ending(child.process.returncode)}; starts again in {pause:g} s")

    def _restart(self, child: _Child, now: float) -> None:
        child.process = self._spawn(child.part)
        child.started_at, child.restart_at = now, None
        self._read(child)

    def _spawn(self, part: Part) -> subprocess.Popen[bytes]:
        return subprocess.Popen(  # nosec B603 # a part's command is ours, without a shell
            bound(part.command),
            env=part.environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            process_group=0,
        )

    def _read(self, child: _Child) -> None:
        assert child.process.stdout is not None  # noqa: S101 # nosec B101 # asked for above; tells the type checker
        child.reader = threading.Thread(
            target=self._copy_lines, args=(child.part.name, child.process.stdout), name=f"log-{child.part.name}"
        )
        child.reader.daemon = True
        child.reader.start()

    def _copy_lines(self, name: str, stream: IO[bytes]) -> None:
        with stream:
            for line in stream:
                self._log(name, line.decode(errors="replace").rstrip())


def _signal_group(process: subprocess.Popen[bytes], number: int) -> None:
    """Signal the process and all it started; nothing happens when none of them lives."""
    try:
        os.killpg(process.pid, number)
    except (ProcessLookupError, PermissionError):
        return


def _ending(code: int) -> str:
    return f"died of {signal.Signals(-code).name}" if code < 0 else f"ended with code {code}"
