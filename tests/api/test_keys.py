"""Key management over HTTP."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from contracts.scopes import Scope
from storage.records import Records
from tests.api.conftest import services_of

pytestmark = pytest.mark.unit

KEYS = "/api/v1/keys"


@pytest.fixture
def admin(app: Flask) -> FlaskClient:
    """Sends the key of an admin."""
    _, plaintext = services_of(app).records.keys.create("boss", "2026-01-01T00:00:00Z", scopes=frozenset({Scope.ADMIN}))
    client = app.test_client()
    client.environ_base["HTTP_X_API_KEY"] = plaintext
    return client


def test_a_new_key_works_and_is_shown_once(admin: FlaskClient, anyone: FlaskClient) -> None:
    answer = admin.post(KEYS, json={"name": "laptop", "plan": "pro"})

    made = answer.get_json()
    assert answer.status_code == 201
    assert answer.headers["Cache-Control"] == "no-store"
    assert made["webhook_secret"].startswith("whsec_")
    assert anyone.get("/api/v1/usage", headers={"X-API-Key": made["key"]}).get_json()["plan"] == "pro"
    listed = admin.get(KEYS).get_data(as_text=True)
    assert made["id"] in listed
    assert made["key"].split("_", 2)[2] not in listed
    assert made["webhook_secret"] not in listed


def test_all_that_is_said_of_a_key_may_be_left_out(admin: FlaskClient) -> None:
    made = admin.post(KEYS, json={}).get_json()

    assert (made["name"], made["plan"], made["scopes"], made["revoked_at"]) == (
        "",
        "enterprise",
        ["submit", "read"],
        None,
    )


def test_keys_are_listed_oldest_first(admin: FlaskClient) -> None:
    made = admin.post(KEYS, json={"name": "second"}).get_json()

    listed = admin.get(KEYS).get_json()["keys"]

    assert [key["name"] for key in listed] == ["boss", "second"]
    assert listed[1] == {name: made[name] for name in ("id", "name", "plan", "scopes", "created_at", "revoked_at")}


def test_a_new_key_has_the_scopes_that_were_named(admin: FlaskClient, anyone: FlaskClient) -> None:
    made = admin.post(KEYS, json={"scopes": ["read"]}).get_json()

    header = {"X-API-Key": made["key"]}
    assert made["scopes"] == ["read"]
    assert anyone.get("/api/v1/jobs", headers=header).status_code == 200
    assert anyone.post("/api/v1/uploads", data=b"x", headers=header).status_code == 403


def test_a_change_of_scopes_holds_from_the_next_request_on(admin: FlaskClient, anyone: FlaskClient) -> None:
    made = admin.post(KEYS, json={}).get_json()
    header = {"X-API-Key": made["key"]}

    before = anyone.get("/api/v1/jobs", headers=header).status_code
    admin.patch(f"{KEYS}/{made['id']}", json={"scopes": ["submit"]})

    assert (before, anyone.get("/api/v1/jobs", headers=header).status_code) == (200, 403)


def test_a_key_can_be_changed(admin: FlaskClient) -> None:
    made = admin.post(KEYS, json={"name": "laptop"}).get_json()

    changed = admin.patch(f"{KEYS}/{made['id']}", json={"plan": "free", "scopes": ["admin", "read"]}).get_json()

    assert (changed["name"], changed["plan"], changed["scopes"]) == ("laptop", "free", ["read", "admin"])


def test_a_revoked_key_no_longer_works(admin: FlaskClient, anyone: FlaskClient) -> None:
    made = admin.post(KEYS, json={}).get_json()

    revoked = admin.delete(f"{KEYS}/{made['id']}")
    again = admin.delete(f"{KEYS}/{made['id']}")

    assert revoked.get_json()["revoked_at"] == again.get_json()["revoked_at"] == "2026-01-02T03:04:05Z"
    assert anyone.get("/api/v1/usage", headers={"X-API-Key": made["key"]}).status_code == 401


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
def test_a_key_that_is_not_there_is_not_found(admin: FlaskClient, method: str) -> None:
    assert admin.open(f"{KEYS}/00000000", method=method, json={}).status_code == 404


@pytest.mark.parametrize(
    ("method", "path"), [("GET", KEYS), ("POST", KEYS), ("PATCH", f"{KEYS}/00000000"), ("DELETE", f"{KEYS}/00000000")]
)
def test_other_keys_may_not_manage_keys(client: FlaskClient, records: Records, method: str, path: str) -> None:
    answer = client.open(path, method=method, json={})

    assert (answer.status_code, answer.get_json()["code"]) == (403, "forbidden")
    assert len(records.keys.list()) == 1


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"plan": "gold"}, "plan"),
        ({"scopes": "admin"}, "scopes"),
        ({"scopes": []}, "scopes"),
        ({"scopes": ["owner"]}, "scopes.0"),
        ({"scopes": None}, "scopes"),
        ({"name": "x" * 101}, "name"),
        ({"name": "two\nlines"}, "name"),
        ({"name": 7}, "name"),
    ],
)
def test_a_wrong_field_is_named(admin: FlaskClient, body: dict[str, object], field: str) -> None:
    answer = admin.post(KEYS, json=body)

    assert (answer.status_code, answer.get_json()["field"]) == (400, field)


def test_a_request_sent_again_makes_no_second_key_and_nothing_secret_is_stored(
    admin: FlaskClient, records: Records
) -> None:
    headers = {"Idempotency-Key": "the-laptop"}

    first, again = (admin.post(KEYS, json={"name": "laptop"}, headers=headers).get_json() for _ in range(2))

    assert first == again
    assert len(records.keys.list()) == 2
    assert [row["answer"] for row in records._file.rows("SELECT answer FROM idempotency", {})] == [""]
