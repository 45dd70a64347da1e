"""The processes that read files for this one."""

import os
from pathlib import Path


def keepers() -> list[int]:
    """Ids of the processes that fork readers: at most one."""
    return [pid for pid in _children(os.getpid()) if b"engines.keeper" in _told(pid, "cmdline")]


def readers() -> list[int]:
    """Ids of the processes that each read a file."""
    return [pid for keeper in keepers() for pid in _children(keeper)]


def _children(parent: int) -> list[int]:
    found: list[int] = []
    for thread in Path(f"/proc/{parent}/task").iterdir():
        found += [int(each) for each in (thread / "children").read_text().split()]
    return found


def _told(pid: int, what: str) -> bytes:
    return Path(f"/proc/{pid}/{what}").read_bytes()
