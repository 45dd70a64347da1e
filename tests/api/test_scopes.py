"""What a key may do: every route against keys of every set of scopes."""

from itertools import combinations
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from contracts.scopes import Scope, in_order
from tests.api.conftest import services_of
from tests.api.routes import Route, routes

pytestmark = pytest.mark.unit

NOW = "2026-01-01T00:00:00Z"
DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "keys.md"
#: Keys of every kind, one that may do nothing among them.
SETS = [frozenset(some) for size in range(len(Scope) + 1) for some in combinations(Scope, size)]

#: The routes that work without a key. One that joins them has to be entered here on purpose.
PUBLIC = {
    "GET /files/{token}/{name}",
    "GET /uploads/{token}",
    "PUT /uploads/{token}",
    "GET /v1/errors",
    "GET /v1/errors/{code}",
    "GET /healthz",
    "GET /readyz",
    "GET /openapi.json",
    "GET /docs",
    "GET /docs/{name}",
    "GET /",
    "GET /assets/{name}",
    "GET /watch/{token}/{name}",
}


@pytest.fixture
def clients(app: Flask) -> dict[frozenset[Scope], FlaskClient]:
    """A client for each set of scopes."""
    return {scopes: _client(app, scopes) for scopes in SETS}


def _client(app: Flask, scopes: frozenset[Scope]) -> FlaskClient:
    _, text = services_of(app).records.keys.create("", NOW, scopes=scopes)
    client = app.test_client()
    client.environ_base["HTTP_X_API_KEY"] = text
    return client


def test_only_the_public_routes_work_without_a_key(app: Flask) -> None:
    anyone = app.test_client()
    guarded = [route for route in routes(app) if route.scope is not None]

    assert {route.name for route in routes(app) if route.scope is None} == PUBLIC
    assert len(guarded) > 50
    for route in guarded:
        assert anyone.open(route.path("0"), method=route.method).status_code in (401, 404), route


def test_every_route_refuses_a_key_without_its_scope_in_the_words_of_its_dialect(
    app: Flask, clients: dict[frozenset[Scope], FlaskClient]
) -> None:
    refused = 0
    for route in routes(app):
        for scopes, client in clients.items():
            if route.scope is None or route.scope in scopes:
                continue
            answer = client.open(_path(route), method=route.method, json={})
            assert answer.status_code == 403, (route, scopes)
            _check_words(answer.get_json(), route.scope)
            refused += 1
    assert refused > 200


def test_every_route_lets_a_key_with_its_scope_alone_pass(
    app: Flask, clients: dict[frozenset[Scope], FlaskClient]
) -> None:
    for route in routes(app):
        if route.scope is not None:
            answer = clients[frozenset({route.scope})].open(_path(route), method=route.method, json={})
            assert answer.status_code not in (401, 403), route


def test_a_refused_request_does_nothing(app: Flask, clients: dict[frozenset[Scope], FlaskClient]) -> None:
    headers = {"Idempotency-Key": "once"}
    client = clients[frozenset({Scope.READ})]

    answer = client.post("/api/v1/uploads", data=b"film", headers=headers)

    assert answer.status_code == 403
    records = services_of(app).records
    assert records._file.rows("SELECT * FROM idempotency", {}) == []
    assert not list((services_of(app).settings.data_dir / "blobs").rglob("*.*"))


def test_the_document_says_which_scope_each_call_needs(app: Flask) -> None:
    operations = app.test_client().get("/openapi.json").get_json()["paths"]

    for route in routes(app):
        if route.scope is not None:
            path = route.name.partition(" ")[2]
            item = operations[f"/api{path}" if route.rule.startswith("/api") else path]
            scopes = [route.scope.value]
            assert item[route.method.lower()]["security"] == [{"bearer": scopes}, {"apiKey": scopes}], route


def test_the_page_on_keys_lists_every_call_under_its_scope(app: Flask) -> None:
    lines = DOCUMENT.read_text(encoding="utf-8").splitlines()
    calls = {scope: {route.name for route in routes(app) if route.scope is scope} for scope in Scope}

    for scope in Scope:
        (line,) = [line for line in lines if line.startswith(f"| `{scope}` |")]
        assert {part for part in line.split("`") if "/" in part} == calls[scope]


def test_scopes_are_always_shown_in_one_order() -> None:
    assert [in_order(scopes) for scopes in SETS[-2:]] == [[Scope.READ, Scope.ADMIN], list(Scope)]


def _path(route: Route) -> str:
    return route.path("00000000-0000-0000-0000-000000000000")


def _check_words(body: dict[str, object], scope: Scope) -> None:
    """A refusal names the scope and how to come by it, wherever the dialect puts it."""
    said = " ".join(str(body.get(name, "")) for name in ("error", "errorMessage", "detail", "message", "remedy"))
    assert f"lacks the scope {scope}" in said
    assert f"keys create --scope {scope}" in said
    assert {body.get("code"), body.get("errorCode")} & {"forbidden", 40300}
