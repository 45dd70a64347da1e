"""What each part of a running service takes: processor time and memory, from /proc (Linux)."""

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from scripts.trial import Trial

#: Words of the command line of each part, and what it is called here; the first that fits counts.
_PARTS = {
    "temporal": ("start-dev",),
    "api": ("gunicorn",),
    "decoding": ("engines.keeper",),
    "gpu": ("worker", "gpu"),
    "flow": ("worker", "flow"),
}
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
#: Of the fields of /proc/PID/stat after the command's name: user and system time, its own and of children that ended.
_TIMES = slice(11, 15)


def busy_s(trial: Trial) -> dict[str, float]:
    """Processor seconds that each part has taken so far; `decoding` is what forks readers of files, with them."""
    return _by_part(trial, _processor_s)


def most_memory_mib(trial: Trial) -> dict[str, float]:
    """Memory that each part had at most, in MiB; of several processes the sum."""
    return _by_part(trial, _most_memory_mib)


def since(before: dict[str, float], after: dict[str, float]) -> dict[str, float]:
    """What each part took between two looks."""
    return {part: round(after[part] - before[part], 2) for part in after}


def _by_part(trial: Trial, measure: Callable[[int], float]) -> dict[str, float]:
    found = dict.fromkeys(_PARTS, 0.0)
    counted: set[int] = set()
    for part, words in _PARTS.items():
        pids = set(trial.pids(*words)) - counted
        counted |= pids
        for pid in pids:
            # One that has just ended is counted by who forked it.
            with suppress(OSError):
                found[part] += measure(pid)
    return {part: round(value, 2) for part, value in found.items()}


def _processor_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return sum(map(int, fields[_TIMES])) / _TICKS_PER_S


def _most_memory_mib(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return 0.0
