"""Looks into a client's file in a process of its own: whatever the file does to a decoder, only that process ends.

Decoders are large, written in C, and read what strangers send. A crash, an endless loop or a hunger for memory in one
of them is taken for a property of the file, and becomes the same kind of error as other damage.
"""

import json
import logging
import math
import os
import signal
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
from engines.keeper import Task
from engines.probe import Probe
from engines.reader import Question, Reader, has_news

logger = logging.getLogger(__name__)

_CHUNK_BYTES = 1 << 16
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
    question: Question = {
        "path": str(path.absolute()),
        "role": role,
        "field": field,
        "most_s": most_s,
        "cpu_s": bounds.cpu_s,
        "memory_bytes": bounds.memory_bytes,
    }
    reader = Reader(Task.PROBE, question, [], waiting)
    try:
        answer = _answer(reader, field, waiting, bounds.wall_s)
    finally:
        reader.end()
    if "found" not in answer:
        raise fault_told(answer, field)
    return Probe(**answer["found"])


def _answer(reader: Reader, field: str, waiting: Waiting, wall_s: float) -> dict[str, Any]:
    said, ends_at = b"", time.monotonic() + wall_s
    while has_news(reader.answers, waiting, ends_at - time.monotonic()):
        heard = os.read(reader.answers, _CHUNK_BYTES)
        if not heard:
            break
        said += heard
    else:
        raise too_slow(field)
    status = reader.status()
    if status or not said:
        raise ended(status, field)
    answer: dict[str, Any] = json.loads(said)
    return answer


def fault_told(answer: dict[str, Any], field: str) -> MouthpieceError:
    """Make the error that the other process told of."""
    if answer.get("memory"):
        return MediaTooLarge("the file takes too much memory to be read", field=field, remedy=_REMEDY)
    if "surprise" in answer:
        logger.error("file_reader_surprised error=%r", str(answer["surprise"])[:_NOTE_CHARACTERS])
        return _unavailable(field)
    fault = fault_of(ErrorCode(answer["code"]), answer["message"])
    fault.field, fault.remedy = field, answer["remedy"]
    return fault


def ended(status: int | None, field: str) -> MouthpieceError:
    """What it tells of the file that there is no answer: nothing, where others stopped the process, or it never ran.

    Args:
        status: of the process, as `Reader.status` has it.
        field: the request's field that the file came in.
    """
    name = signal.Signals(-status).name if status and status < 0 else str(status)
    logger.warning("file_reader_ended status=%s", name)
    if status is None or status >= 0 or -status in _STOPPED:
        return _unavailable(field)
    if -status == signal.SIGXCPU:
        return too_slow(field)
    return crashed(field)


def _unavailable(field: str) -> Unavailable:
    return Unavailable("the file could not be looked into at the moment", field=field)


def crashed(field: str) -> UnreadableMedia:
    """Make the error for a file whose decoder did not survive it, or is not itself any more."""
    return UnreadableMedia("the file is damaged: its decoder crashes on it", field=field, remedy=_REMEDY)


def too_slow(field: str) -> UnreadableMedia:
    """Make the error for a file that nobody waits for any longer."""
    return UnreadableMedia("the file takes too long to be read", field=field, remedy=_REMEDY)
