"""Commands that run the service: all of it, or one of its processes."""

import asyncio
import faulthandler
import os
import sys
from pathlib import Path

import click

from contracts.settings import Settings, environment
from contracts.steps import Queue
from scripts.options import DATA_DIR, read_settings, with_config, with_settings

#: Where our packages lie: the folder that holds this one.
ROOT = Path(__file__).resolve().parent.parent


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
    words = [str(word) for pair in flags.items() for word in pair]
    sys.stderr.flush()
    command = [sys.executable, "-P", "-m", "gunicorn", "--no-control-socket", *words, f"api.app:from_env({threads})"]
    environ = connection.environ_for(settings.data_dir) | {DATA_DIR: str(settings.data_dir)}
    os.execve(sys.executable, command, environ)  # nosec B606 # no shell is wanted


@click.command()
@click.argument("queues", nargs=-1, type=click.Choice([queue.value for queue in Queue]))
@with_settings
def worker(settings: Settings, queues: tuple[str, ...]) -> int:
    """Run one worker that polls the QUEUES named, or all of them."""
    from scripts.worker import run_worker

    # Codecs and GPU libraries can crash the process; this way its log says where.
    faulthandler.enable()
    return run_worker(settings, frozenset(map(Queue, queues)) or frozenset(Queue))


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
