"""What an operator reads on stderr: each line led by the coloured name of the part that wrote it."""

import logging
import threading

import click

from contracts.settings import LogFormat
from telemetry import lines

_COLOURS = ("cyan", "green", "magenta", "yellow", "blue", "bright_cyan", "bright_green", "bright_magenta")


class Console:
    """Merges the lines of several writers, whole lines at a time, and no empty ones. Colours only show on a terminal.

    Args:
        names: of the writers.
        form: "text" leads each line by its writer's name; "json" makes it a field.
    """

    def __init__(self, names: tuple[str, ...], form: LogFormat = "text") -> None:
        self._form = form
        self._lock = threading.Lock()
        self._colours = {name: _COLOURS[index % len(_COLOURS)] for index, name in enumerate(names)}
        self._width = max(map(len, names))

    def log(self, name: str, line: str) -> None:
        """Write one line of one part."""
        if not line.strip():
            return
        if self._form == "json":
            with self._lock:
                click.echo(lines.line_of_part(click.unstyle(line), name), err=True)
            return
        prefix = click.style(f"{name:<{self._width}} |", fg=self._colours.get(name))
        with self._lock:
            click.echo(f"{prefix} {line}", err=True)


class ConsoleHandler(logging.Handler):
    """Writes this process's own log lines as those of one part."""

    def __init__(self, console: Console, name: str) -> None:
        super().__init__()
        self._console = console
        self._part = name

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record."""
        self._console.log(self._part, self.format(record))
