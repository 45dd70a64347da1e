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

PENDING, DELIVERED, FAILED = WebhookState
AT = "2026-01-02T03:04:00.000Z"


def sent(services: Services, job_id: str, name: str, state: WebhookState, at: str = AT) -> Delivery:
    record = services.records.jobs.find(job_id)
    assert record is not None
    delivery = Delivery(
        delivery_id=name, job_id=job_id, key_id=record.key_id, url="https://example.com/hook", body='{"id": "é"}'
    )
    http_status = {PENDING: 0, DELIVERED: 200, FAILED: 410}[state]
    services.records.deliveries.open(delivery, at)
    services.records.deliveries.log(delivery, at, http_status, 12, f"answer {http_status}", state)
    return delivery


def test_a_jobs_webhooks_are_listed_with_every_attempt(client: FlaskClient, services: Services) -> None:
    job_id = submitted(client)
    sent(services, job_id, "msg_1", PENDING)
    sent(services, job_id, "msg_1", DELIVERED, "2026-01-02T03:04:05.000Z")

    assert client.get(f"/api/v1/jobs/{job_id}/deliveries").get_json() == {
        "deliveries": [
            {
                "id": "msg_1",
                "job_id": job_id,
                "url": "https://example.com/hook",
                "body": '{"id": "é"}',
                "state": "delivered",
                "created_at": AT,
                "attempts": [
                    {"attempt": 1, "at": AT, "http_status": None, "latency_ms": 12, "answer": "answer 0"},
                    {
                        "attempt": 2,
                        "at": "2026-01-02T03:04:05.000Z",
                        "http_status": 200,
                        "latency_ms": 12,
                        "answer": "answer 200",
                    },
                ],
            }
        ]
    }


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
    sent(services, job_id, "given_up", PENDING, "2025-12-30T00:00:00.000Z")
    failed = [sent(services, job_id, name, FAILED) for name in ("one", "two")]
    sent(services, job_id, "delivered", DELIVERED)
    sent(services, job_id, "pending", PENDING)
    sent(services, theirs, "theirs", FAILED)

    answer = client.post("/api/v1/deliveries/redeliver", json={"since": "2026-01-02T03:04:00Z"})

    assert (answer.status_code, answer.get_json()) == (202, {"ids": ["one", "two"], "count": 2})
    assert gateway.redelivered == failed


def test_a_webhook_that_was_given_up_counts_as_failed(client: FlaskClient, services: Services) -> None:
    sent(services, submitted(client), "given_up", PENDING, "2025-12-30T00:00:00.000Z")

    answer = client.post("/api/v1/deliveries/redeliver", json={"since": "2025-12-30T01:00:00+01:00"})

    assert answer.get_json()["ids"] == ["given_up"]


@pytest.mark.parametrize("body", [{}, {"since": 5}, {"since": "now"}, {"since": None}, {"since": ""}])
def test_a_time_that_cannot_be_read_is_refused(client: FlaskClient, body: dict[str, object]) -> None:
    answer = client.post("/api/v1/deliveries/redeliver", json=body)

    assert (answer.status_code, answer.get_json()["field"]) == (400, "since")


def test_another_keys_webhook_is_not_found(client: FlaskClient, stranger: FlaskClient, services: Services) -> None:
    sent(services, submitted(client), "msg_1", FAILED)

    assert stranger.post("/api/v1/deliveries/msg_1/redeliver").status_code == 404
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
