"""Webhooks and the log of their attempts."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

from contracts.errors import NotFound
from contracts.steps import Delivery
from storage.database import RecordsFile
from storage.deliveries import ANSWER_LIMIT, WebhookState
from storage.records import Records
from storage.schema import MIGRATIONS
from tests.storage.requests import NOW

pytestmark = pytest.mark.unit

DELIVERY = Delivery(delivery_id="d1", job_id="j1", key_id="k1", url="https://example.com/hook", body="{}")
SENT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
PENDING, DELIVERED, FAILED = WebhookState


def attempted(
    records: Records, delivery: Delivery, at: str, http_status: int, latency_ms: int, answer: str, state: WebhookState
) -> int:
    records.deliveries.open(delivery, at)
    return records.deliveries.log(delivery, at, http_status, latency_ms, answer, state)


def test_attempts_are_listed_in_order(records: Records) -> None:
    attempted(records, DELIVERY, NOW, 503, 12, "busy", PENDING)
    attempted(records, DELIVERY, "2026-01-02T03:04:10Z", 200, 8, "ok", DELIVERED)

    attempts = records.deliveries.list("j1")

    assert [(each.attempt, each.http_status, each.answer) for each in attempts] == [(1, 503, "busy"), (2, 200, "ok")]
    assert attempts[0].delivery == DELIVERY


def test_a_webhook_sent_again_goes_on_counting_its_attempts(records: Records) -> None:
    first = attempted(records, DELIVERY, NOW, 410, 12, "gone", FAILED)
    records.deliveries.mark("d1", PENDING, NOW)

    second = attempted(records, DELIVERY, NOW, 200, 8, "ok", DELIVERED)

    assert (first, second) == (1, 2)
    assert [each.answer for each in records.deliveries.list("j1")] == ["gone", "ok"]


def test_the_attempts_of_each_webhook_are_counted_by_themselves(records: Records) -> None:
    attempted(records, DELIVERY, NOW, 503, 12, "busy", PENDING)

    assert attempted(records, replace(DELIVERY, delivery_id="d2"), NOW, 200, 8, "ok", DELIVERED) == 1


def test_nothing_is_entered_of_a_webhook_that_was_removed_with_its_job(records: Records) -> None:
    attempted(records, DELIVERY, NOW, 503, 12, "busy", PENDING)
    records.jobs.remove("j1")

    with pytest.raises(NotFound):
        records.deliveries.log(DELIVERY, NOW, 200, 8, "ok", DELIVERED)

    assert records.deliveries.list("j1") == []
    assert records.deliveries.find("d1", SENT) is None


def test_a_long_answer_is_cut(records: Records) -> None:
    attempted(records, DELIVERY, NOW, 500, 8, "x" * 5000, PENDING)

    assert len(records.deliveries.list("j1")[0].answer) == ANSWER_LIMIT


def test_another_jobs_attempts_are_not_listed(records: Records) -> None:
    attempted(records, DELIVERY, NOW, 200, 8, "ok", DELIVERED)

    assert records.deliveries.list("j2") == []


def test_a_webhook_that_was_just_made_is_pending(records: Records) -> None:
    records.deliveries.open(DELIVERY, NOW)

    (webhook,) = records.deliveries.of_job("j1", SENT)
    assert (webhook.delivery, webhook.created_at, webhook.state, webhook.attempts) == (DELIVERY, NOW, PENDING, ())


def test_making_a_webhook_again_changes_nothing(records: Records) -> None:
    attempted(records, DELIVERY, NOW, 200, 8, "ok", DELIVERED)

    records.deliveries.open(DELIVERY, "2026-01-09T00:00:00Z")

    webhook = records.deliveries.find("d1", SENT)
    assert webhook is not None
    assert (webhook.created_at, webhook.state) == (NOW, DELIVERED)


@pytest.mark.parametrize(("after", "state"), [(timedelta(days=3), PENDING), (timedelta(days=3, seconds=1), FAILED)])
def test_a_pending_webhook_has_failed_once_nobody_tries_any_more(
    records: Records, after: timedelta, state: WebhookState
) -> None:
    records.deliveries.open(DELIVERY, NOW)

    webhook = records.deliveries.find("d1", SENT + after)

    assert webhook is not None
    assert webhook.state is state


def test_a_webhook_sent_off_again_has_another_three_days(records: Records) -> None:
    records.deliveries.open(DELIVERY, NOW)
    records.deliveries.mark("d1", PENDING, "2026-01-09T00:00:00Z")

    webhook = records.deliveries.find("d1", datetime(2026, 1, 10, tzinfo=UTC))

    assert webhook is not None
    assert webhook.state is PENDING


def test_failed_webhooks_are_those_of_one_key_since_a_time(records: Records) -> None:
    made = {"old": "2026-01-01T00:00:00Z", "new": NOW, "delivered": NOW, "pending": NOW, "theirs": NOW}
    states = {"delivered": DELIVERED, "pending": PENDING}
    for name, at in made.items():
        delivery = replace(DELIVERY, delivery_id=name, key_id="k2" if name == "theirs" else "k1")
        attempted(records, delivery, at, 0, 1, "", states.get(name, FAILED))

    found = records.deliveries.failed("k1", "2026-01-02T00:00:00.000Z", SENT)

    assert [webhook.delivery.delivery_id for webhook in found] == ["new"]


def test_attempts_from_before_there_were_webhooks_make_up_theirs(tmp_path: Path) -> None:
    path = tmp_path / "records.db"
    before = Migrations("mouthpiece")

    @before(name="0004_deliveries")
    def old(database: Database) -> None:
        for step in MIGRATIONS.pending(database):
            if step.name < "0009":
                step.fn(database)

    RecordsFile(path, before).close()
    database = Database(path, strict=True)
    for attempt, http_status in enumerate((503, 200), 1):
        row = ("d1", attempt, "j1", "k1", "https://example.com/hook", "{}", NOW, http_status, 5, "")
        database.execute(f"INSERT INTO deliveries VALUES ({', '.join('?' * len(row))})", row)
    database.conn.commit()
    for step in MIGRATIONS.pending(database):
        if step.name == "0009_webhooks":
            step.fn(database)

    assert list(database.query("SELECT delivery_id, state, sent_at FROM webhooks")) == [
        {"delivery_id": "d1", "state": "delivered", "sent_at": NOW}
    ]
