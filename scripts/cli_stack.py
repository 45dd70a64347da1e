"""Commands that run the service: all of it, or one of its processes."""

import asyncio
import faulthandler
import logging
import os
import sys
from datetime import timedelta
from pathlib import Path

import click

from contracts.settings import Settings, environment
from contracts.steps import Queue
from scripts.options import DATA_DIR, ListenAddress, read_settings, with_config, with_settings

#: Where our packages lie: the folder that holds this one.
ROOT = Path(__file__).resolve().parent.parent

logger = logging.getLogger(__name__)

_AUTO = "auto"


@click.command()
@click.option("--port", type=click.IntRange(0, 65535), help="The API's port; 0 takes any that is free.")
@click.option("--data", type=click.Path(path_type=Path, file_okay=False), help="Keep everything in this folder.")
@with_config
def up(port: int | None, data: Path | None, config: Path | None) -> None:
    """Run Temporal, the API and the workers here, until ctrl-c.

    Prints "ready URL KEY" on stdout once jobs can be sent. With --port or --data, all ports but the API's are free
    ones, so that several stacks run side by side.
    """
    from scripts import stack, up

    settings = read_settings(data)
    up.run(
        stack.read(config or stack.DEFAULT),
        settings,
        environment() | {DATA_DIR: str(settings.data_dir)},
        port=port,
        is_apart=port is not None or data is not None,
    )


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=click.IntRange(1, 65535), default=8080, show_default=True)
@click.option("--processes", type=click.IntRange(1), default=1, show_default=True)
@click.option("--threads", type=click.IntRange(1), default=16, show_default=True, help="Threads of each process.")
@with_settings
def api(settings: Settings, host: str, port: int, processes: int, threads: int) -> None:
    """Run the API alone, under gunicorn."""
    from scripts import connection

    # Read here, so that a profile that cannot be used is told before there are processes.
    connection.configuration(settings.data_dir)
    flags = {
        "--bind": f"{host}:{port}",
        "--workers": processes,
        "--threads": threads,
        "--worker-class": "gthread",
        "--graceful-timeout": 4,
        "--keep-alive": 30,
        "--chdir": ROOT,
        "--log-level": "warning",
        # No header moves the path: what a proxy in front keeps from clients by its path is what is answered here.
        "--forwarder-headers": "",
    }
    if settings.log_format == "json":
        flags["--logger-class"] = "scripts.gunicorn_lines.JsonLogger"
    words = [str(word) for pair in flags.items() for word in pair]
    sys.stderr.flush()
    command = [sys.executable, "-P", "-m", "gunicorn", "--no-control-socket", *words, f"api.app:from_env({threads})"]
    environ = connection.environ_for(settings.data_dir) | {DATA_DIR: str(settings.data_dir)}
    os.execve(sys.executable, command, environ)  # nosec B606 # no shell is wanted


@click.command()
@click.argument("queues", nargs=-1, type=click.Choice([queue.value for queue in Queue]))
@click.option(
    "--grace-s",
    type=click.FloatRange(0, 7200),
    default=4,
    show_default=True,
    help="How long steps that run may go on after SIGTERM or ctrl-c; then they are done again elsewhere.",
)
@click.option(
    "--processes",
    metavar="[N|auto]",
    callback=lambda _context, _option, text: _count(text),
    help="Run so many processes for gpu, and one for the other queues; auto: one for each GPU, or each two CPU cores.",
)
@click.option(
    "--metrics",
    type=ListenAddress(),
    help="Show the metrics of this host's data folder at http://HOST:PORT/metrics, to anybody who can reach it; HOST"
    " is 127.0.0.1 unless told otherwise. Not needed on the API's host, which shows them to admins' keys.",
)
@with_settings
def worker(
    settings: Settings,
    queues: tuple[str, ...],
    grace_s: float,
    processes: int | str | None,
    metrics: tuple[str, int] | None,
) -> int:
    """Run a worker that polls the QUEUES named, or those that suit this host.

    Without names: flow and io always, gpu where the default engine can run, control and notify where records.db is.
    The log says what was chosen and why.
    """
    from scripts import metrics_listener
    from scripts.worker import run_worker

    # Codecs and GPU libraries can crash the process; this way its log says where.
    faulthandler.enable()
    if metrics:
        metrics_listener.start(settings.data_dir, *metrics)
    chosen = frozenset(map(Queue, queues)) or _suiting(settings)
    if processes is None:
        return run_worker(settings, chosen, timedelta(seconds=grace_s))
    return _run_group(settings, chosen, None if processes == _AUTO else int(processes), grace_s)


def _count(text: str | None) -> int | str | None:
    if text is None or text == _AUTO:
        return text
    if not text.isdecimal() or not int(text):
        raise click.BadParameter(f"must be a whole number above 0, or {_AUTO}, not {text!r}")
    return int(text)


def _suiting(settings: Settings) -> frozenset[Queue]:
    """The queues that suit this host; tells why, or why not, of each."""
    from scripts.worker_choice import choose

    choices = choose(settings)
    for choice in choices:
        logger.info("queue_%s queue=%s why=%s", "taken" if choice.is_taken else "left", choice.queue, choice.why)
    return frozenset(choice.queue for choice in choices if choice.is_taken)


def _run_group(settings: Settings, queues: frozenset[Queue], processes: int | None, grace_s: float) -> int:
    from scripts import worker_group
    from scripts.worker_choice import engine_environs

    environ = environment() | {DATA_DIR: str(settings.data_dir)}
    engines = engine_environs(settings, environ, processes) if Queue.GPU in queues else []
    logger.info("engines_share_host processes=%d told=%s", len(engines), engines)
    return worker_group.run(worker_group.parts(queues, environ, engines, grace_s), settings.log_format)


@click.command("server-init")
@with_config
@with_settings
def server_init(settings: Settings, config: Path | None) -> None:
    """Prepare a Temporal server of your own: search attributes and retention. Safe to run again."""
    from scripts import connection, server_init, stack

    async def prepare() -> str:
        client = await connection.connect(settings)
        await server_init.prepare(client, stack.read(config or stack.DEFAULT).server.retention)
        return client.namespace

    click.echo(f"namespace {asyncio.run(prepare())} is ready")
