"""The parts of the development stack as commands: the Temporal server, the API, the workers."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path

from contracts.settings import Settings
from scripts import connection
from scripts.addresses import Addresses, reachable
from scripts.stack import Server, Stack
from scripts.supervise import Part


def inherited(stack: Stack, settings: Settings, addresses: Addresses, environ: Mapping[str, str]) -> dict[str, str]:
    """The environment of every part; Temporal's own names must all mean this stack's server."""
    own = {
        "MOUTHPIECE_DATA_DIR": str(settings.data_dir),
        "PYTHONUNBUFFERED": "1",
    }
    temporal = f"{reachable(stack.server.host)}:{addresses.temporal_port}"
    rest = connection.only(temporal, stack.server.namespace, environ)
    return {"MOUTHPIECE_PUBLIC_URL": f"http://{reachable(stack.api.host)}:{addresses.api_port}"} | rest | own


def server(stack: Stack, settings: Settings, addresses: Addresses, environ: dict[str, str], binary: Path) -> Part:
    """The Temporal server with its UI and its database."""
    flags = {
        "--ip": stack.server.host,
        "--port": addresses.temporal_port,
        "--ui-port": addresses.ui_port,
        "--metrics-port": addresses.metrics_port,
        "--db-filename": settings.data_dir / stack.server.database,
        "--namespace": stack.server.namespace,
        "--log-level": "error",
    }
    command = [str(binary), "server", "start-dev", *(str(word) for pair in flags.items() for word in pair)]
    return Part(name="temporal", command=command + tuning(stack.server), environ=environ, grace_s=5)


def tuning(server: Server) -> list[str]:
    """The development server's arguments that say how it keeps its database and how it is tuned."""
    words = [word for item in server.pragmas.items() for word in ("--sqlite-pragma", "=".join(item))]
    for name, value in server.dynamic_config.items():
        words += ["--dynamic-config-value", f"{name}={json.dumps(value)}"]
    return words


def api(stack: Stack, addresses: Addresses, environ: dict[str, str]) -> Part:
    """The API under gunicorn."""
    command = _own(
        "api",
        *("--host", stack.api.host, "--port", str(addresses.api_port)),
        *("--processes", str(stack.api.processes), "--threads", str(stack.api.threads)),
    )
    return Part(name="api", command=command, environ=environ, grace_s=6)


def workers(stack: Stack, environ: dict[str, str]) -> list[Part]:
    """Every worker process."""
    return [
        Part(
            name=worker.name if worker.processes == 1 else f"{worker.name}-{number}",
            command=_own("worker", *(sorted(worker.queues))),
            environ=environ,
            grace_s=6,
        )
        for worker in stack.workers
        for number in range(1, worker.processes + 1)
    ]


def _own(*words: str) -> list[str]:
    """Run this command's own program; -P keeps the working folder from shadowing our packages."""
    return [sys.executable, "-P", "-m", "scripts.cli", *words]
