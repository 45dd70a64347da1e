"""The command that says what is missing."""

import asyncio
import sys
from pathlib import Path

import click
from rich.console import Console

from contracts.settings import Settings, environment
from scripts import doctor as checks
from scripts import doctor_stack, stack
from scripts.doctor import Finding, State
from scripts.options import with_config, with_settings

_COLOURS = {State.OK: "green", State.NOTE: "yellow", State.FAULT: "red"}


@click.command()
@with_config
@with_settings
def doctor(settings: Settings, config: Path | None) -> int:
    """Look for what is missing, here and in the running service, and say how to mend it."""
    described = stack.read(config or stack.DEFAULT)
    findings: list[Finding] = []
    with Console(stderr=True).status("looking") as status:
        for name, look in checks.look(settings, environment(), described):
            status.update(f"looking at {name}")
            findings.append(look())
            _show(findings[-1])
        for found in [doctor_stack.api(settings), *asyncio.run(doctor_stack.server(settings))]:
            findings.append(found)
            _show(found)
    faults = [found.name for found in findings if found.state is State.FAULT]
    click.echo(f"\nto mend: {', '.join(faults)}" if faults else "\nnothing stands in the way")
    sys.stdout.flush()
    return 1 if faults else 0


def _show(found: Finding) -> None:
    click.echo(f"{click.style(f'{found.state:<5}', fg=_COLOURS[found.state])}  {found.name:<14}{found.detail}")
    if found.remedy:
        click.echo(f"{'':21}{found.remedy}")
