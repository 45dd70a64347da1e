"""Whether the service lives and can take jobs."""

import sqlite3

import pytest
from flask.testing import FlaskClient

from api.services import Services
from contracts.settings import Settings
from storage import database
from tests.fakes import FakeGateway

pytestmark = pytest.mark.unit


def test_a_live_process_says_so_even_without_temporal(anyone: FlaskClient, gateway: FakeGateway) -> None:
    gateway.is_down = True

    answer = anyone.get("/healthz")

    assert (answer.status_code, answer.get_json()["status"]) == (200, "ok")


def test_a_service_with_all_its_parts_is_ready(anyone: FlaskClient) -> None:
    answer = anyone.get("/readyz")

    assert answer.status_code == 200
    assert answer.get_json() == {"status": "ok", "checks": {"temporal": "ok", "records": "ok"}}


def test_a_service_without_temporal_is_not_ready(anyone: FlaskClient, gateway: FakeGateway) -> None:
    gateway.is_down = True

    answer = anyone.get("/readyz")

    assert answer.status_code == 503
    assert answer.get_json()["status"] == "unavailable"
    assert answer.get_json()["checks"] == {"temporal": "no answer within two seconds", "records": "ok"}


def test_a_service_that_cannot_write_its_records_is_not_ready(
    anyone: FlaskClient, services: Services, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    services.records.close()
    monkeypatch.setattr(database, "BUSY_TIMEOUT_S", 0.05)
    holder = sqlite3.connect(settings.data_dir / "records.db")
    holder.execute("BEGIN IMMEDIATE")

    answer = anyone.get("/readyz")
    holder.close()

    assert answer.status_code == 503
    assert answer.get_json()["checks"]["records"] == "the records cannot be reached at the moment"
