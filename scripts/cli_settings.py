"""The command that shows every setting."""

import click

from contracts.settings import PREFIX, Secret, Settings
from scripts import table
from scripts.options import read_settings

_INTRODUCTION = """\
# Configuration

Every process reads these variables once, when it starts. A wrong value, or a name that begins with `{prefix}` and is
not in the table, stops it with a line for each fault. `mouthpiece settings` shows the values in force.

| variable | default | meaning |
| --- | --- | --- |
"""

_TEMPORAL = """
The connection to Temporal follows Temporal's own variables and profile file: `TEMPORAL_ADDRESS`,
`TEMPORAL_NAMESPACE`, `TEMPORAL_API_KEY`, `TEMPORAL_TLS*`, or `TEMPORAL_CONFIG_FILE` with `TEMPORAL_PROFILE`.
`mouthpiece up` sets them for the processes it starts. `TEMPORAL_CLI` names the `temporal` program it runs.

The command line also reads `{prefix}URL` and `{prefix}API_KEY`: the service and the key of `mouthpiece submit`.

This page is written by `mouthpiece settings --markdown > docs/configuration.md`.
"""


@click.command()
@click.option("--markdown", is_flag=True, help="Write docs/configuration.md instead of the values in force.")
def settings(markdown: bool) -> None:
    """Show every setting, its value and what it means."""
    click.echo(document() if markdown else "\n".join(values(read_settings())), nl=not markdown)


def document() -> str:
    """The page of all settings."""
    rows = "".join(
        f"| `{PREFIX}{name.upper()}` | {f'`{default}`' if default else ''} | {meaning} |\n"
        for name, default, _, meaning in Settings.table()
    )
    return _INTRODUCTION.format(prefix=PREFIX) + rows + _TEMPORAL.format(prefix=PREFIX)


def values(settings: Settings) -> list[str]:
    """The table of values in force, secrets masked."""
    rows = [
        (PREFIX + name.upper(), _shown(getattr(settings, name)), meaning) for name, _, _, meaning in Settings.table()
    ]
    return table.lines(("SETTING", "VALUE", "MEANING"), rows)


def _shown(value: object) -> str:
    if isinstance(value, Secret):
        return "****" if value else ""
    return ",".join(sorted(map(str, value))) if isinstance(value, frozenset) else str(value)
