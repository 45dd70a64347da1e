"""Commands that look after jobs: from the records for what has ended, from Temporal for what goes on."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import click
from temporalio.client import Client

from contracts.jobs import Status
from contracts.settings import Settings
from scripts import connection, job_report, references, table
from scripts.options import with_settings
from storage.records import Records

T = TypeVar("T")


@click.group()
def jobs() -> None:
    """List, show, cancel, retry and replay jobs. JOB is an id or a number."""


@jobs.command("list")
@click.option(
    "--status",
    type=click.Choice([status.value for status in Status if status.is_terminal]),
    help="Only jobs that ended so.",
)
@click.option("--key", "key_id", help="Only jobs of the API key with this id.")
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True)
@with_settings
def list_jobs(settings: Settings, status: str | None, key_id: str | None, limit: int) -> None:
    """List jobs, newest first."""
    found = _records(settings).jobs.list(key_id=key_id, status=Status(status) if status else None, limit=limit)
    look = job_report.Standing(settings.data_dir)
    click.echo("\n".join(table.lines(job_report.HEADERS, [job_report.row(record, look(record)) for record in found])))


@jobs.command()
@click.argument("job")
@with_settings
def show(settings: Settings, job: str) -> None:
    """Show all that is known of a job, its webhook's attempts too."""
    records = _records(settings)
    record = references.find(records, job)
    view = job_report.Standing(settings.data_dir)(record)
    click.echo("\n".join(job_report.details(settings, record, view, records.deliveries.list(record.job_id))))


@jobs.command()
@click.argument("job")
@with_settings
def cancel(settings: Settings, job: str) -> None:
    """Stop a job; what it was doing ends within seconds."""
    record = references.find(_records(settings), job)
    if record.status.is_terminal:
        raise click.UsageError(f"job {job} has ended already: {record.status}")
    connection.gateway(settings.data_dir).cancel(record.job_id)
    click.echo(f"asked {record.job_id} to stop")


@jobs.command()
@click.argument("job")
@click.option("--from-start", is_flag=True, help="Reuse nothing of what was done.")
@with_settings
def retry(settings: Settings, job: str, from_start: bool) -> None:
    """Run an ended job again, from the step that failed unless told otherwise."""
    from scripts import reset

    record = references.find(_records(settings), job)
    retried = _with_client(settings, lambda client: reset.retry(client, record.job_id, from_start))
    click.echo(f"{record.job_id} runs again from {retried.step} (run {retried.run_id})")


@jobs.command()
@click.argument("job")
@with_settings
def replay(settings: Settings, job: str) -> int:
    """Run a job's recorded history through today's workflow code. JOB may also be a history's JSON file.

    Exits with 1 when the two part.
    """
    from scripts import replay as replays

    if job.endswith(".json"):
        report = asyncio.run(replays.replay_file(Path(job)))
    else:
        job_id = references.find(_records(settings), job).job_id
        report = _with_client(settings, lambda client: replays.replay_job(client, job_id))
    if report.deterministic:
        click.echo(f"deterministic: all {report.events} events replay")
        return 0
    where = f"at event {report.event_id} of" if report.event_id else "somewhere in"
    click.echo(f"not deterministic: code and history part {where} {report.events}: {report.message}")
    return 1


def _records(settings: Settings) -> Records:
    return Records(settings.data_dir / "records.db")


def _with_client(settings: Settings, work: Callable[[Client], Awaitable[T]]) -> T:
    async def connected() -> T:
        return await work(await connection.connect(settings.data_dir))

    return asyncio.run(connected())
