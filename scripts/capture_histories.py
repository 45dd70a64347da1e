"""Records the histories that replay tests hold the workflows against.

usage: python -m scripts.capture_histories VERSION

Runs every scenario of tests/workflows/scenarios.py on real servers and writes
tests/workflows/histories/<workflow>-<scenario>-v<VERSION>.json, its sum into SHA256SUMS beside it. A file that exists
stays as it is: runs of that version may still be open, so histories are only ever added, and the sums show it.
"""

import argparse
import asyncio
import hashlib
import json
import logging
import os
import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from temporalio.client import WorkflowHistory

from contracts.errors import InternalError
from tests.temporal_server import TemporalServer, development_server, time_skipping_server
from tests.workflows.scenarios import SCENARIOS, Scenario

FOLDER = Path("tests/workflows/histories")
SUMS = "SHA256SUMS"

#: What tells of the machine that recorded, and what it becomes.
_REWRITTEN = {"identity": "worker", "stackTrace": "", "binaryChecksum": "", "buildId": "", "bundleId": ""}
_LEAKS = re.compile(r'"(?:/|[A-Za-z]:\\\\)[A-Za-z]')


class HistoryLeaks(InternalError):
    """A history names a path of the machine it was recorded on."""


def main() -> int:
    """Record what is missing and say what was written."""
    parser = argparse.ArgumentParser(description="Record the histories of every scenario.")
    parser.add_argument("version", type=int, help="number of the workflows' version, 1 and up")
    arguments = parser.parse_args()
    wanted = {FOLDER / f"{scenario.name}-v{arguments.version}.json": scenario for scenario in SCENARIOS}
    missing = {path: scenario for path, scenario in wanted.items() if not path.exists()}
    FOLDER.mkdir(parents=True, exist_ok=True)
    for path in _record(missing):
        with (FOLDER / SUMS).open("a", encoding="ascii") as sums:
            sums.write(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n")
        print(f"wrote {path}")
    print(f"{len(missing)} written, {len(wanted) - len(missing)} already there")
    return 0


def _record(missing: dict[Path, Scenario]) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder, development_server(Path(folder)) as server:
        yield from _record_on(server, {path: item for path, item in missing.items() if not item.skips_time})
    with time_skipping_server() as server:
        yield from _record_on(server, {path: item for path, item in missing.items() if item.skips_time})


def _record_on(server: TemporalServer, missing: dict[Path, Scenario]) -> Iterator[Path]:
    for path, scenario in missing.items():

        async def record(scenario: Scenario = scenario) -> WorkflowHistory:
            return await asyncio.wait_for(scenario.record(server.client), timeout=60)

        path.write_text(anonymous(server.run(record())), encoding="utf-8")
        yield path


def anonymous(history: WorkflowHistory) -> str:
    """Write a history as JSON without a trace of the machine it was recorded on.

    Raises:
        HistoryLeaks: when it names an absolute path all the same.
    """
    text = json.dumps(_rewrite(json.loads(history.to_json())), indent=1, ensure_ascii=False) + "\n"
    if found := _LEAKS.search(text):
        raise HistoryLeaks(f"{history.workflow_id}: names a path: {text[found.start() : found.start() + 80]}")
    return text


def _rewrite(value: object) -> object:
    if isinstance(value, dict):
        return {key: _REWRITTEN.get(key, _rewrite(inner)) for key, inner in value.items()}
    if isinstance(value, list):
        return [_rewrite(inner) for inner in value]
    return value


if __name__ == "__main__":
    logging.basicConfig(level=logging.ERROR)
    code = main()
    sys.stdout.flush()
    # Temporal's client threads can crash an interpreter that takes its time to leave.
    os._exit(code)
