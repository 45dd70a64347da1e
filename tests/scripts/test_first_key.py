"""The key that `mouthpiece up` shows."""

from pathlib import Path

import pytest

from contracts.plans import Plan
from contracts.scopes import EVERY
from contracts.settings import Settings
from scripts import first_key
from scripts.clock import now_text
from storage.records import Records
from storage.secrets import first_key as derived
from storage.secrets import server_secret

pytestmark = pytest.mark.unit


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path)


@pytest.fixture
def records(tmp_path: Path) -> Records:
    return Records(tmp_path / "records.db")


def test_it_has_every_scope_on_the_largest_plan(settings: Settings, records: Records) -> None:
    key = records.keys.find(first_key.working(settings, records))

    assert key is not None
    assert (key.plan, key.scopes) == (Plan.ENTERPRISE, EVERY)


def test_it_stays_the_same_until_it_is_revoked(settings: Settings, records: Records) -> None:
    first = first_key.working(settings, records)
    assert first_key.working(settings, records) == first

    records.keys.revoke(first.split("_")[1], now_text())

    second = first_key.working(settings, records)
    assert second != first
    assert records.keys.find(second) is not None


def test_one_that_was_entered_with_fewer_scopes_gets_all(settings: Settings, records: Records) -> None:
    text = derived(server_secret(settings))
    records.keys.add(text, "first key", now_text())

    first_key.working(settings, records)

    key = records.keys.find(text)
    assert key is not None
    assert key.scopes == EVERY
