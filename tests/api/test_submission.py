"""Recording and starting a job: both or neither."""

import sqlite3
from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from api.reconcile import reconcile
from api.services import Services
from contracts.errors import InternalError
from contracts.jobs import JobRequest
from contracts.settings import Settings
from storage import database
from storage.records import Records
from tests.api.bodies import DEV, IMAGE_PATH, STUDIO, SUBMIT_PATH
from tests.fakes import FakeGateway

pytestmark = pytest.mark.unit


def test_a_job_is_in_the_records_before_it_starts(
    client: FlaskClient, gateway: FakeGateway, records: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[bool] = []

    def start(request: JobRequest) -> None:
        record = records.jobs.find(request.job_id)
        assert record is not None
        seen.append(record.is_started)

    monkeypatch.setattr(gateway, "start", start)
    client.post(IMAGE_PATH, json=STUDIO)

    assert seen == [False]
    assert [record.is_started for record in records.jobs.list()] == [True]


def test_a_job_that_was_given_up_while_its_process_stood_still_is_in_the_records_again(
    client: FlaskClient, gateway: FakeGateway, records: Records, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = gateway.start

    def start_late(request: JobRequest) -> None:
        assert reconcile(records, gateway, services.clock() + timedelta(seconds=90)).dropped == 1
        start(request)

    monkeypatch.setattr(gateway, "start", start_late)
    answer = client.post(SUBMIT_PATH, json=DEV).get_json()

    (record,) = records.jobs.list()
    assert record.is_started
    assert record.number == int(answer["jobId"])
    assert records.ledger.balance(record.key_id).reserved == record.request.estimated_credits


def test_a_job_that_temporal_refuses_leaves_nothing_behind(
    client: FlaskClient, gateway: FakeGateway, records: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    def start(request: JobRequest) -> None:
        raise InternalError("Temporal refused the call")

    monkeypatch.setattr(gateway, "start", start)

    assert client.post(IMAGE_PATH, json=STUDIO).status_code == 500
    assert records.jobs.list() == []


def test_a_job_that_started_is_a_success_even_if_the_records_are_busy_then(
    client: FlaskClient,
    gateway: FakeGateway,
    services: Services,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    holder = sqlite3.connect(settings.data_dir / "records.db")

    def start(request: JobRequest) -> None:
        services.records.close()
        monkeypatch.setattr(database, "BUSY_TIMEOUT_S", 0.05)
        holder.execute("BEGIN IMMEDIATE")

    monkeypatch.setattr(gateway, "start", start)
    answer = client.post(IMAGE_PATH, json=STUDIO)
    holder.close()

    assert answer.status_code == 200
    assert [record.is_started for record in services.records.jobs.list()] == [False]


def test_a_job_runs_on_the_engine_that_the_operator_chose(
    client: FlaskClient, gateway: FakeGateway, settings: Settings
) -> None:
    client.post(IMAGE_PATH, json=STUDIO)

    assert [request.engine for request in gateway.requests.values()] == [settings.engine]
