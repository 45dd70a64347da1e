"""Commands for API keys."""

import click

from contracts.errors import NotFound
from contracts.plans import Plan
from contracts.scopes import USUAL, Scope, in_order
from contracts.settings import Settings
from scripts import table
from scripts.clock import now_text
from scripts.options import RECORDS, open_records, with_settings
from storage.keys import ApiKey
from storage.records import Records


@click.group()
def keys() -> None:
    """Make, list and revoke API keys."""


@keys.command()
@click.option("--name", default="", help="What the key is called in lists.")
@click.option(
    "--plan",
    type=click.Choice([plan.value for plan in Plan]),
    default=Plan.ENTERPRISE.value,
    show_default=True,
    help="How many requests a minute it may make.",
)
@click.option(
    "--scope",
    "scopes",
    type=click.Choice([scope.value for scope in Scope]),
    multiple=True,
    default=[scope.value for scope in in_order(USUAL)],
    show_default=True,
    help="What it may do; give it once for each.",
)
@with_settings
def create(settings: Settings, name: str, plan: str, scopes: tuple[str, ...]) -> None:
    """Make a key and show it, this once, with the secret that signs its webhooks.

    The data folder may be one that no service has run on yet.
    """
    if not (settings.data_dir / RECORDS).exists():
        click.echo(f"no service has run on {settings.data_dir} yet: making its records", err=True)
    records = open_records(settings, must_exist=False)
    key, text = records.keys.create(name, now_text(), Plan(plan), frozenset(map(Scope, scopes)))
    click.echo(f"key             {text!s}")
    click.echo(f"webhook secret  {records.keys.webhook_secret(key.key_id)!s}")


@keys.command("list")
@with_settings
def list_keys(settings: Settings) -> None:
    """List all keys, revoked ones too."""
    rows = [
        (key.key_id, key.name, key.plan, " ".join(in_order(key.scopes)), key.created_at, _state(key))
        for key in _records(settings).keys.list()
    ]
    click.echo("\n".join(table.lines(("ID", "NAME", "PLAN", "SCOPES", "CREATED", "STATE"), rows)))


@keys.command()
@click.argument("key_id")
@with_settings
def revoke(settings: Settings, key_id: str) -> None:
    """Stop the key with this id from working, at once."""
    if not _records(settings).keys.revoke(key_id, now_text()):
        raise NotFound(f"no working key has the id {key_id}", remedy="mouthpiece keys list shows them.")
    click.echo(f"revoked {key_id}")


def _state(key: ApiKey) -> str:
    return f"revoked {key.revoked_at}" if key.revoked_at else "works"


def _records(settings: Settings) -> Records:
    return open_records(settings, must_exist=True)
