"""Commands that look after jobs: from the records for what has ended, from Temporal for what goes on."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import click
from temporalio.client import Client

from api import job_moves
from api.services import utc_now
from contracts.jobs import Status
from contracts.settings import Settings
from scripts import connection, job_report, references, table
from scripts.options import open_records, with_settings
from storage.jobs import JobFilter
from storage.records import Records

T = TypeVar("T")


@click.group()
def jobs() -> None:
    """List, show, cancel, retry and replay jobs, and send their webhooks again. JOB is an id or a number."""


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
    which = JobFilter(key_id=key_id, status=Status(status) if status else None)
    found = _records(settings).jobs.list(which, limit)
    look = job_report.Standing(settings)
    click.echo("\n".join(table.lines(job_report.HEADERS, [job_report.row(record, look(record)) for record in found])))


@jobs.command()
@click.argument("job")
@with_settings
def show(settings: Settings, job: str) -> None:
    """Show all that is known of a job, its webhook's attempts too."""
    records = _records(settings)
    record = references.find(records, job)
    view = job_report.Standing(settings)(record)
    webhooks = records.deliveries.of_job(record.job_id, utc_now())
    click.echo("\n".join(job_report.details(settings, record, view, webhooks)))


@jobs.command()
@click.argument("job")
@with_settings
def cancel(settings: Settings, job: str) -> None:
    """Stop a job; what it was doing ends within seconds."""
    record = references.find(_records(settings), job)
    gateway = connection.gateway(settings)
    view = gateway.view(record.job_id)
    status = view.status if view else record.status
    if status.is_terminal:
        raise click.UsageError(f"job {job} has ended already: {status}")
    gateway.cancel(record.job_id)
    click.echo(f"asked {record.job_id} to stop")


@jobs.command()
@click.argument("job")
@click.option("--from-start", is_flag=True, help="Reuse nothing of what was done.")
@with_settings
def retry(settings: Settings, job: str, from_start: bool) -> None:
    """Run an ended job again, from the step that failed unless told otherwise."""
    records, gateway = _records(settings), connection.gateway(settings)
    record = references.find(records, job)
    retried = job_moves.retry(records, gateway, record, utc_now(), from_start=from_start)
    click.echo(f"{record.job_id} runs again from {retried.step} (run {retried.run_id})")


@jobs.command()
@click.argument("job")
@with_settings
def redeliver(settings: Settings, job: str) -> None:
    """Send a job's webhooks again: the same bytes under the same ids."""
    records, gateway = _records(settings), connection.gateway(settings)
    for webhook in records.deliveries.of_job(references.find(records, job).job_id, utc_now()):
        job_moves.redeliver(records, gateway, webhook, utc_now())
        click.echo(f"sent off {webhook.delivery.delivery_id} to {webhook.delivery.url}")


@jobs.command()
@click.argument("job")
@with_settings
def replay(settings: Settings, job: str) -> int:
    """Run a job's recorded history through today's workflow code. JOB may also be a history's JSON file.

    Exits with 1 when the two part.
    """
    from scripts import replay as replays

    if job.endswith(".json"):
        report = asyncio.run(replays.replay_file(Path(job), settings.payload_keys))
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
    return open_records(settings, must_exist=True)


def _with_client(settings: Settings, work: Callable[[Client], Awaitable[T]]) -> T:
    async def connected() -> T:
        return await work(await connection.connect(settings))

    return asyncio.run(connected())
