"""Looks into one file, and can do nothing else: the process that `engines.cage` starts for each file.

It has little memory and processor time, opens no more files than it needs at once, writes none, and knows no secrets.

usage: python -m engines.caged QUESTION >ANSWER (both JSON; ends with its standard input)
"""

import json
import os
import sys
import threading
from dataclasses import asdict
from pathlib import Path

from contracts.errors import MouthpieceError
from contracts.jobs import Role
from engines.confinement import confine
from engines.probe import probe


def main() -> None:
    """Answer the question."""
    question = json.loads(sys.argv[1])
    threading.Thread(target=_end_with_parent, daemon=True).start()
    confine(question["cpu_s"], question["memory_bytes"])
    answer = _answer(question)
    sys.stdout.write(json.dumps(answer))
    sys.stdout.flush()
    # Nothing is left to put away, and what a damaged file left behind may crash on the way out.
    os._exit(0)


def _end_with_parent() -> None:
    """Nothing ever comes but the end of the process that holds the other end of the pipe."""
    os.read(0, 1)
    os._exit(1)


def _answer(question: dict[str, object]) -> dict[str, object]:
    try:
        found = probe(
            Path(str(question["path"])),
            Role(str(question["role"])),
            str(question["field"]),
            float(str(question["most_s"])),
        )
    except MemoryError:
        return {"memory": True}
    except MouthpieceError as fault:
        return {"code": fault.code, "message": fault.message, "remedy": fault.remedy}
    return {"found": asdict(found)}


if __name__ == "__main__":
    main()
