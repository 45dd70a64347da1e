"""Webhooks as their owner sees them, and sending them again."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from api.services import Services
from contracts.steps import Delivery
from storage.deliveries import WebhookState
from tests.api.jobs import submitted
from tests.fakes import FakeGateway

pytestmark = pytest.mark.unit

PENDING, DELIVERED, FAILED, DISABLED = WebhookState
AT = "2026-01-02T03:04:00.000Z"


def sent(services: Services, job_id: str, name: str, state: WebhookState, at: str = AT) -> Delivery:
    record = services.records.jobs.find(job_id)
    assert record is not None
    delivery = Delivery(
        delivery_id=name, job_id=job_id, key_id=record.key_id, url="https://example.com/hook", body='{"id": "é"}'
    )
    http_status = {PENDING: 0, DELIVERED: 200, FAILED: 410, DISABLED: 0}[state]
    services.records.deliveries.open(delivery, at)
    services.records.deliveries.log(
        delivery, at, http_status, 12, f"answer {http_status}", state, request_headers={"webhook-id": name}
    )
    return delivery


def test_a_jobs_webhooks_are_listed_with_every_attempt(client: FlaskClient, services: Services) -> None:
    job_id = submitted(client)
    sent(services, job_id, "msg_1", PENDING)
    sent(services, job_id, "msg_1", DELIVERED, "2026-01-02T03:04:05.000Z")

    sent_headers = {"webhook-id": "msg_1"}
    whole = {
        "id": "msg_1",
        "job_id": job_id,
        "url": "https://example.com/hook",
        "state": "delivered",
        "created_at": AT,
        "sent_at": AT,
        "next_attempt_at": None,
        "attempts_made": 2,
        "body": '{"id": "é"}',
        "attempts": [
            {
                "attempt": 1,
                "at": AT,
                "request_headers": sent_headers,
                "http_status": None,
                "latency_ms": 12,
                "answer": "answer 0",
            },
            {
                "attempt": 2,
                "at": "2026-01-02T03:04:05.000Z",
                "request_headers": sent_headers,
                "http_status": 200,
                "latency_ms": 12,
                "answer": "answer 200",
            },
        ],
    }
    assert client.get(f"/api/v1/jobs/{job_id}/deliveries").get_json() == {"deliveries": [whole]}
    assert client.get("/api/v1/deliveries/msg_1/attempts").get_json() == whole
    row = {name: value for name, value in whole.items() if name not in ("body", "attempts")}
    assert client.get("/api/v1/deliveries").get_json() == {"deliveries": [row], "next_cursor": None}


@pytest.mark.parametrize("state", WebhookState)
def test_webhooks_are_listed_by_state(client: FlaskClient, services: Services, state: WebhookState) -> None:
    job_id = submitted(client)
    for each in WebhookState:
        sent(services, job_id, each, each)

    listed = client.get(f"/api/v1/deliveries?state={state}").get_json()["deliveries"]

    assert [(row["id"], row["state"]) for row in listed] == [(state, state)]


def test_a_list_of_webhooks_comes_in_pages_newest_first(
    client: FlaskClient, stranger: FlaskClient, services: Services
) -> None:
    job_id = submitted(client)
    sent(services, submitted(stranger), "theirs", FAILED)
    for number in range(7):
        sent(services, job_id, f"msg_{number}", FAILED)
    pages, cursor = [], ""
    while cursor is not None:
        page = client.get(f"/api/v1/deliveries?state=failed&limit=3&cursor={cursor}").get_json()
        pages.append([row["id"] for row in page["deliveries"]])
        cursor = page["next_cursor"]

    assert pages == [["msg_6", "msg_5", "msg_4"], ["msg_3", "msg_2", "msg_1"], ["msg_0"]]


@pytest.mark.parametrize("cursor", ["x", "W10", "WzEsIDJd", "bnVsbA", "é", "W" * 999])
def test_a_cursor_that_is_none_is_refused(client: FlaskClient, cursor: str) -> None:
    answers = [
        client.get(f"/api/v1/deliveries?cursor={cursor}"),
        client.post("/api/v1/deliveries/redeliver", json={"since": AT, "cursor": cursor}),
    ]

    assert {(answer.status_code, answer.get_json()["field"]) for answer in answers} == {(400, "cursor")}


@pytest.mark.parametrize("query", ["state=dead", "limit=0", "limit=101", "limit=x", "since=now"])
def test_a_list_that_makes_no_sense_is_refused(client: FlaskClient, query: str) -> None:
    answer = client.get(f"/api/v1/deliveries?{query}")

    assert (answer.status_code, answer.get_json()["field"]) == (400, query.partition("=")[0])


def test_a_job_without_webhooks_has_an_empty_log(client: FlaskClient) -> None:
    assert client.get(f"/api/v1/jobs/{submitted(client)}/deliveries").get_json() == {"deliveries": []}


@pytest.mark.parametrize("state", WebhookState)
def test_any_webhook_can_be_sent_again_with_the_same_id_and_bytes(
    client: FlaskClient, gateway: FakeGateway, services: Services, state: WebhookState
) -> None:
    job_id = submitted(client)
    delivery = sent(services, job_id, "msg_1", state)

    answer = client.post("/api/v1/deliveries/msg_1/redeliver")

    assert (answer.status_code, answer.get_json()) == (202, {"ids": ["msg_1"], "count": 1})
    assert gateway.redelivered == [delivery]
    (shown,) = client.get(f"/api/v1/jobs/{job_id}/deliveries").get_json()["deliveries"]
    assert (shown["state"], len(shown["attempts"])) == ("pending", 1)


def test_all_that_failed_since_a_time_can_be_sent_again(
    client: FlaskClient, stranger: FlaskClient, gateway: FakeGateway, services: Services
) -> None:
    job_id, theirs = submitted(client), submitted(stranger)
    sent(services, job_id, "old", FAILED, "2026-01-01T00:00:00.000Z")
    sent(services, job_id, "given_up", PENDING, "2025-12-29T00:00:00.000Z")
    failed = [sent(services, job_id, name, FAILED) for name in ("one", "two")]
    sent(services, job_id, "delivered", DELIVERED)
    sent(services, job_id, "pending", PENDING)
    sent(services, theirs, "theirs", FAILED)

    answer = client.post("/api/v1/deliveries/redeliver", json={"since": "2026-01-02T03:04:00Z"})

    assert answer.status_code == 202
    assert answer.get_json() == {"ids": ["one", "two"], "count": 2, "skipped": 0, "next_cursor": None}
    assert gateway.redelivered == failed


def test_many_dead_webhooks_are_sent_again_a_page_at_a_time_each_once(
    client: FlaskClient, gateway: FakeGateway, services: Services
) -> None:
    job_id = submitted(client)
    names = [sent(services, job_id, f"msg_{number:03}", FAILED).delivery_id for number in range(250)]
    counts: list[int] = []
    body: dict[str, object] | None = {"since": AT}
    while body:
        answer = client.post("/api/v1/deliveries/redeliver", json=body).get_json()
        counts.append(answer["count"])
        # One that fails again at once does not make the list any longer.
        services.records.deliveries.mark(answer["ids"][0], FAILED, AT)
        body = body | {"cursor": answer["next_cursor"]} if answer["next_cursor"] else None

    assert counts == [100, 100, 50]
    assert [delivery.delivery_id for delivery in gateway.redelivered] == names


def test_a_request_that_sends_webhooks_off_is_answered_in_time_however_slow_temporal_is(
    client: FlaskClient, gateway: FakeGateway, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = submitted(client)
    names = [sent(services, job_id, f"msg_{number}", FAILED).delivery_id for number in range(3)]
    monkeypatch.setattr("api.deliveries.LONGEST_SENDING_S", 0.0)
    answers: list[dict[str, object]] = []
    while not answers or answers[-1]["next_cursor"]:
        body = {"since": AT, "cursor": answers[-1]["next_cursor"] if answers else ""}
        answers.append(client.post("/api/v1/deliveries/redeliver", json=body).get_json())

    assert [answer["ids"] for answer in answers] == [[name] for name in names]


def test_what_was_kept_for_a_disabled_endpoint_can_be_sent_once_that_is_enabled(
    client: FlaskClient, gateway: FakeGateway, services: Services
) -> None:
    job_id = submitted(client)
    kept = sent(services, job_id, "kept", DISABLED)
    services.records.endpoints.disable(kept.key_id, kept.url, "gone", AT)
    body = {"since": AT, "state": "disabled"}

    refused = client.post("/api/v1/deliveries/kept/redeliver")
    before = client.post("/api/v1/deliveries/redeliver", json=body).get_json()
    client.post("/api/v1/webhooks/enable", json={"url": kept.url})
    after = client.post("/api/v1/deliveries/redeliver", json=body).get_json()

    assert (refused.status_code, refused.get_json()["code"]) == (409, "conflict")
    assert (before["count"], before["skipped"]) == (0, 1)
    assert after["ids"] == ["kept"]
    assert gateway.redelivered == [kept]


def test_a_webhook_that_was_given_up_counts_as_failed(client: FlaskClient, services: Services) -> None:
    sent(services, submitted(client), "given_up", PENDING, "2025-12-29T00:00:00.000Z")

    answer = client.post("/api/v1/deliveries/redeliver", json={"since": "2025-12-29T01:00:00+01:00"})

    assert answer.get_json()["ids"] == ["given_up"]


@pytest.mark.parametrize("body", [{}, {"since": 5}, {"since": "now"}, {"since": None}, {"since": ""}])
def test_a_time_that_cannot_be_read_is_refused(client: FlaskClient, body: dict[str, object]) -> None:
    answer = client.post("/api/v1/deliveries/redeliver", json=body)

    assert (answer.status_code, answer.get_json()["field"]) == (400, "since")


def test_another_keys_webhook_is_not_found(client: FlaskClient, stranger: FlaskClient, services: Services) -> None:
    sent(services, submitted(client), "msg_1", FAILED)

    assert stranger.post("/api/v1/deliveries/msg_1/redeliver").status_code == 404
    assert stranger.get("/api/v1/deliveries/msg_1/attempts").status_code == 404
    assert stranger.get("/api/v1/deliveries").get_json()["deliveries"] == []
    assert client.post("/api/v1/deliveries/msg_2/redeliver").status_code == 404


def test_without_temporal_a_webhook_stays_failed(
    client: FlaskClient, gateway: FakeGateway, services: Services, app: Flask
) -> None:
    sent(services, submitted(client), "msg_1", FAILED)
    gateway.is_down = True

    answer = client.post("/api/v1/deliveries/msg_1/redeliver")

    assert answer.status_code == 503
    webhook = services.records.deliveries.find("msg_1", services.clock())
    assert webhook is not None
    assert (webhook.state, webhook.sent_at) == (FAILED, AT)
