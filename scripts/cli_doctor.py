"""The command that says what is missing."""

import asyncio
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

import click
from rich.console import Console

from contracts.settings import Settings, environment
from scripts import doctor as checks
from scripts import doctor_jobs, doctor_network, doctor_stack, runfile, stack
from scripts.doctor import Finding, State
from scripts.options import with_config, with_settings
from scripts.stack import Stack

_COLOURS = {State.OK: "green", State.NOTE: "yellow", State.FAULT: "red"}


@click.command()
@click.option("--service", is_flag=True, help="Only what runs and its data; no engine is loaded. For monitoring.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@with_config
@with_settings
def doctor(settings: Settings, config: Path | None, service: bool, as_json: bool) -> int:
    """Look for what is missing, here and in the running service, and say how to mend it.

    Exits with 1 when there is a fault; a note stands in the way of nothing.
    """
    described = stack.read(config or stack.DEFAULT)
    findings: list[Finding] = []
    with Console(stderr=True).status("looking") as status:
        for name, look in _looks(settings, described, is_short=service):
            status.update(f"looking at {name}")
            for found in look():
                findings.append(found)
                if not as_json:
                    _show(found)
    faults = [found.name for found in findings if found.state is State.FAULT]
    if as_json:
        document = {"ok": not faults, "findings": [asdict(found) for found in findings]}
        click.echo(json.dumps(document, indent=2))
    else:
        click.echo(f"\nto mend: {', '.join(faults)}" if faults else "\nnothing stands in the way")
    sys.stdout.flush()
    return 1 if faults else 0


def _looks(
    settings: Settings, described: Stack, *, is_short: bool
) -> Iterator[tuple[str, Callable[[], Sequence[Finding]]]]:
    """Every look by name; the local ones first, as they need nobody's answer."""
    local = checks.look_at_data(settings, described) if is_short else checks.look(settings, environment(), described)
    for name, look in [*local, ("webhooks", lambda: doctor_jobs.webhooks(settings))]:
        yield name, _one(look)
    yield "API", lambda: [doctor_stack.api(settings)]
    if not runfile.read(settings.data_dir):
        yield "public URL", lambda: [doctor_network.public_url(settings)]
    yield "certificates", lambda: doctor_network.certificates(settings)
    yield "server", lambda: asyncio.run(doctor_stack.server(settings))


def _one(look: Callable[[], Finding]) -> Callable[[], Sequence[Finding]]:
    return lambda: [look()]


def _show(found: Finding) -> None:
    click.echo(f"{click.style(f'{found.state:<5}', fg=_COLOURS[found.state])}  {found.name:<14}{found.detail}")
    if found.remedy:
        click.echo(f"{'':21}{found.remedy}")
