"""The processes that read files for others."""

import os
from contextlib import suppress
from pathlib import Path


def keepers(worker: int | None = None) -> list[int]:
    """Ids of the processes that fork readers for a worker, or for this process: at most one."""
    return [pid for pid in _children(worker or os.getpid()) if b"engines.keeper" in _told(pid, "cmdline")]


def readers(worker: int | None = None) -> list[int]:
    """Ids of the processes that each read a file."""
    return [pid for keeper in keepers(worker) for pid in _children(keeper)]


def _children(parent: int) -> list[int]:
    found: list[int] = []
    with suppress(OSError):  # It, or one of its threads, has just gone.
        for thread in Path(f"/proc/{parent}/task").iterdir():
            found += [int(each) for each in (thread / "children").read_text().split()]
    return found


def _told(pid: int, what: str) -> bytes:
    try:
        return Path(f"/proc/{pid}/{what}").read_bytes()
    except OSError:
        return b""
