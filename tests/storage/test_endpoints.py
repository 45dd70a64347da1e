"""Endpoints that want no more webhooks."""

from pathlib import Path

import pytest

from storage.endpoints import MOST_LISTED
from storage.records import Records
from tests.storage.requests import NOW

pytestmark = pytest.mark.unit

URL = "https://example.com/hook"


def test_an_endpoint_is_disabled_for_one_key_and_seen_by_every_process(records: Records, tmp_path: Path) -> None:
    elsewhere = Records(tmp_path / "records.db")
    records.endpoints.disable("k1", URL, "d1", NOW)

    assert elsewhere.endpoints.is_disabled("k1", URL)
    assert not elsewhere.endpoints.is_disabled("k2", URL)
    assert not elsewhere.endpoints.is_disabled("k1", f"{URL}/other")
    elsewhere.close()


def test_disabled_endpoints_are_listed_with_the_webhook_that_was_answered_so(records: Records) -> None:
    records.endpoints.disable("k1", URL, "d1", NOW)
    records.endpoints.disable("k1", URL, "d2", "2026-01-03T00:00:00Z")
    records.endpoints.disable("k2", URL, "d3", "2026-01-03T00:00:00Z")

    (own,) = records.endpoints.disabled("k1")
    assert (own.url, own.delivery_id, own.disabled_at) == (URL, "d1", NOW)
    assert [each.key_id for each in records.endpoints.disabled()] == ["k2", "k1"]


def test_an_endpoint_can_be_enabled_again(records: Records) -> None:
    records.endpoints.disable("k1", URL, "d1", NOW)

    assert records.endpoints.enable("k1", URL)
    assert not records.endpoints.enable("k1", URL)
    assert not records.endpoints.is_disabled("k1", URL)


def test_a_list_of_endpoints_has_an_end(records: Records) -> None:
    for number in range(MOST_LISTED + 1):
        records.endpoints.disable("k1", f"{URL}/{number}", "d1", NOW)

    assert len(records.endpoints.disabled("k1")) == MOST_LISTED
