"""The OpenAPI document: whole, and true to what is answered."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from api.app import create_app
from contracts.settings import Settings
from storage.voices import voices
from tests.api.bodies import ASYNC_PATH, DEV, GENERATE_PATH, IMAGE_PATH, RESULT_PATH, STUDIO, SUBMIT_PATH
from tests.api.conftest import services_of
from tests.fakes import FakeGateway

pytestmark = pytest.mark.unit

METHODS = ("get", "post", "put", "patch", "delete")
Json = dict[str, object]

#: Headers that say nothing of this service.
PLAIN_HEADERS = {"Content-Type", "Content-Length"}


@pytest.fixture
def document(anyone: FlaskClient) -> dict[str, Json]:
    found: dict[str, Json] = anyone.get("/openapi.json").get_json()
    return found


def operations(document: dict[str, Json]) -> Iterator[tuple[str, str, dict[str, Json]]]:
    for path, item in document["paths"].items():
        assert isinstance(item, dict)
        for method in METHODS:
            if method in item:
                yield path, method, item[method]


def is_public(operation: dict[str, Json]) -> bool:
    return operation.get("security") == []


def names(parameters: object) -> set[str]:
    assert isinstance(parameters, list)
    return {each.get("$ref", "").rpartition("/")[2] or each["name"] for each in parameters}


def test_every_operation_says_what_it_is_and_how_it_fails(document: dict[str, Json]) -> None:
    for path, method, operation in operations(document):
        expected = {"400", "404", "405", "413", "500", "503"} | (set() if is_public(operation) else {"401", "429"})
        assert operation["summary"], path
        assert expected <= set(operation["responses"]), (method, path)
        assert any(status.startswith("2") for status in operation["responses"]), (method, path)


def test_every_operation_has_a_name_of_its_own(document: dict[str, Json]) -> None:
    found = [str(operation["operationId"]) for _, _, operation in operations(document)]

    assert len(set(found)) == len(found)


def test_the_paths_without_the_prefix_stand_apart(document: dict[str, Json]) -> None:
    for path, _, operation in operations(document):
        assert (operation["tags"] == ["the same without /api"]) == (f"/api{path}" in document["paths"]), path


def test_every_reference_leads_somewhere(document: dict[str, Json]) -> None:
    for reference in set(references(document)):
        node: object = document
        for part in reference.removeprefix("#/").split("/"):
            assert isinstance(node, dict)
            assert part in node, reference
            node = node[part]


def references(node: object) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for inner in node.values():
            yield from references(inner)
    if isinstance(node, list):
        for inner in node:
            yield from references(inner)


def test_every_post_with_a_key_may_be_repeated_under_an_idempotency_key(document: dict[str, Json]) -> None:
    for path, method, operation in operations(document):
        takes = "IdempotencyKey" in names(operation["parameters"])
        assert takes == (method == "post" and not is_public(operation)), path
        if takes:
            assert {"409", "422"} <= set(operation["responses"]), path


def test_headers_are_documented_with_the_statuses_that_bring_them(document: dict[str, Json]) -> None:
    for path, _, operation in operations(document):
        for status, response in operation["responses"].items():
            assert isinstance(response, dict)
            headers = set(response["headers"])
            assert "X-Request-Id" in headers, path
            assert ("WWW-Authenticate" in headers) == (status == "401")
            assert ("Allow" in headers) == (status == "405")
            assert "Retry-After" in headers or status not in ("429", "503")
            assert ("RateLimit" in headers) == (not is_public(operation) and status != "401"), path


def test_limits_are_those_of_the_settings(settings: Settings) -> None:
    app = create_app(replace(settings, max_side_px=2000, max_script_chars=70), FakeGateway())
    schemas = app.test_client().get("/openapi.json").get_json()["components"]["schemas"]
    services_of(app).records.close()

    assert schemas["VideoParams"]["properties"]["video_width"]["maximum"] == 2000
    assert schemas["GenerateBody"]["properties"]["script"]["maxLength"] == 70
    assert schemas["GenerateBody"]["properties"]["voice_id"]["enum"] == [voice.voice_id for voice in voices(settings)]


def test_the_service_is_named_where_clients_reach_it(document: dict[str, Json]) -> None:
    assert document["servers"] == [{"url": "http://127.0.0.1:8080"}]


def test_what_is_answered_is_documented(client: FlaskClient, document: dict[str, Json]) -> None:
    for path, method, answer in answers(client):
        operation = document["paths"][path][method]  # type: ignore[index]
        assert str(answer.status_code) in operation["responses"], (method, path, answer.status_code)
        response = operation["responses"][str(answer.status_code)]
        assert set(answer.headers.keys()) - PLAIN_HEADERS <= set(response["headers"]), (method, path)
        assert answer.mimetype in response["content"], (method, path)


def answers(client: FlaskClient) -> Iterator[tuple[str, str, TestResponse]]:
    job_id = client.post(IMAGE_PATH, json=STUDIO).get_json()["id"]
    once = {"Idempotency-Key": "one"}
    for _ in range(2):
        yield SUBMIT_PATH, "post", client.post(SUBMIT_PATH, json=DEV, headers=once)
    yield SUBMIT_PATH, "post", client.post(SUBMIT_PATH, json=DEV | {"x": 1}, headers=once)
    yield ASYNC_PATH, "post", client.post(ASYNC_PATH, json=DEV)
    yield ASYNC_PATH, "post", client.post(ASYNC_PATH, json={})
    yield RESULT_PATH, "post", client.post(RESULT_PATH, json={"taskId": "x"})
    yield GENERATE_PATH, "post", client.post(GENERATE_PATH, data="{", content_type="application/json")
    yield "/api/v1/jobs/{job_id}", "get", client.get(f"/api/v1/jobs/{job_id}")
    yield "/api/v1/jobs/{job_id}", "get", client.get("/api/v1/jobs/1000")
    yield "/api/v1/jobs/{job_id}", "get", client.get(f"/api/v1/jobs/{job_id}?wait=x")
    yield "/api/v1/usage", "get", client.get("/api/v1/usage")
    yield "/api/v1/keys", "get", client.get("/api/v1/keys")
    yield "/api/v1/usage", "get", client.get("/api/v1/usage", headers={"X-API-Key": "sk_0"})
    yield "/api/v1/errors", "get", client.get("/api/v1/errors")
    yield "/healthz", "get", client.get("/healthz")


def test_links_lead_from_what_is_made_to_what_can_be_done_with_it(document: dict[str, Json]) -> None:
    named = {str(operation["operationId"]): names(operation["parameters"]) for _, _, operation in operations(document)}
    links = [
        link
        for _, _, operation in operations(document)
        for response in operation["responses"].values()
        for link in response.get("links", {}).values()  # type: ignore[attr-defined]
    ]

    assert len(links) > 10
    for link in links:
        assert set(link["parameters"]) <= named[link["operationId"]] | path_names(document, link["operationId"])


def path_names(document: dict[str, Json], operation_id: str) -> set[str]:
    return next(
        names(document["paths"][path].get("parameters", []))  # type: ignore[attr-defined]
        for path, _, operation in operations(document)
        if operation["operationId"] == operation_id
    )


def test_all_methods_of_a_path_are_documented(app: Flask, document: dict[str, Json]) -> None:
    for rule in app.url_map.iter_rules():
        path = rule.rule.replace("<uuid:", "{").replace("<int:", "{").replace("<", "{").replace(">", "}")
        if path in document["paths"]:
            item = document["paths"][path]
            assert isinstance(item, dict)
            assert {method.lower() for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}} <= set(item), path
