import json
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
from standardwebhooks import Webhook
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.notify import Notify
from contracts.allow_list import AllowList
from contracts.settings import Settings
from contracts.steps import Delivery, NotifyResult
from storage.keys import ApiKey
from storage.records import Records
from tests.activities.http_server import Answer, Site, raw_trickle, redirect, serving, status

pytestmark = pytest.mark.unit

BODY = json.dumps({"id": "1", "error": "größer als 600 s"}, ensure_ascii=False)


@pytest.fixture
def records(tmp_path: Path) -> Iterator[Records]:
    records = Records(tmp_path / "records.db")
    yield records
    records.close()


@pytest.fixture
def key(records: Records) -> ApiKey:
    return records.keys.create("test", "2026-01-01T00:00:00Z")[0]


def _delivery(key: ApiKey, url: str) -> Delivery:
    return Delivery(delivery_id="msg_1", job_id="job1", key_id=key.key_id, url=url, body=BODY)


def _notify(settings: Settings, records: Records, delivery: Delivery) -> NotifyResult:
    records.deliveries.open(delivery, datetime.now(UTC).isoformat())
    return ActivityEnvironment().run(Notify(settings, records).notify, delivery)


def _post(settings: Settings, records: Records, key: ApiKey, answer: Answer) -> tuple[NotifyResult, Site]:
    with serving({"/hook": answer}) as site:
        return _notify(settings, records, _delivery(key, f"{site.url}/hook")), site


def _failure(settings: Settings, records: Records, key: ApiKey, answer: Answer) -> ApplicationError:
    with pytest.raises(ApplicationError) as failure:
        _post(settings, records, key, answer)
    return failure.value


def test_the_receiver_can_verify_the_bytes_with_the_standard_library_of_webhooks(
    settings: Settings, records: Records, key: ApiKey
) -> None:
    result, site = _post(settings, records, key, status(204))

    posted = site.received[0]
    verifier = Webhook(str(records.keys.webhook_secret(key.key_id)))
    assert verifier.verify(posted.body, dict(posted.headers.items())) == json.loads(BODY)
    assert posted.body == BODY.encode()
    assert result == NotifyResult(http_status=204)


def test_the_headers_are_those_of_standard_webhooks(settings: Settings, records: Records, key: ApiKey) -> None:
    _, site = _post(settings, records, key, status(200))

    headers = site.received[0].headers
    assert (site.received[0].method, headers["content-type"]) == ("POST", "application/json")
    assert headers["webhook-id"] == "msg_1"
    assert abs(int(headers["webhook-timestamp"]) - datetime.now(UTC).timestamp()) < 10
    assert headers["webhook-signature"].startswith("v1,")


@pytest.mark.parametrize("code", [400, 401, 404, 429, 500, 503])
def test_an_answer_that_is_no_success_is_to_be_tried_again(
    settings: Settings, records: Records, key: ApiKey, code: int
) -> None:
    failure = _failure(settings, records, key, status(code))

    assert (failure.type, failure.message) == ("unavailable", f"the receiver answered {code}")
    assert not failure.non_retryable


def test_a_redirect_is_not_followed(settings: Settings, records: Records, key: ApiKey) -> None:
    answers = {"/hook": redirect("/elsewhere"), "/elsewhere": status(200)}

    with serving(answers) as site, pytest.raises(ApplicationError, match="the receiver answered 302"):
        _notify(settings, records, _delivery(key, f"{site.url}/hook"))

    assert [request.path for request in site.received] == ["/hook"]


def test_a_receiver_that_is_gone_is_not_tried_again(settings: Settings, records: Records, key: ApiKey) -> None:
    assert _failure(settings, records, key, status(410)).non_retryable


def test_the_pause_in_seconds_that_a_receiver_asks_for_is_kept(
    settings: Settings, records: Records, key: ApiKey
) -> None:
    failure = _failure(settings, records, key, status(429, {"Retry-After": "120"}))

    assert failure.next_retry_delay == timedelta(seconds=120)


def test_the_pause_until_a_date_that_a_receiver_asks_for_is_kept(
    settings: Settings, records: Records, key: ApiKey
) -> None:
    date = format_datetime(datetime.now(UTC) + timedelta(minutes=10), usegmt=True)

    pause = _failure(settings, records, key, status(503, {"Retry-After": date})).next_retry_delay

    assert pause is not None
    assert timedelta(minutes=9) < pause < timedelta(minutes=11)


@pytest.mark.parametrize(("header", "pause"), [("soon", None), ("0", None), ("999999", timedelta(hours=4))])
def test_a_pause_that_makes_no_sense_is_not_kept(
    settings: Settings, records: Records, key: ApiKey, header: str, pause: timedelta | None
) -> None:
    assert _failure(settings, records, key, status(429, {"Retry-After": header})).next_retry_delay == pause


def test_a_receiver_that_does_not_answer_in_time_is_tried_again(
    settings: Settings, records: Records, key: ApiKey
) -> None:
    failure = _failure(settings, records, key, lambda _: time.sleep(0.6))

    assert (failure.type, failure.non_retryable) == ("fetch_timeout", False)


def test_a_receiver_that_took_it_may_be_slow_to_say_more(
    settings: Settings, records: Records, key: ApiKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("activities.notify._BODY_S", 0.2)
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;"
    begun = time.monotonic()

    result, _ = _post(settings, records, key, raw_trickle(head, b"x", pause_s=0.02))

    assert result == NotifyResult(http_status=200)
    assert time.monotonic() - begun < 2


def test_every_attempt_is_entered_into_the_log(settings: Settings, records: Records, key: ApiKey) -> None:
    _failure(settings, records, key, status(500, body=b"x" * 2000))

    attempt = records.deliveries.list("job1")[0]
    assert (attempt.attempt, attempt.http_status, attempt.answer) == (1, 500, "x" * 500)
    assert attempt.latency_ms >= 0
    assert attempt.delivery.body == BODY


@pytest.mark.parametrize(("code", "state"), [(204, "delivered"), (500, "pending"), (302, "pending"), (410, "failed")])
def test_every_attempt_says_how_the_webhook_stands(
    settings: Settings, records: Records, key: ApiKey, code: int, state: str
) -> None:
    with suppress(ApplicationError):
        _post(settings, records, key, status(code))

    (webhook,) = records.deliveries.of_job("job1", datetime.now(UTC))
    assert (webhook.state, len(webhook.attempts)) == (state, 1)


def test_an_attempt_without_an_answer_is_entered_with_its_reason(
    settings: Settings, records: Records, key: ApiKey
) -> None:
    with serving({}) as site:
        pass

    with pytest.raises(ApplicationError):
        _notify(settings, records, _delivery(key, f"{site.url}/hook"))

    attempt = records.deliveries.list("job1")[0]
    assert (attempt.http_status, attempt.answer) == (0, "127.0.0.1 cannot be reached")


def test_a_private_receiver_is_refused_for_good(settings: Settings, records: Records, key: ApiKey) -> None:
    closed = Settings(data_dir=settings.data_dir, fetch_allow=AllowList())

    with serving({"/hook": status(200)}) as site, pytest.raises(ApplicationError) as failure:
        _notify(closed, records, _delivery(key, f"{site.url}/hook"))

    assert (failure.value.type, failure.value.non_retryable) == ("fetch_refused", True)
    assert site.received == []
    assert records.deliveries.of_job("job1", datetime.now(UTC))[0].state == "failed"


def test_a_receiver_whose_name_is_unknown_today_is_tried_again(
    settings: Settings, records: Records, key: ApiKey
) -> None:
    with pytest.raises(ApplicationError) as failure:
        _notify(settings, records, _delivery(key, "http://nowhere.invalid/hook"))

    assert not failure.value.non_retryable
