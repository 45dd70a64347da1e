"""Jobs in doubt after a crash between recording and starting."""

import time
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask

from api.reconcile import Reconciled, keep_reconciling, reconcile
from api.services import services, utc_text
from contracts.errors import Unavailable
from storage.records import Records
from tests.api.conftest import NOW
from tests.fakes import FakeGateway
from tests.storage.requests import a_request

pytestmark = pytest.mark.unit

OLD = utc_text(NOW - timedelta(seconds=61))
YOUNG = utc_text(NOW - timedelta(seconds=59))


@pytest.fixture
def records(tmp_path: Path) -> Records:
    return Records(tmp_path / "records.db")


def test_a_job_whose_workflow_never_started_is_dropped(records: Records, gateway: FakeGateway) -> None:
    records.jobs.add(a_request(), OLD)

    assert reconcile(records, gateway, NOW) == Reconciled(started=0, dropped=1)
    assert records.jobs.list() == []


def test_a_job_whose_workflow_started_is_kept(records: Records, gateway: FakeGateway) -> None:
    request = a_request()
    records.jobs.add(request, OLD)
    gateway.start(request)

    assert reconcile(records, gateway, NOW) == Reconciled(started=1, dropped=0)
    record = records.jobs.find(request.job_id)
    assert record is not None
    assert record.is_started


def test_a_job_that_may_still_be_on_its_way_is_left_alone(records: Records, gateway: FakeGateway) -> None:
    records.jobs.add(a_request(), YOUNG)

    assert reconcile(records, gateway, NOW) == Reconciled(started=0, dropped=0)
    assert len(records.jobs.list()) == 1


def test_without_temporal_nothing_is_decided(records: Records, gateway: FakeGateway) -> None:
    records.jobs.add(a_request(), OLD)
    gateway.is_down = True

    with pytest.raises(Unavailable):
        reconcile(records, gateway, NOW)
    assert len(records.jobs.list()) == 1


def test_a_running_api_decides_jobs_in_doubt_by_itself(app: Flask, gateway: FakeGateway) -> None:
    with app.app_context():
        found = services()
    request = a_request()
    found.records.jobs.add(request, OLD)
    gateway.start(request)

    keep_reconciling(found)

    for _ in range(100):
        if (record := found.records.jobs.find(request.job_id)) and record.is_started:
            return
        time.sleep(0.05)
    pytest.fail("the job stayed in doubt")
