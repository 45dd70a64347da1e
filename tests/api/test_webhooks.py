"""A key's own webhooks: secrets, endpoints, test events."""

import json
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from standardwebhooks import Webhook

from api.services import Services
from contracts.settings import Secret
from storage.keys import ApiKey
from tests.api.conftest import NOW
from tests.fakes import FakeGateway

pytestmark = pytest.mark.unit

URL = "https://example.com/hook"
WEBHOOKS, SECRET, ENABLE, TEST = (f"/api/v1/webhooks{path}" for path in ("", "/secret", "/enable", "/test"))


@pytest.fixture
def key(client: FlaskClient, services: Services) -> ApiKey:
    return next(key for key in services.records.keys.list() if key.name == "mine")


def test_a_key_without_rotations_has_one_secret_and_no_disabled_endpoint(client: FlaskClient) -> None:
    assert client.get(WEBHOOKS).get_json() == {"old_secrets": [], "disabled_endpoints": []}


def test_a_new_secret_is_shown_once_and_the_old_one_signs_for_a_day(
    client: FlaskClient, services: Services, key: ApiKey
) -> None:
    old = services.records.keys.webhook_secret(key.key_id)

    answer = client.post(SECRET, json={})

    made = answer.get_json()
    assert (answer.status_code, answer.headers["Cache-Control"]) == (201, "no-store")
    assert made["old_secrets"] == [{"ends_at": "2026-01-03T03:04:05.000Z"}]
    assert services.records.signing.in_force(key.key_id, NOW) == [made["webhook_secret"], old]
    assert Webhook(made["webhook_secret"]).sign("msg_1", NOW, "{}").startswith("v1,")
    shown = client.get(WEBHOOKS)
    assert made["webhook_secret"] not in shown.text
    assert shown.get_json()["old_secrets"] == made["old_secrets"]


@pytest.mark.parametrize(("overlap_s", "secrets"), [(0, 1), (60, 2), (604_800, 2)])
def test_the_overlap_can_be_chosen(
    client: FlaskClient, services: Services, key: ApiKey, overlap_s: int, secrets: int
) -> None:
    assert client.post(SECRET, json={"overlap_s": overlap_s}).status_code == 201

    assert len(services.records.signing.in_force(key.key_id, NOW)) == secrets
    assert len(services.records.signing.in_force(key.key_id, NOW + timedelta(seconds=overlap_s))) == 1


@pytest.mark.parametrize("overlap_s", [-1, 604_801, 1.5, "60", None, True])
def test_an_overlap_that_makes_no_sense_is_refused(
    client: FlaskClient, services: Services, key: ApiKey, overlap_s: object
) -> None:
    answer = client.post(SECRET, json={"overlap_s": overlap_s})

    assert (answer.status_code, answer.get_json()["field"]) == (400, "overlap_s")
    assert len(services.records.signing.in_force(key.key_id, NOW)) == 1


def test_a_repeated_rotation_gives_the_same_secret_without_keeping_it(
    client: FlaskClient, services: Services, key: ApiKey
) -> None:
    made = [client.post(SECRET, json={}, headers={"Idempotency-Key": "one"}).get_json() for _ in range(2)]

    assert made[0] == made[1]
    assert len(services.records.signing.in_force(key.key_id, NOW)) == 2


def test_too_many_rotations_are_a_conflict_that_says_what_to_do(client: FlaskClient) -> None:
    answers = [client.post(SECRET, json={}) for _ in range(5)]

    assert [answer.status_code for answer in answers] == [201] * 4 + [409]
    assert "overlap of 0" in answers[-1].text
    assert client.post(SECRET, json={"overlap_s": 0}).status_code == 201


def test_another_keys_secret_stays(client: FlaskClient, stranger: FlaskClient) -> None:
    client.post(SECRET, json={})

    assert stranger.get(WEBHOOKS).get_json()["old_secrets"] == []


def test_disabled_endpoints_are_shown_to_their_key_and_can_be_enabled(
    client: FlaskClient, stranger: FlaskClient, services: Services, key: ApiKey
) -> None:
    services.records.endpoints.disable(key.key_id, URL, "msg_1", "2026-01-02T03:04:00.000Z")

    shown = client.get(WEBHOOKS).get_json()["disabled_endpoints"]
    theirs = stranger.post(ENABLE, json={"url": URL}).get_json()
    own = [client.post(ENABLE, json={"url": URL}).get_json() for _ in range(2)]

    assert shown == [{"url": URL, "disabled_at": "2026-01-02T03:04:00.000Z", "delivery_id": "msg_1"}]
    assert stranger.get(WEBHOOKS).get_json()["disabled_endpoints"] == []
    assert [each["was_disabled"] for each in (theirs, *own)] == [False, True, False]
    assert client.get(WEBHOOKS).get_json()["disabled_endpoints"] == []


def test_a_test_event_says_what_the_receiver_answered(client: FlaskClient, gateway: FakeGateway, key: ApiKey) -> None:
    gateway.says = (418, "teapot")

    answer = client.post(TEST, json={"url": URL})

    (event,) = gateway.probed
    assert answer.get_json() == {
        "id": event.delivery_id,
        "delivered": False,
        "http_status": 418,
        "latency_ms": 12,
        "answer": "teapot",
    }
    assert (event.key_id, event.url, event.job_id) == (key.key_id, URL, "")
    body = json.loads(event.body)
    assert body == {"type": "webhook.test", "timestamp": "2026-01-02T03:04:05Z", "data": {"url": URL}}
    assert "." not in event.delivery_id


def test_a_receiver_that_does_not_answer_a_test_event_is_no_fault_of_the_request(
    client: FlaskClient, gateway: FakeGateway
) -> None:
    gateway.says = (0, "example.com cannot be reached")

    answer = client.post(TEST, json={"url": URL})

    assert answer.status_code == 200
    assert (answer.get_json()["http_status"], answer.get_json()["delivered"]) == (None, False)


@pytest.mark.parametrize(("http_status", "enabled"), [(200, True), (204, True), (302, False), (410, False), (0, False)])
def test_a_test_event_that_is_taken_enables_the_endpoint(
    client: FlaskClient, gateway: FakeGateway, services: Services, key: ApiKey, http_status: int, enabled: bool
) -> None:
    services.records.endpoints.disable(key.key_id, URL, "msg_1", "2026-01-02T03:04:00.000Z")
    gateway.says = (http_status, "")

    client.post(TEST, json={"url": URL})

    assert services.records.endpoints.is_disabled(key.key_id, URL) is not enabled


@pytest.mark.parametrize("path", [TEST, ENABLE])
@pytest.mark.parametrize("url", ["", "ftp://example.com", "https://u:p@example.com/", "nowhere", None, 5])
def test_an_endpoint_that_is_no_address_is_refused(
    client: FlaskClient, gateway: FakeGateway, path: str, url: object
) -> None:
    answer = client.post(path, json={"url": url})

    assert (answer.status_code, answer.get_json()["field"]) == (400, "url")
    assert gateway.probed == []


def test_test_events_leave_threads_for_other_requests(client: FlaskClient, key: ApiKey, services: Services) -> None:
    while services.waiting_room.enter(key.key_id):
        pass

    answer = client.post(TEST, json={"url": URL})

    assert (answer.status_code, answer.headers["Retry-After"] != "") == (503, True)


def test_without_temporal_a_test_event_is_to_be_sent_again(client: FlaskClient, gateway: FakeGateway) -> None:
    gateway.is_down = True

    assert client.post(TEST, json={"url": URL}).status_code == 503


def test_secrets_hide_themselves(services: Services, key: ApiKey) -> None:
    assert all(isinstance(each, Secret) for each in services.records.signing.in_force(key.key_id, NOW))
