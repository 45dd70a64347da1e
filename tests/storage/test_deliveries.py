"""Webhooks and the log of their attempts."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

from contracts.errors import NotFound
from contracts.steps import Delivery
from contracts.webhooks import PATIENCE
from storage.database import RecordsFile
from storage.deliveries import ANSWER_LIMIT, MOST_ATTEMPTS, WebhookFilter, WebhookState
from storage.records import Records
from storage.schema import MIGRATIONS
from tests.storage.requests import NOW

pytestmark = pytest.mark.unit

DELIVERY = Delivery(delivery_id="d1", job_id="j1", key_id="k1", url="https://example.com/hook", body="{}")
SENT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
PENDING, DELIVERED, FAILED, DISABLED = WebhookState


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


@pytest.mark.parametrize("state", [PENDING, FAILED])
def test_an_attempt_that_hung_since_before_a_webhook_was_sent_again_takes_nothing_back(
    records: Records, state: WebhookState
) -> None:
    records.deliveries.open(DELIVERY, NOW)
    records.deliveries.mark("d1", PENDING, "2026-01-02T03:05:00Z")
    attempted(records, DELIVERY, "2026-01-02T03:05:01Z", 200, 8, "ok", DELIVERED)

    records.deliveries.log(DELIVERY, NOW, 0, 60_000, "no answer", state, next_at="2026-01-02T04:00:00Z")

    webhook = records.deliveries.find("d1", SENT)
    assert webhook is not None
    assert (webhook.state, webhook.next_at, webhook.tried) == (DELIVERED, "", 2)


def test_a_webhook_that_is_sent_again_and_again_keeps_its_latest_attempts(records: Records) -> None:
    numbers = [attempted(records, DELIVERY, NOW, 503, 12, "busy", PENDING) for _ in range(MOST_ATTEMPTS + 5)]
    attempted(records, replace(DELIVERY, delivery_id="d2"), NOW, 200, 8, "ok", DELIVERED)

    (webhook,) = (each for each in records.deliveries.of_job("j1", SENT) if each.delivery == DELIVERY)
    assert [each.attempt for each in webhook.attempts] == numbers[5:] == [*range(6, MOST_ATTEMPTS + 6)]
    assert webhook.tried == MOST_ATTEMPTS + 5
    assert [each.tried for each in records.deliveries.list_by(WebhookFilter(), SENT, 2)] == [1, MOST_ATTEMPTS + 5]


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


@pytest.mark.parametrize(("after", "state"), [(PATIENCE, PENDING), (PATIENCE + timedelta(seconds=1), FAILED)])
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


def listed(records: Records, which: WebhookFilter, limit: int = 100, *, oldest_first: bool = False) -> list[str]:
    found = records.deliveries.list_by(which, SENT + timedelta(hours=1), limit, oldest_first=oldest_first)
    return [webhook.delivery.delivery_id for webhook in found]


def test_failed_webhooks_are_those_of_one_key_since_a_time(records: Records) -> None:
    made = {"old": "2026-01-01T00:00:00Z", "new": NOW, "delivered": NOW, "pending": NOW, "theirs": NOW}
    states = {"delivered": DELIVERED, "pending": PENDING}
    for name, at in made.items():
        delivery = replace(DELIVERY, delivery_id=name, key_id="k2" if name == "theirs" else "k1")
        attempted(records, delivery, at, 0, 1, "", states.get(name, FAILED))

    which = WebhookFilter(key_id="k1", state=FAILED, since="2026-01-02T00:00:00.000Z")

    assert listed(records, which) == ["new"]


@pytest.mark.parametrize("state", WebhookState)
def test_webhooks_are_listed_by_state_as_they_are_shown(records: Records, state: WebhookState) -> None:
    for each in WebhookState:
        attempted(records, replace(DELIVERY, delivery_id=each), NOW, 0, 1, "", each)
    records.deliveries.open(replace(DELIVERY, delivery_id="given up"), "2025-12-20T00:00:00Z")

    found = records.deliveries.list_by(WebhookFilter(state=state), SENT, 10)

    assert {webhook.state for webhook in found} == {state}
    assert len(found) == (2 if state is FAILED else 1)


@pytest.mark.parametrize("oldest_first", [True, False])
def test_pages_of_webhooks_have_each_once_though_many_were_made_at_once(records: Records, oldest_first: bool) -> None:
    names = [f"d{number}" for number in range(10)]
    for number, name in enumerate(names):
        records.deliveries.open(replace(DELIVERY, delivery_id=name), f"2026-01-02T03:04:0{number // 4}Z")

    seen: list[str] = []
    which = WebhookFilter(key_id="k1")
    while page := records.deliveries.list_by(which, SENT, 3, oldest_first=oldest_first):
        seen += [webhook.delivery.delivery_id for webhook in page]
        which = replace(which, after=page[-1].place)

    assert seen == (names if oldest_first else names[::-1])


def test_a_list_counts_attempts(records: Records) -> None:
    attempted(records, DELIVERY, NOW, 503, 12, "busy", PENDING)
    attempted(records, DELIVERY, NOW, 503, 12, "busy", PENDING)

    (webhook,) = records.deliveries.list_by(WebhookFilter(), SENT, 10)

    assert (webhook.tried, webhook.attempts) == (2, ())


def test_a_webhook_to_a_disabled_endpoint_is_kept(records: Records) -> None:
    records.endpoints.disable("k1", DELIVERY.url, "d0", NOW)

    states = {
        name: records.deliveries.open(replace(DELIVERY, **{field: name, "delivery_id": name}), NOW)
        for field, name in {"job_id": "same", "url": "https://example.com/other", "key_id": "k2"}.items()
    }

    assert states == {"same": DISABLED, "https://example.com/other": PENDING, "k2": PENDING}


def test_a_kept_webhook_stays_kept_when_it_is_entered_again_after_its_endpoint_was_enabled(records: Records) -> None:
    records.endpoints.disable("k1", DELIVERY.url, "d0", NOW)
    records.deliveries.open(DELIVERY, NOW)
    records.endpoints.enable("k1", DELIVERY.url)

    assert records.deliveries.open(DELIVERY, NOW) is DISABLED


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
