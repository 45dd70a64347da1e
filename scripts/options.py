"""What several commands share: their options, the data folder's records, the logs of the command's own process."""

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

import click

from contracts.errors import NotFound
from contracts.settings import PREFIX, Settings, environment
from storage.records import Records
from telemetry import lines

P = ParamSpec("P")
R = TypeVar("R")

DATA_DIR = f"{PREFIX}DATA_DIR"
#: Name of the records in the data folder.
RECORDS = "records.db"
_MOST_PORT = 65535

with_config = click.option(
    "--config",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="Description of the stack. [default: temporal-dev.yaml of the sources]",
)


class Mp4File(click.ParamType[Path]):
    """A video to be written: its folder is there, and its name says what it will hold."""

    name = "file"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        """Check the suffix and the folder."""
        path = Path(str(value))
        if path.suffix.lower() != ".mp4":
            self.fail(f"{path} does not end in .mp4, and an MP4 is what is written", param, ctx)
        if not path.absolute().parent.is_dir():
            self.fail(f"no such folder: {path.parent}", param, ctx)
        return path


class ListenAddress(click.ParamType[tuple[str, int]]):
    """Where to listen: HOST:PORT, or a port of the loopback address."""

    name = "[host:]port"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, int]:
        """Part it at its last colon."""
        if isinstance(value, tuple):
            return value
        host, _, port = str(value).rpartition(":")
        if not port.isdecimal() or not 0 <= int(port) <= _MOST_PORT:
            self.fail(f"{value} is no HOST:PORT, such as 127.0.0.1:9464", param, ctx)
        return host.strip("[]") or "127.0.0.1", int(port)


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
    lines.configure(settings.log_level, settings.log_format)
    return settings


def open_records(settings: Settings, *, must_exist: bool) -> Records:
    """Open the records of a data folder.

    Args:
        settings: whose data folder.
        must_exist: refuse to make them, so that a misspelt folder is no empty service.

    Raises:
        NotFound: when there are none.
        StorageBusy: when they cannot be opened.
    """
    path = settings.data_dir / RECORDS
    if must_exist and not path.is_file():
        raise NotFound(
            f"no records in {settings.data_dir}",
            remedy=f"Start it with mouthpiece up --data {settings.data_dir}, or name the right folder.",
        )
    return Records(path)
