"""Commands that look after webhooks: lists of them, sending them again, endpoints, secrets and test events."""

import time
from datetime import datetime, timedelta

import click

from api import job_moves
from api.services import utc_now, utc_text
from api.webhooks import a_test_event
from contracts.errors import InternalError, NotFound
from contracts.settings import Settings
from scripts import connection, table
from scripts.options import open_records, with_settings
from scripts.plain import plain
from storage.deliveries import Webhook, WebhookFilter, WebhookState
from storage.records import Records
from storage.signing import LONGEST_OVERLAP, USUAL_OVERLAP, new_signing_secret

#: Webhooks sent off between two rests, so that Temporal has time for jobs too.
_PAGE = 100
_REST_S = 0.5

_with_key = click.option("--key", "key_id", required=True, help="Id of the API key whose webhooks these are.")
_of_key = click.option("--key", "key_id", help="Only those of the API key with this id.")


class NotTaken(InternalError):
    """The receiver did not answer a test event with 2xx."""


@click.group()
def webhooks() -> None:
    """List webhooks and send them again; manage endpoints and secrets; send test events."""


@webhooks.command("list")
@click.option("--state", type=click.Choice([state.value for state in WebhookState]), help="Only those in this state.")
@_of_key
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True)
@with_settings
def list_webhooks(settings: Settings, state: str | None, key_id: str | None, limit: int) -> None:
    """List webhooks, newest first. Those that are failed are the dead ones: nobody tries them any more."""
    which = WebhookFilter(key_id=key_id, state=WebhookState(state) if state else None)
    found = _records(settings).deliveries.list_by(which, utc_now(), limit)
    click.echo("\n".join(table.lines(_HEADERS, [_row(webhook) for webhook in found])))


@webhooks.command()
@click.argument("webhook_id")
@with_settings
def show(settings: Settings, webhook_id: str) -> None:
    """Show a webhook with every attempt: what was sent, what was answered, how long it took."""
    webhook = _found(_records(settings), webhook_id)
    lines = table.lines(_HEADERS, [_row(webhook)])
    for each in webhook.attempts:
        said = f"HTTP {each.http_status}" if each.http_status else "no answer"
        told = f"attempt {each.attempt} at {each.at}: {said} in {each.latency_ms} ms: {plain(each.answer)}"
        lines.append(told.rstrip(": "))
        lines += [f"    {name}: {value}" for name, value in each.request_headers.items()]
    click.echo("\n".join(lines))


@webhooks.command()
@click.argument("webhook_id", required=False)
@click.option("--all", "every", is_flag=True, help="All that have failed, oldest first, a hundred at a time.")
@click.option("--kept", is_flag=True, help="With --all: those kept while their endpoint was disabled instead.")
@click.option("--since", type=click.DateTime(), help="With --all: only those made at this time (UTC) or later.")
@_of_key
@with_settings
def redeliver(
    settings: Settings, webhook_id: str | None, every: bool, kept: bool, since: datetime | None, key_id: str | None
) -> None:
    """Send a webhook again, or all that have failed: the same bytes and ids, and another three days of attempts."""
    if every is bool(webhook_id):
        raise click.UsageError("give the id of one webhook, or --all")
    records, gateway = _records(settings), connection.gateway(settings)
    if webhook_id:
        job_moves.redeliver(records, gateway, _found(records, webhook_id), utc_now())
        click.echo(f"sent off {webhook_id}")
        return
    state = WebhookState.DISABLED if kept else WebhookState.FAILED
    which = WebhookFilter(key_id=key_id, state=state, since=utc_text(since) if since else None)
    sent = looked_at = 0
    while page := records.deliveries.list_by(which, utc_now(), _PAGE, oldest_first=True):
        sent += len(job_moves.redeliver_all(records, gateway, page, utc_now()).sent)
        looked_at += len(page)
        which = WebhookFilter(key_id=key_id, state=state, since=which.since, after=page[-1].place)
        time.sleep(_REST_S)
    click.echo(f"sent off {sent}, left {looked_at - sent} to disabled endpoints")


@webhooks.command()
@_of_key
@with_settings
def endpoints(settings: Settings, key_id: str | None) -> None:
    """List the endpoints that answered 410 and get no webhooks since."""
    rows = [
        (each.key_id, each.url, each.disabled_at, each.delivery_id)
        for each in _records(settings).endpoints.disabled(key_id)
    ]
    click.echo("\n".join(table.lines(("KEY", "URL", "DISABLED", "BY"), rows)))


@webhooks.command()
@click.argument("url")
@_with_key
@with_settings
def enable(settings: Settings, url: str, key_id: str) -> None:
    """Send webhooks to an endpoint again that answered 410."""
    if not _records(settings).endpoints.enable(key_id, url):
        raise NotFound(f"no such endpoint is disabled: {url}", remedy="mouthpiece webhooks endpoints shows them.")
    click.echo(f"enabled {url}; mouthpiece webhooks redeliver --all --kept --key {key_id} sends what was kept")


@webhooks.command()
@_with_key
@click.option(
    "--overlap-s",
    type=click.IntRange(0, int(LONGEST_OVERLAP.total_seconds())),
    default=int(USUAL_OVERLAP.total_seconds()),
    show_default=True,
    help="How long the old secret signs too; 0 ends every old one at once.",
)
@with_settings
def rotate(settings: Settings, key_id: str, overlap_s: int) -> None:
    """Give a key a new webhook secret and show it, this once. Running processes sign with it at once."""
    records, secret = _records(settings), new_signing_secret()
    try:
        records.signing.rotate(key_id, secret, utc_now(), timedelta(seconds=overlap_s))
    except KeyError:
        raise NotFound(f"no key has the id {key_id}", remedy="mouthpiece keys list shows them.") from None
    click.echo(f"webhook secret  {secret!s}")
    for old in records.signing.old(key_id, utc_now()):
        click.echo(f"an old one signs too until {old.ends_at}")


@webhooks.command()
@click.argument("url")
@_with_key
@with_settings
def test(settings: Settings, url: str, key_id: str) -> None:
    """Post a test event to an endpoint and show what it answers; 2xx enables one that was disabled."""
    records = _records(settings)
    if records.keys.get(key_id) is None:
        raise NotFound(f"no key has the id {key_id}", remedy="mouthpiece keys list shows them.")
    found = connection.gateway(settings).probe(a_test_event(key_id, url, utc_text(utc_now())))
    if not found.is_accepted:
        raise NotTaken(f"HTTP {found.http_status} {plain(found.answer)}" if found.http_status else found.answer)
    records.endpoints.enable(key_id, url)
    click.echo(f"HTTP {found.http_status} in {found.latency_ms} ms {plain(found.answer)}".rstrip())


_HEADERS = ("ID", "STATE", "TRIED", "CREATED", "NEXT", "KEY", "JOB", "URL")


def _row(webhook: Webhook) -> tuple[str, ...]:
    delivery = webhook.delivery
    return (
        *(delivery.delivery_id, webhook.state, str(webhook.tried), webhook.created_at, webhook.next_at),
        *(delivery.key_id, delivery.job_id, delivery.url),
    )


def _found(records: Records, webhook_id: str) -> Webhook:
    webhook = records.deliveries.find(webhook_id, utc_now())
    if webhook is None:
        raise NotFound(f"no webhook {webhook_id}", remedy="mouthpiece webhooks list shows them.")
    return webhook


def _records(settings: Settings) -> Records:
    return open_records(settings, must_exist=True)
