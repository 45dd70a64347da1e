"""What one key may learn of another's: nothing. Every route is asked for what is another's and what is not there."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from api.app import create_app
from contracts.errors import NotFound
from contracts.inspections import Inspection, InspectionRequest
from contracts.scopes import EVERY, Scope
from contracts.settings import Settings
from contracts.steps import Delivery
from storage.records import Records
from storage.signing import new_signing_secret
from tests.api.bodies import DEV, IMAGE_PATH, RESULT_PATH, STUDIO, SUBMIT_PATH
from tests.api.conftest import NOW, client_with_key, services_of
from tests.api.routes import Route, routes
from tests.fakes import FakeGateway

pytestmark = pytest.mark.unit

#: Parts of paths that name what belongs to a key.
OWNED = {"job_id", "delivery_id", "batch_id", "inspection_id"}
#: Those that do not: keys are an admin's, a token is itself the right, the rest is public.
UNOWNED = {"key_id", "token", "name", "code"}
#: Routes that list or sum up, and what a key that owns nothing gets.
LISTS = {"GET /v1/jobs", "GET /v1/usage", "GET /v1/deliveries", "GET /v1/webhooks", "POST /v1/deliveries/redeliver"}
#: Routes that name a job in the body, or show what is everybody's or an admin's.
ELSEWHERE = {"POST /getAsyncResult", "GET /v1/voices", "GET /v1/models", "GET /v1/keys", "POST /v1/keys"}

_OF_REQUEST = {"X-Request-Id", "X-RateLimit-Remaining", "RateLimit"}


class WatchedGateway(FakeGateway):
    """Keeps a list of all that Temporal is asked."""

    def __init__(self) -> None:
        super().__init__()
        self.calls = 0

    def _check(self) -> None:
        self.calls += 1
        super()._check()


class OwnInspections:
    """Inspections that never end, found by both ids together, as over a real server."""

    def __init__(self) -> None:
        self.known: set[tuple[str, str]] = set()
        self.asked: list[tuple[str, str]] = []

    def start(self, request: InspectionRequest) -> None:
        self.known.add((request.inspection_id, request.key_id))

    def outcome(self, inspection_id: str, key_id: str) -> Inspection | None:
        self.asked.append((inspection_id, key_id))
        if (inspection_id, key_id) not in self.known:
            raise NotFound("no such inspection for this key", field="id")
        return None


@dataclass(frozen=True)
class Owned:
    """What the first key has: ids by the name of the part of the path that takes them; the number of a job."""

    ids: dict[str, str]
    number: int


@pytest.fixture
def gateway() -> WatchedGateway:
    return WatchedGateway()


@pytest.fixture
def app(settings: Settings, gateway: WatchedGateway) -> Iterator[Flask]:
    app = create_app(settings, gateway, clock=lambda: NOW, inspections=OwnInspections())
    yield app
    services_of(app).records.close()


@pytest.fixture
def owned(client: FlaskClient, records: Records) -> Owned:
    job_id = client.post(IMAGE_PATH, json=STUDIO).get_json()["id"]
    number = client.post(SUBMIT_PATH, json=DEV).get_json()["jobId"]
    item = {"model": "lipsync-image", **STUDIO}
    batch_id = client.post("/api/v1/batches", json={"jobs": [item]}).get_json()["id"]
    inspection = client.post("/api/v1/inspect?wait=0", json={"source": "https://media.example/a.mp4"}).get_json()
    record = records.jobs.find(job_id)
    assert record is not None
    delivery = Delivery(job_id=job_id, key_id=record.key_id, delivery_id="msg_1", url="https://a.example", body="{}")
    records.deliveries.open(delivery, "2026-01-01T00:00:00Z")
    records.endpoints.disable(record.key_id, delivery.url, delivery.delivery_id, "2026-01-01T00:00:00Z")
    records.signing.rotate(record.key_id, new_signing_secret(), NOW)
    ids = {"job_id": job_id, "batch_id": batch_id, "inspection_id": inspection["id"], "delivery_id": "msg_1"}
    return Owned(ids=ids, number=number)


@pytest.fixture
def strangers(app: Flask) -> list[FlaskClient]:
    """Keys that own nothing: one with the usual scopes, one with all."""
    _, text = services_of(app).records.keys.create("boss", "2026-01-01T00:00:00Z", scopes=EVERY)
    boss = app.test_client()
    boss.environ_base["HTTP_X_API_KEY"] = text
    return [client_with_key(app, "theirs"), boss]


def test_every_route_with_a_name_in_its_path_is_sorted(app: Flask) -> None:
    named = {argument for route in routes(app) for argument in route.arguments}
    plain = {route.name for route in routes(app) if route.scope is Scope.READ and not route.arguments}

    assert named == OWNED | UNOWNED
    assert plain <= LISTS | ELSEWHERE


def test_another_keys_id_is_answered_exactly_like_one_that_does_not_exist(
    app: Flask, owned: Owned, strangers: list[FlaskClient], gateway: WatchedGateway
) -> None:
    gateway.calls, compared = 0, 0
    for route in (route for route in routes(app) if OWNED & set(route.arguments)):
        for foreign, ghost in _pairs(owned, *route.arguments):
            for stranger in strangers:
                answers = [_shown(_ask(stranger, route, value), value) for value in (foreign, ghost)]
                assert answers[0] == answers[1], (route, foreign)
                assert answers[0].startswith("404"), (route, answers)
                compared += 1
    assert compared > 80
    assert gateway.calls == 0


def test_the_owner_is_answered_otherwise(app: Flask, owned: Owned, client: FlaskClient) -> None:
    for route in (route for route in routes(app) if OWNED & set(route.arguments)):
        if "events" not in route.rule:
            (argument,) = route.arguments
            assert _ask(client, route, owned.ids[argument]).status_code != 404, route


@pytest.mark.parametrize("prefix", ["/api", ""])
def test_another_keys_task_is_answered_exactly_like_one_that_does_not_exist(
    owned: Owned, strangers: list[FlaskClient], gateway: WatchedGateway, prefix: str
) -> None:
    gateway.calls = 0
    for foreign, ghost in _pairs(owned, "job_id"):
        for stranger in strangers:
            path = prefix + RESULT_PATH.removeprefix("/api")
            answers = [_shown(stranger.post(path, json={"taskId": value}), value) for value in (foreign, ghost)]
            assert answers[0] == answers[1]
            assert answers[0].startswith("404")
    assert gateway.calls == 0


@pytest.mark.parametrize("prefix", ["/api", ""])
def test_lists_and_sums_hold_nothing_of_another_key(
    owned: Owned, strangers: list[FlaskClient], client: FlaskClient, gateway: WatchedGateway, prefix: str
) -> None:
    gateway.calls = 0
    for stranger in strangers:
        jobs = f"{prefix}/v1/jobs"
        assert stranger.get(jobs).get_json() == {"jobs": [], "next_cursor": None}
        assert stranger.get(f"{jobs}?state=queued").get_json()["jobs"] == []
        assert stranger.get(f"{jobs}?batch_id={owned.ids['batch_id']}").get_json()["jobs"] == []
        usage = stranger.get(f"{prefix}/v1/usage").get_json()
        assert (usage["credits_used"], usage["credits_reserved"]) == (0, 0)
        again = stranger.post(f"{prefix}/v1/deliveries/redeliver", json={"since": "2000-01-01T00:00:00Z"})
        assert again.get_json() == {"ids": [], "count": 0, "skipped": 0, "next_cursor": None}
        assert stranger.get(f"{prefix}/v1/deliveries").get_json() == {"deliveries": [], "next_cursor": None}
        assert stranger.get(f"{prefix}/v1/webhooks").get_json() == {"old_secrets": [], "disabled_endpoints": []}
    assert gateway.calls == 0
    assert len(client.get(f"{prefix}/v1/jobs").get_json()["jobs"]) == 3
    assert len(client.get(f"{prefix}/v1/deliveries").get_json()["deliveries"]) == 1
    assert all(len(mine) == 1 for mine in client.get(f"{prefix}/v1/webhooks").get_json().values())


def test_another_keys_endpoint_and_secret_stay_as_they_are(
    owned: Owned, strangers: list[FlaskClient], client: FlaskClient
) -> None:
    before = client.get("/api/v1/webhooks").get_json()

    for stranger in strangers:
        enabled = stranger.post("/api/v1/webhooks/enable", json={"url": "https://a.example"})
        assert enabled.get_json() == {"url": "https://a.example", "was_disabled": False}
        assert stranger.post("/api/v1/webhooks/secret", json={}).status_code == 201

    assert client.get("/api/v1/webhooks").get_json() == before


def test_a_cursor_of_another_keys_webhooks_leads_to_nothing_of_them(
    owned: Owned, strangers: list[FlaskClient], client: FlaskClient, records: Records
) -> None:
    (made,) = client.get("/api/v1/deliveries").get_json()["deliveries"]
    record = records.jobs.find(owned.ids["job_id"])
    assert record is not None
    later = Delivery(job_id="", key_id=record.key_id, delivery_id="msg_2", url="https://a.example", body="{}")
    records.deliveries.open(later, "2026-01-01T00:00:01Z")
    cursor = client.get("/api/v1/deliveries?limit=1").get_json()["next_cursor"]

    assert cursor
    assert client.get(f"/api/v1/deliveries?cursor={cursor}").get_json()["deliveries"] == [made]
    for stranger in strangers:
        assert stranger.get(f"/api/v1/deliveries?cursor={cursor}").get_json()["deliveries"] == []


def test_a_cursor_of_another_key_leads_to_nothing_of_it(
    owned: Owned, strangers: list[FlaskClient], client: FlaskClient
) -> None:
    cursor = client.get("/api/v1/jobs?limit=1").get_json()["next_cursor"]

    assert cursor
    for stranger in strangers:
        assert stranger.get(f"/api/v1/jobs?cursor={cursor}").get_json()["jobs"] == []


def test_an_idempotency_key_that_another_key_used_brings_nothing_of_its_answer(
    client: FlaskClient, stranger: FlaskClient
) -> None:
    headers = {"Idempotency-Key": "once"}

    mine, theirs = (each.post(IMAGE_PATH, json=STUDIO, headers=headers) for each in (client, stranger))

    assert mine.get_json()["id"] != theirs.get_json()["id"]
    assert "Idempotency-Replayed" not in theirs.headers


def _pairs(owned: Owned, argument: str) -> list[tuple[str, str]]:
    """What belongs to the first key, each beside something like it that does not exist."""
    if argument == "delivery_id":
        return [(owned.ids[argument], "msg_2")]
    found = owned.ids[argument]
    pairs = [(found, str(uuid.uuid4()))]
    if argument == "job_id":
        pairs += [(uuid.UUID(found).hex, uuid.uuid4().hex), (str(owned.number), "9")]
    return pairs


def _ask(client: FlaskClient, route: Route, value: str) -> TestResponse:
    return client.open(route.path(value), method=route.method, json={} if route.method != "GET" else None)


def _shown(answer: TestResponse, value: str) -> str:
    """An answer without what differs between any two requests."""
    headers = sorted((name, text) for name, text in answer.headers if name not in _OF_REQUEST)
    body = answer.text.replace(answer.headers["X-Request-Id"], "REQUEST").replace(f"/{value}", "/ID")
    return f"{answer.status_code} {headers} {body}"
