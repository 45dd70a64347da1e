"""Looks into a client's file in a process of its own: whatever the file does to a decoder, only that process ends.

Decoders are large, written in C, and read what strangers send. A crash, an endless loop or a hunger for memory in one
of them is taken for a property of the file, and becomes the same kind of error as other damage.
"""

import json
import logging
import math
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from contracts.errors import (
    ErrorCode,
    MediaTooLarge,
    MouthpieceError,
    Unavailable,
    UnreadableMedia,
    fault_of,
)
from contracts.jobs import Role
from engines.base import Waiting
from engines.probe import Probe

logger = logging.getLogger(__name__)

ROOT = Path(__file__).resolve().parents[1]
#: One thread for arrays: each thread more takes its stack out of the memory that the process may have.
ENVIRONMENT = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "LC_ALL": "C.UTF-8"}
#: How often the process that waits shows that it is alive, in seconds.
LOOK_S = 0.2
_NOTE_CHARACTERS = 500
#: What ends a process by the hand of the machine or its operator, and is no file's fault.
_STOPPED = frozenset({signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP})
_REMEDY = "Play it to its end to check it, and export it again."


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What looking into one file may take.

    Attributes:
        cpu_s: processor time; ten minutes of sound take three seconds, 100 million pixels ten.
        wall_s: time by the clock, on a machine that has other work too.
        memory_bytes: address space, of which libraries take half a gigabyte.
    """

    cpu_s: int = 60
    wall_s: float = 180.0
    memory_bytes: int = 3 << 30


_BOUNDS = Bounds()


def probe_apart(
    path: Path,
    role: Role,
    field: str,
    most_s: float = math.inf,
    waiting: Waiting = lambda: None,
    bounds: Bounds = _BOUNDS,
) -> Probe:
    """Look into a file as `engines.probe.probe` does, in a process of its own.

    Args:
        path: a local file, whatever its name.
        role: what it is meant to be.
        field: the request's field it came in, for error messages.
        most_s: longest sound that is of use.
        waiting: called several times a second; raises to stop.
        bounds: what it may take.

    Raises:
        UnreadableMedia: as there, and when the file crashes a decoder or takes too much time.
        MediaTooLarge: as there, and when the file takes too much memory.
        Unavailable: when the process was stopped by others, or did not start.
    """
    question = {
        "path": str(path.absolute()),
        "role": role,
        "field": field,
        "most_s": most_s,
        "cpu_s": bounds.cpu_s,
        "memory_bytes": bounds.memory_bytes,
    }
    answer = _asked(json.dumps(question), field, waiting, bounds.wall_s)
    if "found" not in answer:
        raise fault_told(answer, field)
    return Probe(**answer["found"])


def _asked(question: str, field: str, waiting: Waiting, wall_s: float) -> dict[str, Any]:
    # The process ends with this one, however that ends: its standard input is a pipe that only this one holds open.
    reads, holds = os.pipe()
    try:
        process = subprocess.Popen(  # noqa: S603  # nosec B603 # this very program
            [sys.executable, "-m", "engines.caged", question],
            stdin=reads,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=ROOT,
            env=ENVIRONMENT,
        )
        with process:
            try:
                said, notes = _attended(process, field, waiting, time.monotonic() + wall_s)
            finally:
                process.kill()
    finally:
        os.close(reads)
        os.close(holds)
    if process.returncode or not said:
        raise ended(process.returncode, notes.decode(errors="replace")[-_NOTE_CHARACTERS:], field)
    answer: dict[str, Any] = json.loads(said)
    return answer


def _attended(process: "subprocess.Popen[bytes]", field: str, waiting: Waiting, ends_at: float) -> tuple[bytes, bytes]:
    while True:
        try:
            said = process.communicate(timeout=LOOK_S)
            waiting()
            return said
        except subprocess.TimeoutExpired:
            waiting()
            if time.monotonic() > ends_at:
                raise too_slow(field) from None


def fault_told(answer: dict[str, Any], field: str) -> MouthpieceError:
    """Make the error that the other process told of."""
    if answer.get("memory"):
        return MediaTooLarge("the file takes too much memory to be read", field=field, remedy=_REMEDY)
    fault = fault_of(ErrorCode(answer["code"]), answer["message"])
    fault.field, fault.remedy = field, answer["remedy"]
    return fault


def ended(status: int, notes: str, field: str) -> MouthpieceError:
    """What it tells of the file that there is no answer: nothing, where others stopped the process, or it never ran."""
    name = signal.Signals(-status).name if status < 0 else str(status)
    logger.warning("file_reader_ended status=%s notes=%r", name, notes)
    if status >= 0 or -status in _STOPPED:
        return Unavailable("the file could not be looked into at the moment", field=field)
    if -status == signal.SIGXCPU:
        return too_slow(field)
    return crashed(field)


def crashed(field: str) -> UnreadableMedia:
    """Make the error for a file whose decoder did not survive it, or is not itself any more."""
    return UnreadableMedia("the file is damaged: its decoder crashes on it", field=field, remedy=_REMEDY)


def too_slow(field: str) -> UnreadableMedia:
    """Make the error for a file that nobody waits for any longer."""
    return UnreadableMedia("the file takes too long to be read", field=field, remedy=_REMEDY)
