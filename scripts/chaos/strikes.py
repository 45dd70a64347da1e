"""Causes the faults of a plan, and takes them back."""

import logging
import os
import resource
import signal
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from scripts.chaos.inputs import InputServer, Mood
from scripts.chaos.mailbox import Mailbox
from scripts.chaos.plan import Fault, Strike
from scripts.chaos.stand import Stand
from scripts.trial import kill_all

logger = logging.getLogger(__name__)

#: Words of the command line of what is struck.
_PARTS: dict[str, tuple[str, ...]] = {
    "GPU": ("worker", "gpu"),
    "FLOW": ("worker", "flow"),
    "IO": ("worker", "io"),
    "NOTIFY": ("worker", "notify"),
    "API": ("gunicorn",),
    "TEMPORAL": ("start-dev",),
    "PARTS": (),
}
_MOODS = {
    Fault.INPUTS_SLOW: Mood.SLOW,
    Fault.INPUTS_CUT: Mood.CUT,
    Fault.INPUTS_BROKEN: Mood.BROKEN,
    Fault.INPUTS_CHANGING: Mood.CHANGING,
}
#: A frozen worker shall at times sleep past its heartbeat, and wake beside another that does its work.
_FREEZE_FACTOR = 2.0
_ROOM_BYTES = 4 << 20
_LOOK_S = 0.1

Undo = Callable[[], None]


@dataclass(slots=True)
class Striker:
    """Strikes a service; to be used from the main thread, which its stack is bound to.

    Attributes:
        kills: how often each kind of kill was done.
        others: how often each other fault was caused.
        patience_s: how long a part that has just died may take until it can be killed again.
        restarted_at: moments, in seconds since 1970, at which the Temporal server ran again after a kill.
    """

    stand: Stand
    inputs: InputServer
    mailbox: Mailbox
    kills: dict[str, int] = field(default_factory=dict)
    others: dict[str, int] = field(default_factory=dict)
    patience_s: float = 20.0
    restarted_at: list[float] = field(default_factory=list)
    _is_server_dead: bool = False
    _undoing: list[tuple[float, Undo]] = field(default_factory=list)

    def strike(self, strike: Strike) -> None:
        """Cause a fault; what can be taken back is, by `tend`, when its time is over."""
        logger.info("strike fault=%s after=%d lasts_s=%.1f", strike.fault, strike.after, strike.lasts_s)
        if strike.fault.is_kill:
            if self._kill(strike):
                self.kills[strike.fault] = self.kills.get(strike.fault, 0) + 1
            return
        undo, lasts_s = self._disturb(strike)
        self.others[strike.fault] = self.others.get(strike.fault, 0) + 1
        self._undoing.append((time.monotonic() + lasts_s, undo))

    def tend(self) -> None:
        """Take back what has lasted long enough."""
        now = time.monotonic()
        due = [undo for until, undo in self._undoing if until <= now]
        self._undoing = [entry for entry in self._undoing if entry[0] > now]
        for undo in due:
            undo()
        if self._is_server_dead and self.stand.trial.pids(*_PARTS["TEMPORAL"]):
            self._is_server_dead = False
            self.restarted_at.append(time.time())

    def calm(self) -> None:
        """Take everything back at once."""
        for _, undo in self._undoing:
            undo()
        self._undoing = []

    def _kill(self, strike: Strike) -> bool:
        """Kill a part, once it runs again where the strike before has ended it; whether there was anything to kill."""
        if strike.fault is Fault.KILL_UP:
            # It could not start on a full disk, nor would it have to.
            self.calm()
            self._is_server_dead = False
            self.stand.trial.process.kill()
            self.stand.up_again()
            return True
        until = time.monotonic() + self.patience_s
        while not (pids := self._pids(strike)) and time.monotonic() < until:
            self.tend()
            time.sleep(_LOOK_S)
        kill_all(pids)
        self._is_server_dead |= strike.fault in (Fault.KILL_TEMPORAL, Fault.KILL_PARTS)
        return bool(pids)

    def _pids(self, strike: Strike) -> list[int]:
        part = strike.fault.name.partition("_")[2]
        pids = self.stand.trial.pids(*_PARTS[part])
        return [pids[int(strike.pick * len(pids))]] if part == "GPU" and pids else pids

    def _disturb(self, strike: Strike) -> tuple[Undo, float]:
        """Cause a fault that kills nothing; returns how it is taken back, and after how many seconds."""
        fault = strike.fault
        if fault in _MOODS:
            self.inputs.mood = _MOODS[fault]
            return self._please, strike.lasts_s
        if fault is Fault.RECEIVER_BROKEN:
            self.mailbox.is_broken = True
            return self._mend, strike.lasts_s
        if fault is Fault.FULL_DISK:
            return self._fill(), strike.lasts_s
        if fault is Fault.STORE_DOWN:
            return self._close_store(), strike.lasts_s
        if fault is Fault.STORE_SLOW:
            store = self.stand.store
            return _freeze([store.process.pid] if store and store.process else []), strike.lasts_s
        if fault is Fault.OUT_OF_MEMORY:
            return _starve(self.stand.trial.pids("worker", "gpu")), strike.lasts_s
        return _freeze(self._pids(strike)), strike.lasts_s * _FREEZE_FACTOR

    def _please(self) -> None:
        self.inputs.mood = Mood.GOOD

    def _mend(self) -> None:
        self.mailbox.is_broken = False

    def _fill(self) -> Undo:
        """Leave no byte free."""
        if self.stand.disk is None:
            raise RuntimeError("there is no small disk")
        ballast = self.stand.disk / "ballast"
        with ballast.open("ab", buffering=0) as file:
            for size in (1 << 20, 1 << 12, 1):
                _write_until_full(file.write, bytes(size))
        return lambda: ballast.unlink(missing_ok=True)

    def _close_store(self) -> Undo:
        store = self.stand.store
        if store is None:
            raise RuntimeError("there is no store")
        if store.process is None or store.process.poll() is not None:
            return _nothing
        store.stop()
        return store.start


def _nothing() -> None:
    """What was gone before comes back when that is taken back."""


def _write_until_full(write: Callable[[bytes], object], block: bytes) -> None:
    with suppress(OSError):
        while True:
            write(block)


def _freeze(pids: Sequence[int]) -> Undo:
    _signal(pids, signal.SIGSTOP)
    return lambda: _signal(pids, signal.SIGCONT)


def _signal(pids: Sequence[int], number: signal.Signals) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


def _starve(pids: Sequence[int]) -> Undo:
    """Let processes have no more than a little above what memory they have mapped by now."""
    for pid in pids:
        with suppress(OSError):
            pages = int(Path(f"/proc/{pid}/statm").read_text().split()[0])
            _limit_memory(pid, pages * resource.getpagesize() + _ROOM_BYTES)

    def feed() -> None:
        for pid in pids:
            with suppress(OSError):
                _limit_memory(pid, None)

    return feed


def _limit_memory(pid: int, size: int | None) -> None:
    """Set the soft limit of a process's address space in bytes; None lifts it."""
    _, hard = resource.prlimit(pid, resource.RLIMIT_AS)
    resource.prlimit(pid, resource.RLIMIT_AS, (hard if size is None else size, hard))
