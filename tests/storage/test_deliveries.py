"""The log of webhook attempts."""

import pytest

from contracts.steps import Delivery
from storage.deliveries import ANSWER_LIMIT
from storage.records import Records
from tests.storage.requests import NOW

pytestmark = pytest.mark.unit

DELIVERY = Delivery(delivery_id="d1", job_id="j1", key_id="k1", url="https://example.com/hook", body="{}")


def test_attempts_are_listed_in_order(records: Records) -> None:
    records.deliveries.log(DELIVERY, 1, NOW, 503, 12, "busy")
    records.deliveries.log(DELIVERY, 2, "2026-01-02T03:04:10Z", 200, 8, "ok")

    attempts = records.deliveries.list("j1")

    assert [(each.attempt, each.http_status, each.answer) for each in attempts] == [(1, 503, "busy"), (2, 200, "ok")]
    assert attempts[0].delivery == DELIVERY


def test_an_attempt_logged_twice_is_kept_once(records: Records) -> None:
    for _ in range(2):
        records.deliveries.log(DELIVERY, 1, NOW, 200, 8, "ok")

    assert len(records.deliveries.list("j1")) == 1


def test_a_long_answer_is_cut(records: Records) -> None:
    records.deliveries.log(DELIVERY, 1, NOW, 500, 8, "x" * 5000)

    assert len(records.deliveries.list("j1")[0].answer) == ANSWER_LIMIT


def test_another_jobs_attempts_are_not_listed(records: Records) -> None:
    records.deliveries.log(DELIVERY, 1, NOW, 200, 8, "ok")

    assert records.deliveries.list("j2") == []
