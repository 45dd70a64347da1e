"""Looks into one file, and can do nothing else: what `engines.keeper` forks a process for, as `engines.cage` asks.

It has little memory and processor time, opens no more files than it needs at once, writes none, and knows no secrets.
"""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from contracts.errors import MouthpieceError
from contracts.jobs import Role
from engines.confinement import confine
from engines.probe import probe


def tell_probe(question: dict[str, Any]) -> None:
    """Write the answer, a JSON object, to the standard output."""
    confine(question["cpu_s"], question["memory_bytes"])
    sys.stdout.write(json.dumps(_answer(question)))
    sys.stdout.flush()


def _answer(question: dict[str, Any]) -> dict[str, object]:
    try:
        found = probe(Path(question["path"]), Role(question["role"]), question["field"], question["most_s"])
    except Exception as error:
        return told_of(error)
    return {"found": asdict(found)}


def told_of(error: Exception) -> dict[str, object]:
    """What is told of an error, for `engines.cage.fault_told` to make one of the same kind."""
    if isinstance(error, MemoryError):
        return {"memory": True}
    if isinstance(error, MouthpieceError):
        return {"code": error.code, "message": error.message, "remedy": error.remedy}
    return {"surprise": f"{type(error).__name__}: {error}"}
