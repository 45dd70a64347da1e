"""A Temporal development server for one test session."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from api.temporal import TemporalGateway
from contracts.visibility import SEARCH_ATTRIBUTES

TUNING = (
    "history.transferProcessorMaxPollRPS=1000",
    "history.timerProcessorMaxPollRPS=1000",
    "history.visibilityProcessorMaxPollRPS=1000",
    "matching.numTaskqueueReadPartitions=1",
    "matching.numTaskqueueWritePartitions=1",
    "matching.enableFairness=true",
    # Closed workflows are deleted once their lists are up to date, of which the server makes sure every minute.
    'history.visibilityProcessorUpdateAckInterval="1s"',
    'history.transferProcessorUpdateAckInterval="1s"',
)


@contextmanager
def running_temporal() -> Iterator[str]:
    """Run a server in memory and yield its address."""
    address = f"127.0.0.1:{free_port()}"
    server = subprocess.Popen(_command(address.split(":")[1]))
    try:
        _wait_until_ready(address)
        yield address
    finally:
        server.terminate()
        server.wait(timeout=90)


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def _command(port: str) -> list[str]:
    command = [str(Path(sys.executable).with_name("temporal")), "server", "start-dev", "--headless"]
    command += ["--port", port, "--log-level", "error"]
    for key in SEARCH_ATTRIBUTES:
        command += ["--search-attribute", f"{key.name}={'Int' if key.name == 'JobProgress' else 'Keyword'}"]
    for value in TUNING:
        command += ["--dynamic-config-value", value]
    return command


def _wait_until_ready(address: str) -> None:
    gateway = TemporalGateway(address)
    deadline = time.monotonic() + 90
    try:
        while not gateway.ready():
            assert time.monotonic() < deadline, "the Temporal server did not start"
            time.sleep(0.05)
    finally:
        gateway.close()
