"""What a process and all that it started cost, as Linux counts it."""

from pathlib import Path

from scripts.trial import children

_MIB = 1024


def family(pid: int) -> list[int]:
    """A process and all that it started and that those started, as far as they live."""
    members = [pid]
    for member in members:
        members += children(member)
    return members


def memory_mib(pid: int) -> float:
    """Memory that a process and all below it take together; what they share counts once (their PSS)."""
    return sum(map(_memory_mib, family(pid)))


def busy_s(pid: int) -> float:
    """Processor time of a process and of all below it, those included that have ended and were waited for."""
    return sum(map(_busy_s, family(pid)))


def _memory_mib(pid: int) -> float:
    """0 for a process that is gone."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="utf-8").splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / _MIB for line in lines if line.startswith("Pss:")), 0.0)


def _busy_s(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except OSError:
        return 0.0
    return sum(map(int, fields[11:15])) / 100
