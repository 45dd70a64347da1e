"""What a key has used, as LipSync.dev tells it."""

from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient

from api.services import Services
from contracts.plans import Plan
from contracts.settings import Settings
from tests.api.bodies import DEV, SUBMIT_PATH
from tests.api.conftest import services_of
from tests.storage.requests import a_success

pytestmark = pytest.mark.unit

USAGE = "/api/v1/usage"


def test_a_key_sees_its_month(client: FlaskClient) -> None:
    client.get("/api/v1/jobs/1")

    assert client.get(USAGE).get_json() == {
        "current_period": {
            "start_date": "2026-01-01",
            "end_date": "2026-01-31",
            "requests_used": 2,
            "requests_limit": 1000 * 31 * 24 * 60,
        },
        "total_requests": 2,
        "credits_used": 0,
        "credits_reserved": 0,
        "plan": "enterprise",
    }


def test_it_answers_without_the_api_prefix_too(client: FlaskClient) -> None:
    assert client.get("/v1/usage").status_code == 200


def test_credits_are_reserved_and_then_charged(client: FlaskClient, services: Services) -> None:
    estimated = client.post(SUBMIT_PATH, json=DEV).get_json()["estimatedCredits"]
    assert client.get(USAGE).get_json()["credits_reserved"] == estimated == 20

    [job] = services.records.jobs.list()
    services.records.jobs.settle(a_success(job.request), 38)

    usage = client.get(USAGE).get_json()
    assert (usage["credits_used"], usage["credits_reserved"]) == (38, 0)


def test_another_keys_jobs_are_not_counted(client: FlaskClient, stranger: FlaskClient) -> None:
    client.post(SUBMIT_PATH, json=DEV)

    usage = stranger.get(USAGE).get_json()
    assert (usage["total_requests"], usage["credits_reserved"]) == (1, 0)


def test_a_fault_is_told_in_the_dev_dialect(anyone: FlaskClient) -> None:
    answer = anyone.get(USAGE)

    assert (answer.status_code, answer.get_json()["errorCode"]) == (401, "unauthorized")


class TestUnlimited:
    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return replace(settings, requests_per_min_free=0)

    def test_any_number_of_requests_is_a_large_one(self, app: Flask) -> None:
        _, plaintext = services_of(app).records.keys.create("", "2026-01-01T00:00:00Z", Plan.FREE)

        usage = app.test_client().get(USAGE, headers={"X-API-Key": plaintext}).get_json()

        assert usage["current_period"]["requests_limit"] == 2147483647
