"""Runs the development stack in the foreground: Temporal with its UI, the API and the workers."""

import asyncio
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

import click
import requests
from temporalio.client import Client
from temporalio.service import RPCError

from contracts.errors import InternalError, Unavailable
from contracts.settings import Secret, Settings
from scripts import first_key, parts, pollers, runfile, server_init, temporal_binary
from scripts.addresses import Addresses, choose, reachable
from scripts.console import Console, ConsoleHandler
from scripts.stack import Stack
from scripts.supervise import Supervisor
from storage.records import Records
from telemetry import lines

T = TypeVar("T")

_SERVER_PATIENCE_S = 90.0
_READY_PATIENCE_S = 180.0
_LOOK_EVERY_S = 0.2
#: A part that dies this often before the stack was ever ready will not come up by itself.
_HOPELESS = 4


class NotReady(InternalError):
    """A part does not come up."""


class _Stopped(Exception):
    """Somebody asked the stack to stop."""


def run(stack: Stack, settings: Settings, environ: Mapping[str, str], port: int | None, is_apart: bool) -> None:
    """Run the stack until it is asked to stop by SIGINT, SIGTERM or SIGHUP.

    Args:
        stack: what to run.
        settings: of this stack; `data_dir` is where everything it writes goes.
        environ: what the parts inherit; its `MOUTHPIECE_*` names agree with `settings`.
        port: the API's port; 0 takes any free one, None the stack's.
        is_apart: take free ports for all but the API.

    Raises:
        DataInUse, PortTaken, BinaryMissing, NotReady: when the stack cannot run.
    """
    with runfile.claim(settings.data_dir):
        binary = temporal_binary.find(environ)
        addresses = choose(stack, port, is_apart)
        _Session(stack, settings, addresses, parts.inherited(stack, settings, addresses, environ), binary).run()


class _Session:
    """One run of a stack."""

    def __init__(
        self, stack: Stack, settings: Settings, addresses: Addresses, environ: dict[str, str], binary: Path
    ) -> None:
        self._stack = stack
        self._settings = settings
        self._environ = environ
        self._url = f"http://{reachable(stack.api.host)}:{addresses.api_port}"
        self._ui = f"http://{reachable(stack.server.host)}:{addresses.ui_port}"
        self._server = parts.server(stack, settings, addresses, environ, binary)
        self._others = [parts.api(stack, addresses, environ), *parts.workers(stack, environ)]
        names = ("up", self._server.name, *(part.name for part in self._others))
        self._console = Console(names, settings.log_format)
        self._supervisor = Supervisor(self._console.log)
        self._asked_to_stop = threading.Event()

    def run(self) -> None:
        """Start everything, say when it is ready, tend it until asked to stop, and stop it."""
        handler = ConsoleHandler(self._console, "up")
        if self._settings.log_format == "json":
            handler.setFormatter(lines.formatter(self._settings.log_format))
        logging.basicConfig(level=logging.INFO, format="%(message)s", handlers=[handler], force=True)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._on_signal)
        loop = asyncio.new_event_loop()
        try:
            self._start(loop)
            while True:
                self._pause()
        except _Stopped:
            self._say("stopping")
        finally:
            self._supervisor.stop()
            loop.close()
        self._say("stopped; jobs and records are kept in " + str(self._settings.data_dir))

    def _start(self, loop: asyncio.AbstractEventLoop) -> None:
        began = time.monotonic()
        key = self._first_key()
        self._supervisor.start(self._server)
        client = self._until(lambda: self._reach(loop), _SERVER_PATIENCE_S, "the Temporal server")
        loop.run_until_complete(server_init.prepare(client, self._stack.server.retention))
        for part in self._others:
            self._supervisor.start(part)
        self._write_runfile()
        self._until(lambda: _answers(self._url) or None, _READY_PATIENCE_S, "the API")
        self._until(lambda: _is_polled(loop, client) or None, _READY_PATIENCE_S, "the workers")
        self._announce(key, time.monotonic() - began)

    def _announce(self, key: Secret, took_s: float) -> None:
        self._say(f"ready after {took_s:.1f} s; ctrl-c stops it")
        for what, value in {
            "Page": f"{self._url}/  (open it in a browser and sign in with the key)",
            "API": self._url,
            "Temporal": self._ui,
            "Data": str(self._settings.data_dir),
            # A log keeps it for ever, and for whoever reads logs; on a terminal it is for whoever started this.
            "API key": str(key) if sys.stderr.isatty() else "on stdout, after the word ready",
        }.items():
            self._say(f"  {what:<9} {click.style(value, bold=True)}")
        click.echo(f"ready {self._url} {key!s}")
        sys.stdout.flush()

    def _first_key(self) -> Secret:
        records = Records(self._settings.data_dir / "records.db")
        try:
            return first_key.working(self._settings, records)
        finally:
            records.close()

    def _write_runfile(self) -> None:
        runfile.write(
            self._settings.data_dir,
            runfile.Running(
                url=self._url,
                temporal=self._environ["TEMPORAL_ADDRESS"],
                namespace=self._stack.server.namespace,
                ui=self._ui,
                pid=os.getpid(),
            ),
        )

    def _reach(self, loop: asyncio.AbstractEventLoop) -> Client | None:
        address, namespace = self._environ["TEMPORAL_ADDRESS"], self._stack.server.namespace
        try:
            return loop.run_until_complete(server_init.reach(address, namespace, 0))
        except Unavailable:
            return None

    def _until(self, look: Callable[[], T | None], patience_s: float, what: str) -> T:
        """Tend the parts until a look finds something."""
        deadline = time.monotonic() + patience_s
        while (found := look()) is None:
            self._pause()
            hopeless = [name for name, failures in self._supervisor.failures().items() if failures >= _HOPELESS]
            if hopeless or time.monotonic() > deadline:
                raise NotReady(
                    f"{', '.join(hopeless)} keeps ending"
                    if hopeless
                    else f"{what} did not come up in {patience_s:g} s",
                    remedy="The lines above say why; mouthpiece doctor names what is missing.",
                )
        return found

    def _pause(self) -> None:
        if self._asked_to_stop.wait(_LOOK_EVERY_S):
            raise _Stopped
        self._supervisor.tend()

    def _on_signal(self, number: int, _frame: object) -> None:
        if self._asked_to_stop.is_set() and number == signal.SIGINT:
            self._supervisor.kill()
        self._asked_to_stop.set()

    def _say(self, line: str) -> None:
        self._console.log("up", line)


def _answers(url: str) -> bool:
    try:
        return requests.get(f"{url}/readyz", timeout=5).ok
    except requests.RequestException:
        return False


def _is_polled(loop: asyncio.AbstractEventLoop, client: Client) -> bool:
    try:
        return not loop.run_until_complete(pollers.unpolled(client))
    except RPCError:
        return False
