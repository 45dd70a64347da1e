"""Commands for what the service keeps: what is too old, and whether it is whole."""

from collections import Counter
from datetime import UTC, datetime

import click

from contracts.errors import InternalError
from contracts.retention import Phase
from contracts.settings import Settings
from scripts.options import open_records, with_settings
from storage.blobs import open_blobs
from storage.orphans import missing_outputs
from storage.retention import Retention


class DataDamaged(InternalError):
    """Something that the records promise is not there, or they are damaged themselves."""


@click.group()
def data() -> None:
    """Look after what is kept: remove what is too old, look for damage."""


@data.command()
@click.option("--dry-run", is_flag=True, help="Only list what would go.")
@with_settings
def prune(settings: Settings, dry_run: bool) -> None:
    """Remove what is older than MOUTHPIECE_KEEP_..._DAYS say, now, as the service does every six hours.

    It may run beside the service. Jobs that have not ended lose nothing, whatever their age.
    """
    records = open_records(settings, must_exist=True)
    retention = Retention(settings, records, open_blobs(settings), lambda: datetime.now(UTC))
    counts: Counter[Phase] = Counter()
    for phase in Phase:
        for due in retention.due(phase):
            if dry_run or due.remove():
                counts[phase] += 1
                click.echo(due.what)
    told = ", ".join(f"{phase} {count}" for phase, count in counts.items()) or "nothing"
    click.echo(f"{'would remove' if dry_run else 'removed'}: {told}", err=True)


@data.command()
@with_settings
def check(settings: Settings) -> None:
    """Look for damage: in the records, index by index, and for outputs that are not there."""
    records = open_records(settings, must_exist=True)
    faults = records.faults(in_depth=True)
    absent = [] if faults else missing_outputs(records, open_blobs(settings))
    for line in (*faults, *(f"{key} is missing" for key in absent)):
        click.echo(line)
    if faults or absent:
        raise DataDamaged(
            f"{len(faults)} faults in the records, {len(absent)} outputs missing",
            remedy="mouthpiece restore brings a backup back.",
        )
    click.echo("records and outputs are whole")
