"""API keys in headers."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from storage.records import Records
from tests.api.bodies import ASYNC_PATH, IMAGE_PATH, RESULT_PATH, STUDIO, SUBMIT_PATH, VIDEO_PATH

pytestmark = pytest.mark.unit

NOW = "2026-01-01T00:00:00Z"


@pytest.fixture
def key(records: Records) -> str:
    return records.keys.create("k", NOW)[1]


@pytest.mark.parametrize("header", ["Authorization: Bearer {}", "Authorization: bearer  {}", "X-API-Key: {}"])
def test_both_headers_carry_a_key(anyone: FlaskClient, key: str, header: str) -> None:
    name, value = header.format(key).split(": ", 1)

    assert anyone.post(IMAGE_PATH, json=STUDIO, headers={name: value}).status_code == 200


def test_a_plain_key_works_behind_a_proxy_that_sends_its_own_authorization(anyone: FlaskClient, key: str) -> None:
    headers = {"X-API-Key": key, "Authorization": "Basic cHJveHk6eA=="}

    assert anyone.post(IMAGE_PATH, json=STUDIO, headers=headers).status_code == 200


@pytest.mark.parametrize(
    ("headers", "cause"),
    [
        ({}, "neither an Authorization nor an X-API-Key header was sent"),
        ({"Authorization": ""}, "Authorization: the header is not of the form 'Bearer sk_...'"),
        ({"Authorization": "Bearer"}, "Authorization: the header is not of the form 'Bearer sk_...'"),
        ({"Authorization": "Basic eDp5"}, "Authorization: the header is not of the form 'Bearer sk_...'"),
        ({"Authorization": "Bearer sk_wrong"}, "Authorization: the key is unknown or revoked"),
        ({"X-API-Key": ""}, "X-API-Key: the key is unknown or revoked"),
        ({"X-API-Key": "\xe9"}, "X-API-Key: the key is unknown or revoked"),
    ],
)
def test_a_refusal_says_which_header_is_at_fault(anyone: FlaskClient, headers: dict[str, str], cause: str) -> None:
    answer = anyone.post(IMAGE_PATH, json=STUDIO, headers=headers)

    assert answer.status_code == 401
    assert answer.get_json()["error"] == cause
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_revoked_key_is_refused(app: Flask, records: Records) -> None:
    key, plaintext = records.keys.create("k", NOW)
    records.keys.revoke(key.key_id, NOW)

    answer = app.test_client().post(IMAGE_PATH, json=STUDIO, headers={"X-API-Key": plaintext})

    assert answer.status_code == 401


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", IMAGE_PATH),
        ("POST", VIDEO_PATH),
        ("GET", "/api/v1/jobs/1"),
        ("POST", SUBMIT_PATH),
        ("GET", "/api/v1/lipsync/status/1"),
        ("POST", ASYNC_PATH),
        ("POST", RESULT_PATH),
        ("POST", "/api/v1/uploads"),
    ],
)
@pytest.mark.parametrize("prefix", ["/api", ""])
def test_every_client_path_asks_for_a_key(anyone: FlaskClient, method: str, path: str, prefix: str) -> None:
    assert anyone.open(prefix + path.removeprefix("/api"), method=method).status_code == 401
