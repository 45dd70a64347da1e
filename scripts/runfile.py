"""Where a running stack is found: `stack.json` in its data folder, there from start to clean stop."""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from contracts.errors import InternalError
from storage.folders import make_private

_NAME = "stack.json"
_LOCK = "stack.lock"


class DataInUse(InternalError):
    """Another stack runs on the same data folder."""


class FolderUnusable(InternalError):
    """The data folder cannot be made or written to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A stack that runs now: its addresses, and the process that keeps it."""

    url: str
    temporal: str
    namespace: str
    ui: str
    pid: int


def read(data_dir: Path) -> Running | None:
    """Find the stack that runs on a data folder; None when none does, or when it died and left its file behind."""
    try:
        running = Running(**json.loads((data_dir / _NAME).read_text(encoding="utf-8")))
        os.kill(running.pid, 0)
    except (OSError, ValueError, TypeError):
        return None
    return running


def write(data_dir: Path, running: Running) -> None:
    """Make the stack findable."""
    aside = data_dir / f".{_NAME}.{os.getpid()}"
    aside.write_text(json.dumps(asdict(running), indent=2) + "\n", encoding="utf-8")
    aside.replace(data_dir / _NAME)


@contextmanager
def claim(data_dir: Path) -> Iterator[None]:
    """Own the data folder while a stack runs on it, and leave no `stack.json` behind.

    Raises:
        DataInUse: when another process owns it.
        FolderUnusable: when it cannot be made or written to.
    """
    _make(data_dir)
    with (data_dir / _LOCK).open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as fault:
            running = read(data_dir)
            where = f" (process {running.pid}, {running.url})" if running else ""
            raise DataInUse(
                f"another stack runs on {data_dir}{where}", remedy="Stop it, or give this one its own --data folder."
            ) from fault
        try:
            yield
        finally:
            (data_dir / _NAME).unlink(missing_ok=True)


def _make(data_dir: Path) -> None:
    try:
        make_private(data_dir)
        fault = "" if os.access(data_dir, os.W_OK | os.X_OK) else "not writable"
    except OSError as error:
        fault = error.strerror or str(error)
    if fault:
        raise FolderUnusable(
            f"data folder {data_dir}: {fault}", remedy="Name another with --data or MOUTHPIECE_DATA_DIR."
        )
