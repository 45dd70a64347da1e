"""Finds the `temporal` program, which carries the server and its UI."""

import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from contracts.errors import InternalError

#: The oldest release whose server has fair queues and whose settings `temporal-dev.yaml` names.
OLDEST = (1, 9)


class BinaryMissing(InternalError):
    """No `temporal` program that is new enough."""


def version(binary: Path) -> tuple[int, ...] | None:
    """The program's version, or None when it does not run or is something else."""
    try:
        answer = subprocess.run(  # nosec B603 # the program that the operator installed
            [binary, "--version"], capture_output=True, text=True, timeout=20, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    found = re.search(r"temporal version (\d+)\.(\d+)\.(\d+)", answer.stdout)
    return tuple(map(int, found.groups())) if found else None


def find(environ: Mapping[str, str]) -> Path:
    """Choose `$TEMPORAL_CLI`, else `temporal` on the path, else the one installed beside this Python.

    Raises:
        BinaryMissing: when none of them is new enough, or when `$TEMPORAL_CLI` itself is not.
    """
    named = environ.get("TEMPORAL_CLI")
    if named:
        if not _is_new_enough(Path(named)):
            raise BinaryMissing(
                f"TEMPORAL_CLI={named} is not a temporal program of {_text(OLDEST)} or newer",
                remedy="Name another with TEMPORAL_CLI, or unset it to run the one that scripts/setup installed.",
            )
        return Path(named)
    on_path = shutil.which("temporal", path=environ.get("PATH"))
    installed = Path(sys.prefix, "bin", "temporal")
    for candidate in ([Path(on_path)] if on_path else []) + [installed]:
        if _is_new_enough(candidate):
            return candidate
    raise BinaryMissing(
        f"no temporal program of {_text(OLDEST)} or newer on the path or in {installed.parent}",
        remedy="Run scripts/setup, or name one with TEMPORAL_CLI.",
    )


def _is_new_enough(binary: Path) -> bool:
    return (version(binary) or (0,)) >= OLDEST


def _text(numbers: tuple[int, ...]) -> str:
    return ".".join(map(str, numbers))
