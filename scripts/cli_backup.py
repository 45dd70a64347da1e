"""Commands that keep a service's data, and bring it back."""

from datetime import UTC, datetime
from pathlib import Path

import click

from contracts.errors import NotFound
from contracts.settings import Settings
from scripts import runfile
from scripts.options import RECORDS, with_settings
from storage import backup as backups
from storage.rotation import DATED, rotate


@click.command()
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--no-blobs", is_flag=True, help="Only list the files of jobs and uploads.")
@click.option(
    "--keep",
    type=click.IntRange(1),
    help="OUT holds backups by their time: add one, and keep only so many, the newest.",
)
@with_settings
def backup(settings: Settings, out: Path, no_blobs: bool, keep: int | None) -> None:
    """Write records, secret and files to the new folder OUT; the service may go on meanwhile.

    Files in a bucket are only listed. Temporal's database is left out: jobs that have not ended begin again after a
    restore.
    """
    if not (settings.data_dir / RECORDS).is_file():
        raise NotFound(f"no records in {settings.data_dir}", remedy="Name the service's folder with --data.")
    now = datetime.now(UTC)
    target = out.absolute() / now.strftime(DATED) if keep else out.absolute()
    made = backups.make(settings, target, now, lambda: None, with_blobs=not no_blobs)
    done = "copied" if made.has_blobs else "listed"
    click.echo(f"{target}: records of {made.made_at}, {made.blobs} files {done}, {made.bytes} bytes")
    for removed in rotate(out.absolute(), keep) if keep else ():
        click.echo(f"removed {removed}")


@click.command()
@click.argument("source", type=click.Path(path_type=Path, exists=True, file_okay=False))
@with_settings
def restore(settings: Settings, source: Path) -> None:
    """Make the data folder of the backup SOURCE; it has to be new or empty.

    Keys and links work as before. Jobs that had not ended begin again when the service starts, and webhooks that were
    pending are sent again.
    """
    with runfile.claim(settings.data_dir):
        restored = backups.restore(source.absolute(), settings.data_dir)
    click.echo(
        f"{settings.data_dir}: as of {restored.manifest.made_at}; to begin again: {restored.jobs} jobs,"
        f" {restored.webhooks} webhooks"
    )
    if not restored.manifest.has_blobs:
        click.echo(f"the files are not in it: {source / 'blobs.txt'} lists what has to be in the store", err=True)
