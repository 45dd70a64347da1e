"""Commands for API keys."""

import click

from contracts.errors import NotFound
from contracts.settings import Settings
from scripts import table
from scripts.clock import now_text
from scripts.options import with_settings
from storage.records import Records


@click.group()
def keys() -> None:
    """Make, list and revoke API keys."""


@keys.command()
@click.argument("name")
@with_settings
def create(settings: Settings, name: str) -> None:
    """Make a key called NAME and show it, this once, with the secret that signs its webhooks."""
    records = _records(settings)
    key, text = records.keys.create(name, now_text())
    click.echo(f"key             {text!s}")
    click.echo(f"webhook secret  {records.keys.webhook_secret(key.key_id)!s}")


@keys.command("list")
@with_settings
def list_keys(settings: Settings) -> None:
    """List all keys, revoked ones too."""
    rows = [
        (key.key_id, key.name, key.created_at, f"revoked {key.revoked_at}" if key.revoked_at else "works")
        for key in _records(settings).keys.list()
    ]
    click.echo("\n".join(table.lines(("ID", "NAME", "CREATED", "STATE"), rows)))


@keys.command()
@click.argument("key_id")
@with_settings
def revoke(settings: Settings, key_id: str) -> None:
    """Stop the key with this id from working, at once."""
    if not _records(settings).keys.revoke(key_id, now_text()):
        raise NotFound(f"no working key has the id {key_id}", remedy="mouthpiece keys list shows them.")
    click.echo(f"revoked {key_id}")


def _records(settings: Settings) -> Records:
    return Records(settings.data_dir / "records.db")
