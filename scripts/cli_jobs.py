"""Commands that look after jobs: from the records for what has ended, from Temporal for what goes on."""

import json
from collections.abc import Callable
from dataclasses import replace

import click

from api import job_moves
from api.services import utc_now
from contracts.errors import Conflict
from contracts.jobs import Status
from contracts.settings import Settings
from scripts import bulk, chosen_jobs, connection, job_report, references, table
from scripts.bulk import Manner, with_manner
from scripts.chosen_jobs import Found
from scripts.job_choice import Choice, with_choice
from scripts.options import open_records, with_settings
from storage.blobs import open_blobs
from storage.jobs import JobRecord
from storage.records import Records

_GOING_ON = frozenset({Status.QUEUED, Status.RUNNING})
_ENDED = frozenset(status for status in Status if status.is_terminal)


@click.group()
def jobs() -> None:
    """List, show, cancel, retry, delete and replay jobs, and send their webhooks again. JOB is an id or a number.

    What changes jobs takes either jobs by name, or options that choose them; then it says which, and asks.
    """


@jobs.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list.")
@with_settings
@with_choice(limit=20)
def list_jobs(choice: Choice, settings: Settings, as_json: bool) -> None:
    """List jobs, newest first."""
    found = chosen_jobs.find(settings, _records(settings), choice, with_views=True)
    if as_json:
        click.echo(json.dumps([job_report.entry(each.record, each.view) for each in found], indent=2))
        return
    rows = [job_report.row(each.record, each.view) for each in found]
    click.echo("\n".join(table.lines(job_report.HEADERS, rows)))


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
@click.argument("jobs", metavar="[JOB]...", nargs=-1)
@with_settings
@with_choice(limit=0)
@with_manner
def cancel(manner: Manner, choice: Choice, settings: Settings, jobs: tuple[str, ...]) -> int:
    """Stop jobs; what they were doing ends within seconds. Of those chosen, only jobs that go on."""
    records, gateway = _records(settings), connection.gateway(settings)

    def act(found: Found) -> str:
        view = gateway.view(found.record.job_id)
        status = view.status if view else found.record.status
        if status.is_terminal:
            raise Conflict(f"job {found.record.job_id} has ended already: {status}")
        gateway.cancel(found.record.job_id)
        return "asked to stop"

    chosen = _chosen(settings, records, choice, jobs, _GOING_ON)
    return _carry_out("cancel", chosen, act, manner, bool(jobs))


@jobs.command()
@click.argument("jobs", metavar="[JOB]...", nargs=-1)
@click.option("--from-start", is_flag=True, help="Reuse nothing of what was done.")
@with_settings
@with_choice(limit=0)
@with_manner
def retry(manner: Manner, choice: Choice, settings: Settings, jobs: tuple[str, ...], from_start: bool) -> int:
    """Run ended jobs again, from the step that failed unless told otherwise.

    A choice that names no state, by --since or --key for one, is of failed jobs alone.
    """
    records, gateway = _records(settings), connection.gateway(settings)

    def act(found: Found) -> str:
        record = _unchanged(records, found) if not jobs else found.record
        retried = job_moves.retry(records, gateway, record, utc_now(), from_start=from_start)
        return f"runs again from {retried.step} (run {retried.run_id})"

    chosen = _chosen(settings, records, choice, jobs, _ENDED, usual=frozenset({Status.FAILED}))
    return _carry_out("retry", chosen, act, manner, bool(jobs))


@jobs.command()
@click.argument("jobs", metavar="[JOB]...", nargs=-1)
@with_settings
@with_choice(limit=0)
@with_manner
def delete(manner: Manner, choice: Choice, settings: Settings, jobs: tuple[str, ...]) -> int:
    """Remove ended jobs for good: record, files, webhooks, history. What they cost stays counted."""
    records, gateway, blobs = _records(settings), connection.gateway(settings), open_blobs(settings)

    def act(found: Found) -> str:
        record = _unchanged(records, found)
        if not record.status.is_terminal:
            raise Conflict(f"job {record.job_id} has not ended", remedy="Cancel it first, or wait for its end.")
        job_moves.delete(records, gateway, blobs, record, utc_now())
        return "removed"

    chosen = _chosen(settings, records, choice, jobs, _ENDED)
    return _carry_out("delete", chosen, act, manner, bool(jobs))


@jobs.command()
@click.argument("jobs", metavar="[JOB]...", nargs=-1)
@with_settings
@with_choice(limit=0)
@with_manner
def replay(manner: Manner, choice: Choice, settings: Settings, jobs: tuple[str, ...]) -> int:
    """Run jobs' recorded histories through today's workflow code. JOB may also be a history's JSON file.

    Changes nothing, so it does not ask. Exits with 1 when history and code part.
    """
    from scripts import bulk_replay

    if len(jobs) == 1 and jobs[0].endswith(".json"):
        return bulk_replay.file(settings, jobs[0])
    chosen = _chosen(settings, _records(settings), choice, jobs, frozenset(Status))
    return bulk_replay.many(settings, chosen, manner, is_named=bool(jobs))


@jobs.command()
@click.argument("job")
@with_settings
def redeliver(settings: Settings, job: str) -> None:
    """Send a job's webhooks again: the same bytes under the same ids."""
    records, gateway = _records(settings), connection.gateway(settings)
    for webhook in records.deliveries.of_job(references.find(records, job).job_id, utc_now()):
        job_moves.redeliver(records, gateway, webhook, utc_now())
        click.echo(f"sent off {webhook.delivery.delivery_id} to {webhook.delivery.url}")


def _chosen(
    settings: Settings,
    records: Records,
    choice: Choice,
    names: tuple[str, ...],
    possible: frozenset[Status],
    usual: frozenset[Status] = frozenset(),
) -> list[Found]:
    """The jobs that are named, or else chosen: in `possible` states alone, the `usual` where the choice names none."""
    if bool(names) is choice.is_made or (names and choice.limit):
        raise click.UsageError("name jobs, or choose them by --state, --key, --error-code, --since, --query ...")
    if names:
        return [Found(record=references.find(records, name)) for name in dict.fromkeys(names)]
    if choice.states and not choice.states & possible:
        raise click.UsageError(f"--state: this is for jobs that are {' or '.join(sorted(possible))}")
    states = choice.states & possible or usual or possible
    return chosen_jobs.find(settings, records, replace(choice, states=states))


def _unchanged(records: Records, found: Found) -> JobRecord:
    """The job as the records have it now.

    Raises:
        Conflict: when it is no longer what was chosen: somebody else has seen to it.
    """
    record = records.jobs.find(found.record.job_id)
    if record is None or (record.status, record.finished_at) != (found.record.status, found.record.finished_at):
        raise Conflict("it has changed since it was chosen")
    return record


def _carry_out(verb: str, chosen: list[Found], act: Callable[[Found], str], manner: Manner, is_named: bool) -> int:
    if is_named and len(chosen) == 1 and not (manner.as_json or manner.dry_run):
        click.echo(f"{chosen[0].record.job_id} {act(chosen[0])}")
        return 0
    return bulk.carry_out(verb, chosen, act, manner, asks=not is_named).exit_code


def _records(settings: Settings) -> Records:
    return open_records(settings, must_exist=True)
