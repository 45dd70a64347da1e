"""The request rate of a key and the headers that tell it."""

import math
from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from api.services import Services
from contracts.plans import Plan
from contracts.settings import Settings
from tests.api.bodies import ASYNC_PATH, DEV, IMAGE_PATH, STUDIO, SUBMIT_PATH
from tests.api.conftest import NOW, services_of

pytestmark = pytest.mark.unit

UNKNOWN_JOB = "/api/v1/jobs/00000000-0000-4000-8000-000000000000"
RATE_HEADERS = ("RateLimit-Policy", "RateLimit", "X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset")


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return replace(settings, requests_per_min_free=2, requests_per_min_enterprise=0)


@pytest.fixture
def free(app: Flask) -> FlaskClient:
    """Sends a key on the free plan, which admits two requests a minute here."""
    _, plaintext = services_of(app).records.keys.create("free", "2026-01-01T00:00:00Z", Plan.FREE)
    client = app.test_client()
    client.environ_base["HTTP_X_API_KEY"] = plaintext
    return client


def test_every_answer_says_what_is_left(free: FlaskClient) -> None:
    answer = free.get(UNKNOWN_JOB)

    assert {name: answer.headers[name] for name in RATE_HEADERS} == {
        "RateLimit-Policy": '"free";q=2;w=60',
        "RateLimit": '"free";r=1;t=60',
        "X-RateLimit-Limit": "2",
        "X-RateLimit-Remaining": "1",
        "X-RateLimit-Reset": str(math.ceil((NOW + timedelta(seconds=60)).timestamp())),
    }
    assert "Retry-After" not in answer.headers


@pytest.mark.parametrize(
    ("path", "body", "shown"),
    [
        (IMAGE_PATH, STUDIO, {"code": "rate_limited", "error": "more than 2 requests in a minute"}),
        (SUBMIT_PATH, DEV, {"errorCode": "rate_limited", "errorMessage": "more than 2 requests in a minute"}),
        (ASYNC_PATH, DEV, {"code": 42900, "data": None}),
        ("/api/v1/uploads", {}, {"code": "rate_limited", "status": 429, "retryable": True}),
    ],
    ids=["studio", "dev", "async", "problem"],
)
def test_a_refusal_speaks_the_dialect_of_its_path(
    free: FlaskClient, path: str, body: dict[str, object], shown: dict[str, object]
) -> None:
    for _ in range(2):
        free.get(UNKNOWN_JOB)

    answer = free.post(path, json=body)

    assert answer.status_code == 429
    assert shown.items() <= answer.get_json().items()
    assert (answer.headers["Retry-After"], answer.headers["X-RateLimit-Remaining"]) == ("60", "0")


def test_a_refused_submission_makes_no_job(free: FlaskClient, services: Services) -> None:
    answers = [free.post(IMAGE_PATH, json=STUDIO).status_code for _ in range(4)]

    assert answers == [200, 200, 429, 429]
    assert len(services.records.jobs.list()) == 2


def test_requests_without_a_key_are_not_counted(app: Flask, free: FlaskClient, anyone: FlaskClient) -> None:
    refused = [anyone.get(UNKNOWN_JOB) for _ in range(5)]

    assert not set(RATE_HEADERS) & set(refused[0].headers.keys())
    assert free.get(UNKNOWN_JOB).headers["X-RateLimit-Remaining"] == "1"


def test_a_key_without_a_limit_gets_no_headers(client: FlaskClient) -> None:
    answers = [client.get(UNKNOWN_JOB) for _ in range(5)]

    assert {answer.status_code for answer in answers} == {404}
    assert not set(RATE_HEADERS) & set(answers[-1].headers.keys())


def test_both_spellings_of_a_path_share_one_minute(free: FlaskClient) -> None:
    free.get(UNKNOWN_JOB)
    free.get(UNKNOWN_JOB.removeprefix("/api"))

    assert free.get(UNKNOWN_JOB).status_code == 429
