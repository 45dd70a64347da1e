"""What files of deployment may name: commands with their options, settings, and the folder they lie in."""

from collections.abc import Sequence
from pathlib import Path

import click
from temporalio.envconfig import ClientConfig

from contracts.settings import PREFIX, Settings
from scripts.cli import cli

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
SETTINGS = frozenset(PREFIX + name.upper() for name, *_ in Settings.table())


def check_command(words: Sequence[str]) -> None:
    """Have the command line take these words, as far as it goes without doing anything.

    Raises:
        click.UsageError: when it does not.
    """
    command: click.Command = cli
    rest = list(words)
    while isinstance(command, click.Group):
        below = command.get_command(click.Context(command), rest[0])
        if below is None:
            raise click.UsageError(f"no such command: {rest[0]}")
        command, rest = below, rest[1:]
    command.make_context(command.name, rest, help_option_names=cli.context_settings["help_option_names"])


def unknown_names(environ: dict[str, str]) -> list[str]:
    """Names in an environment that nothing reads; raises SettingsError for values that are not taken."""
    ours = {name: value for name, value in environ.items() if name.startswith(PREFIX)}
    Settings.from_env(ours)
    temporal = {name: value for name, value in environ.items() if name.startswith("TEMPORAL_")}
    profile = ClientConfig.load_client_connect_config(override_env_vars=temporal, disable_file=True)
    read = {"TEMPORAL_ADDRESS": "target_host", "TEMPORAL_NAMESPACE": "namespace"}
    unread = [name for name, value in temporal.items() if profile.get(read.get(name, "")) != value]
    return [name for name in environ if name not in ours and name not in temporal] + unread
