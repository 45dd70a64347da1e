"""Several worker processes of one host under one command: one for each engine, and one for the queues beside `gpu`."""

import logging
import signal
import sys
import threading
from collections.abc import Mapping, Sequence

from contracts.settings import LogFormat
from contracts.steps import Queue
from scripts.console import Console
from scripts.supervise import Part, Supervisor

logger = logging.getLogger(__name__)

_LOOK_S = 0.2
#: A worker ends itself four seconds after its grace.
_BEYOND_GRACE_S = 6.0


def parts(
    queues: frozenset[Queue], environ: Mapping[str, str], engines: Sequence[Mapping[str, str]], grace_s: float
) -> list[Part]:
    """The processes that poll the queues between them.

    Args:
        queues: which to poll.
        environ: of all of them.
        engines: what each process of `gpu` is told besides.
        grace_s: how long steps that run may go on after a signal.
    """
    rest = sorted(queues - {Queue.GPU})
    found = [_part("rest", rest, dict(environ), grace_s)] if rest else []
    if Queue.GPU in queues:
        found += [
            _part(f"gpu-{number}", [Queue.GPU], {**environ, **own}, grace_s) for number, own in enumerate(engines, 1)
        ]
    return found


def run(group: Sequence[Part], form: LogFormat) -> int:
    """Keep processes running until SIGTERM or SIGINT, then drain all of them at once; returns the exit code.

    Args:
        group: what to run.
        form: of the log lines, theirs too.
    """
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    supervisor = Supervisor(Console(tuple(part.name for part in group), form).log)
    try:
        for part in group:
            supervisor.start(part)
        while not stop.wait(_LOOK_S):
            supervisor.tend()
        logger.info("workers_stop processes=%d", len(group))
    finally:
        supervisor.stop(at_once=True)
    return 0


def _part(name: str, queues: Sequence[Queue], environ: dict[str, str], grace_s: float) -> Part:
    command = [sys.executable, "-P", "-m", "scripts.cli", "worker", *queues, "--grace-s", f"{grace_s:g}"]
    return Part(name=name, command=command, environ=environ, grace_s=grace_s + _BEYOND_GRACE_S)
