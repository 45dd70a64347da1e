"""Writes docs/cli.md: what every command says of itself.

usage: python -m scripts.cli_page > docs/cli.md
"""

from collections.abc import Iterator

import click

from scripts.cli import cli

_INTRODUCTION = """\
# The command line

Every command answers `--help` with what stands here. Faults are one line on stderr: exit code 1 when something went
wrong, 2 when the command or the environment was not understood. Results go to stdout, progress and logs to stderr.

`--data` names the data folder of a service on this machine; a running `mouthpiece up` is found through it. Against a
Temporal server elsewhere, `TEMPORAL_ADDRESS` and its siblings win.

This page is written by `python -m scripts.cli_page > docs/cli.md`.
"""
_WIDTH = 100


def commands(command: click.Command, path: str) -> Iterator[tuple[str, click.Command]]:
    """Every command below one, groups left out, with its full name."""
    if not isinstance(command, click.Group):
        yield path, command
        return
    context = click.Context(command)
    for name in command.list_commands(context):
        below = command.get_command(context, name)
        if below is not None:
            yield from commands(below, f"{path} {name}")


def document() -> str:
    """The page."""
    sections = [
        f"\n## `{path}`\n\n```text\n{_help(path, command)}\n```\n" for path, command in commands(cli, "mouthpiece")
    ]
    return _INTRODUCTION + "".join(sections)


def _help(path: str, command: click.Command) -> str:
    names = cli.context_settings["help_option_names"]
    context = click.Context(
        command, info_name=path, terminal_width=_WIDTH, max_content_width=_WIDTH, help_option_names=names
    )
    return command.get_help(context)


if __name__ == "__main__":
    click.echo(document(), nl=False)
