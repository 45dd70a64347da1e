"""What several commands share: the data folder's option, and the logs of the command's own process."""

import functools
import logging
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

import click

from contracts.settings import PREFIX, Settings, environment

P = ParamSpec("P")
R = TypeVar("R")

DATA_DIR = f"{PREFIX}DATA_DIR"


def with_settings(command: Callable[Concatenate[Settings, P], R]) -> Callable[P, R]:
    """Give a command the settings as its first argument, and the option that moves their data folder."""

    @click.option(
        "--data",
        type=click.Path(path_type=Path, file_okay=False),
        help=f"Data folder of the service. [default: {DATA_DIR}, else ~/.local/share/mouthpiece]",
    )
    @functools.wraps(command)
    def wrapped(data: Path | None, *args: P.args, **kwargs: P.kwargs) -> R:
        return command(read_settings(data), *args, **kwargs)

    return wrapped  # type: ignore[return-value]


def read_settings(data: Path | None = None) -> Settings:
    """The settings of this process, with another data folder when one is given.

    Raises:
        SettingsError: when the environment is wrong.
    """
    settings = Settings.from_env(environment() | ({DATA_DIR: str(data)} if data else {}))
    configure_logs(settings.log_level)
    return settings


def configure_logs(level: str) -> None:
    """Write log lines to stderr: time, level, logger, event."""
    logging.basicConfig(
        stream=sys.stderr, level=level.upper(), format="%(asctime)s %(levelname)-7s %(name)s %(message)s", force=True
    )
    # The SDK reports each worker's start and stop; ours say it once, in one line.
    logging.getLogger("temporalio").setLevel(logging.WARNING)
