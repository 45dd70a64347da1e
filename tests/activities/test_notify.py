import json
import socket
import time
from contextlib import ExitStack, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import NoReturn

import pytest
from standardwebhooks import Webhook, WebhookVerificationError
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.notify import Notify
from activities.posting import Poster, asked_pause
from activities.turns import PER_HOST, HostTurns
from contracts.allow_list import AllowList
from contracts.settings import Settings
from contracts.steps import Delivery
from contracts.webhooks import MOMENTS, NotifyResult, due
from storage.keys import ApiKey
from storage.records import Records
from storage.signing import new_signing_secret
from tests.activities.http_server import Answer, Site, after_interim, raw_trickle, redirect, serving, status

pytestmark = pytest.mark.unit

BODY = json.dumps({"id": "1", "error": "größer als 600 s"}, ensure_ascii=False)


@pytest.fixture
def key(records: Records) -> ApiKey:
    return records.keys.create("test", "2026-01-01T00:00:00Z")[0]


def _delivery(key: ApiKey, url: str) -> Delivery:
    return Delivery(delivery_id="msg_1", job_id="job1", key_id=key.key_id, url=url, body=BODY)


def _notify(
    settings: Settings, records: Records, delivery: Delivery, elapsed: timedelta = timedelta(0)
) -> NotifyResult:
    """Make an attempt of a webhook that was sent off a while ago."""
    now = datetime.now(UTC)
    records.deliveries.open(delivery, now.isoformat())
    environment = ActivityEnvironment()
    environment.info = replace(environment.info, scheduled_time=now - elapsed, started_time=now)
    return environment.run(Notify(records, Poster(settings, records, HostTurns(64))).notify, delivery)


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


def test_an_interim_answer_is_none(settings: Settings, records: Records, key: ApiKey) -> None:
    result, _ = _post(settings, records, key, after_interim(status(204), 102, 103))

    assert result == NotifyResult(http_status=204)


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


@pytest.mark.parametrize("header", ["soon", "0", "1", "-5", "9" * 5000, "Sat, 01 Jan 2000 00:00:00 GMT", "²"])
def test_a_pause_that_makes_no_sense_or_is_over_sooner_leaves_the_next_moment_as_it_is(
    settings: Settings, records: Records, key: ApiKey, header: str
) -> None:
    pause = _failure(settings, records, key, status(429, {"Retry-After": header})).next_retry_delay

    assert pause is not None
    assert timedelta(seconds=2) < pause <= due("msg_1", 1)


def test_a_pause_is_kept_up_to_four_hours(settings: Settings, records: Records, key: ApiKey) -> None:
    failure = _failure(settings, records, key, status(503, {"Retry-After": "999999"}))

    assert failure.next_retry_delay == timedelta(hours=4)


def test_a_date_without_a_zone_is_one_of_greenwich() -> None:
    now = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)

    assert asked_pause("Fri, 02 Jan 2026 03:05:05 -0000", now) == timedelta(minutes=1)


@pytest.mark.parametrize("attempt", range(len(MOMENTS) - 1))
def test_each_attempt_is_followed_by_the_next_moment_of_the_schedule(
    settings: Settings, records: Records, key: ApiKey, attempt: int
) -> None:
    elapsed, before = due("msg_1", attempt), datetime.now(UTC)

    with serving({"/hook": status(500)}) as site, pytest.raises(ApplicationError) as failure:
        _notify(settings, records, _delivery(key, f"{site.url}/hook"), elapsed)

    pause = failure.value.next_retry_delay
    assert pause is not None
    (webhook,) = records.deliveries.of_job("job1", datetime.now(UTC))
    latency = timedelta(milliseconds=webhook.attempts[0].latency_ms)
    assert elapsed + latency + pause == due("msg_1", attempt + 1)
    begun = datetime.fromisoformat(webhook.next_at) - pause - latency
    assert before - timedelta(milliseconds=1) <= begun <= datetime.now(UTC)


def test_after_the_last_attempt_the_webhook_has_failed(settings: Settings, records: Records, key: ApiKey) -> None:
    with serving({"/hook": status(500)}) as site, pytest.raises(ApplicationError) as failure:
        _notify(settings, records, _delivery(key, f"{site.url}/hook"), MOMENTS[-1])

    assert failure.value.non_retryable
    assert failure.value.message == "the receiver answered 500; given up after 3 days of attempts"
    (webhook,) = records.deliveries.of_job("job1", datetime.now(UTC))
    assert (webhook.state, webhook.next_at) == ("failed", "")


def test_an_endpoint_that_is_gone_gets_no_other_webhook_of_this_key(
    settings: Settings, records: Records, key: ApiKey
) -> None:
    other = records.keys.create("other", "2026-01-01T00:00:00Z")[0]
    with serving({"/hook": status(410)}) as site:
        url = f"{site.url}/hook"
        with suppress(ApplicationError):
            _notify(settings, records, _delivery(key, url))
        with pytest.raises(ApplicationError, match="disabled") as failure:
            _notify(settings, records, replace(_delivery(key, url), delivery_id="msg_2"))
        with pytest.raises(ApplicationError, match="410"):
            _notify(settings, records, replace(_delivery(other, url), delivery_id="msg_3"))

    assert failure.value.non_retryable
    assert [request.headers["webhook-id"] for request in site.received] == ["msg_1", "msg_3"]
    assert [each.url for each in records.endpoints.disabled(key.key_id)] == [url]
    states = {each.delivery.delivery_id: each.state for each in records.deliveries.of_job("job1", datetime.now(UTC))}
    assert states == {"msg_1": "failed", "msg_2": "disabled", "msg_3": "failed"}


def test_what_was_on_its_way_when_its_endpoint_was_disabled_is_kept(
    settings: Settings, records: Records, key: ApiKey
) -> None:
    with serving({"/hook": status(200)}) as site:
        delivery = _delivery(key, f"{site.url}/hook")
        records.deliveries.open(delivery, datetime.now(UTC).isoformat())
        records.endpoints.disable(key.key_id, delivery.url, "msg_0", "2026-01-01T00:00:00Z")
        with pytest.raises(ApplicationError, match="disabled"):
            _notify(settings, records, delivery)

    (webhook,) = records.deliveries.of_job("job1", datetime.now(UTC))
    assert (webhook.state, webhook.attempts, site.received) == ("disabled", (), [])


def test_while_two_secrets_overlap_a_receiver_that_knows_either_can_verify(
    settings: Settings, records: Records, key: ApiKey
) -> None:
    elsewhere = Records(settings.data_dir.parent / "records.db")
    old, new = records.keys.webhook_secret(key.key_id), new_signing_secret()
    elsewhere.signing.rotate(key.key_id, new, datetime.now(UTC))
    elsewhere.close()

    _, site = _post(settings, records, key, status(200))

    posted, headers = site.received[0], dict(site.received[0].headers.items())
    signatures = headers["webhook-signature"].split(" ")
    assert [each[:3] for each in signatures] == ["v1,", "v1,"]
    for secret in (old, new):
        assert Webhook(str(secret)).verify(posted.body, headers) == json.loads(BODY)


def test_an_old_secret_no_longer_signs_after_the_overlap(settings: Settings, records: Records, key: ApiKey) -> None:
    old = records.keys.webhook_secret(key.key_id)
    records.signing.rotate(key.key_id, new_signing_secret(), datetime.now(UTC), timedelta(0))

    _, site = _post(settings, records, key, status(200))

    with pytest.raises(WebhookVerificationError):
        Webhook(str(old)).verify(site.received[0].body, dict(site.received[0].headers.items()))


def test_the_log_has_what_was_sent_and_no_secret(settings: Settings, records: Records, key: ApiKey) -> None:
    _, site = _post(settings, records, key, status(200))

    logged = records.deliveries.list("job1")[0].request_headers
    sent = {name.lower(): value for name, value in site.received[0].headers.items()}
    assert {name.lower() for name in logged} == {
        *("content-type", "webhook-id", "webhook-timestamp", "webhook-signature")
    }
    assert all(sent[name.lower()] == value for name, value in logged.items())
    assert str(records.keys.webhook_secret(key.key_id))[6:] not in json.dumps(dict(logged))


def test_more_attempts_to_a_host_than_may_be_in_flight_come_back_later_and_are_not_entered(
    settings: Settings, records: Records, key: ApiKey
) -> None:
    turns, delivery = HostTurns(64), _delivery(key, "http://127.0.0.1:9/hook")
    records.deliveries.open(delivery, datetime.now(UTC).isoformat())

    with ExitStack() as held:
        for _ in range(PER_HOST):
            held.enter_context(turns.taken("127.0.0.1", key.key_id))
        with pytest.raises(ApplicationError, match="busy") as failure:
            ActivityEnvironment().run(Notify(records, Poster(settings, records, turns)).notify, delivery)

    pause = failure.value.next_retry_delay
    assert not failure.value.non_retryable
    assert pause is not None
    assert timedelta(seconds=1) <= pause < timedelta(seconds=2)
    assert records.deliveries.list("job1") == []


def test_a_key_that_is_no_longer_there_ends_its_webhooks(settings: Settings, records: Records, key: ApiKey) -> None:
    with pytest.raises(ApplicationError, match="no longer there to sign with") as failure:
        _notify(settings, records, replace(_delivery(key, "http://127.0.0.1:9/hook"), key_id="00000000"))

    assert failure.value.non_retryable


def test_a_receiver_that_does_not_answer_in_time_is_tried_again(
    settings: Settings, records: Records, key: ApiKey
) -> None:
    failure = _failure(replace(settings, webhook_timeout_s=0.3), records, key, lambda _: time.sleep(10))

    assert (failure.message, failure.non_retryable) == ("127.0.0.1 did not answer in time", False)


def test_a_receiver_that_took_it_may_be_slow_to_say_more(
    settings: Settings, records: Records, key: ApiKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("activities.posting._BODY_S", 0.2)
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;"
    begun = time.monotonic()

    result, _ = _post(settings, records, key, raw_trickle(head, b"x", pause_s=0.02))

    assert result == NotifyResult(http_status=200)
    assert time.monotonic() - begun < 30


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
    settings: Settings, records: Records, key: ApiKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unresolved(*args: object, **kwargs: object) -> NoReturn:
        raise socket.gaierror(socket.EAI_NONAME, "no such name")

    monkeypatch.setattr(socket, "getaddrinfo", unresolved)

    with pytest.raises(ApplicationError) as failure:
        _notify(settings, records, _delivery(key, "http://nowhere.invalid/hook"))

    assert not failure.value.non_retryable
