"""Jobs in doubt after a crash between recording and starting."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask

from api.job_moves import retry
from api.reconcile import Reconciled, keep_reconciling, reconcile
from api.reset import Retried
from api.services import Services, services, utc_text
from contracts.errors import Unavailable
from contracts.jobs import JobRequest, JobView, Status
from storage.payloads import PayloadLocked
from storage.records import Records
from tests.api.conftest import NOW
from tests.fakes import FakeGateway
from tests.storage.requests import a_failure, a_request, a_success

pytestmark = pytest.mark.unit

OLD = utc_text(NOW - timedelta(seconds=61))
NOW_TEXT = utc_text(NOW)
YOUNG = utc_text(NOW - timedelta(seconds=59))


@pytest.fixture
def records(tmp_path: Path) -> Records:
    return Records(tmp_path / "records.db")


def test_a_job_whose_workflow_never_started_is_dropped(records: Records, gateway: FakeGateway) -> None:
    records.jobs.add(a_request(), OLD)

    assert reconcile(records, gateway, NOW) == Reconciled(started=0, dropped=1, settled=0)
    assert records.jobs.list() == []


def test_a_job_whose_workflow_started_is_kept(records: Records, gateway: FakeGateway) -> None:
    request = a_request()
    records.jobs.add(request, OLD)
    gateway.start(request)

    assert reconcile(records, gateway, NOW) == Reconciled(started=1, dropped=0, settled=0)
    record = records.jobs.find(request.job_id)
    assert record is not None
    assert record.is_started


def test_a_job_that_may_still_be_on_its_way_is_left_alone(records: Records, gateway: FakeGateway) -> None:
    records.jobs.add(a_request(), YOUNG)

    assert reconcile(records, gateway, NOW) == Reconciled(started=0, dropped=0, settled=0)
    assert len(records.jobs.list()) == 1


def test_a_job_that_is_submitted_again_meanwhile_is_left_alone(
    records: Records, gateway: FakeGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = a_request()
    records.jobs.add(request, OLD)
    monkeypatch.setattr(gateway, "view", lambda job_id: records.jobs.add(request, NOW_TEXT) and None)

    assert reconcile(records, gateway, NOW).dropped == 0
    assert len(records.jobs.list()) == 1


def test_without_temporal_nothing_is_decided(records: Records, gateway: FakeGateway) -> None:
    records.jobs.add(a_request(), OLD)
    gateway.is_down = True

    with pytest.raises(Unavailable):
        reconcile(records, gateway, NOW)
    assert len(records.jobs.list()) == 1


def test_a_job_that_was_terminated_is_settled_and_its_credits_are_given_back(
    records: Records, gateway: FakeGateway
) -> None:
    request = replace(a_request(), estimated_credits=20)
    records.jobs.add(request, NOW_TEXT)
    records.jobs.mark_started(request.job_id)
    gateway.start(request)
    gateway.cancel(request.job_id)
    gateway.stopped.append(request.job_id)

    assert reconcile(records, gateway, NOW).settled == 1
    assert reconcile(records, gateway, NOW).settled == 0

    record = records.jobs.find(request.job_id)
    assert record is not None
    assert (record.status, record.finished_at) == (Status.CANCELLED, NOW_TEXT)
    assert records.ledger.balance(request.key_id).reserved == 0


def test_a_settled_job_is_not_asked_about_again(
    records: Records, gateway: FakeGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = a_request()
    records.jobs.add(request, NOW_TEXT)
    records.jobs.settle(a_failure(request), 0)
    gateway.stopped.append(request.job_id)
    asked: list[str] = []
    monkeypatch.setattr(gateway, "view", asked.append)

    assert reconcile(records, gateway, NOW).settled == 0
    assert asked == []


def test_a_retried_job_whose_earlier_run_was_terminated_goes_on(records: Records, gateway: FakeGateway) -> None:
    request = a_request()
    records.jobs.add(request, NOW_TEXT)
    records.jobs.mark_started(request.job_id)
    gateway.start(request)
    gateway.stopped += [request.job_id, "00000000-0000-4000-8000-000000000000"]

    assert reconcile(records, gateway, NOW).settled == 0


@pytest.mark.parametrize("is_known", [True, False])
def test_a_retry_that_temporal_never_heard_of_is_undone(
    records: Records, gateway: FakeGateway, *, is_known: bool
) -> None:
    request = _retried(records, OLD)
    if is_known:
        gateway.start(request)
        gateway.cancel(request.job_id)

    reconcile(records, gateway, NOW)

    record = records.jobs.find(request.job_id)
    assert record is not None
    assert (record.status, record.error) == (Status.FAILED, a_failure(request).error)
    assert records.ledger.balance(request.key_id).reserved == 0


@pytest.mark.parametrize("at", [OLD, YOUNG])
def test_a_retry_that_was_begun_or_may_be_on_its_way_goes_on(records: Records, gateway: FakeGateway, at: str) -> None:
    request = _retried(records, at)
    gateway.start(request)
    if at == YOUNG:
        gateway.cancel(request.job_id)

    reconcile(records, gateway, NOW)

    record = records.jobs.find(request.job_id)
    assert record is not None
    assert record.status is Status.QUEUED
    assert records.ledger.balance(request.key_id).reserved == 20
    assert records.jobs.unconfirmed(NOW_TEXT) == ([request.job_id] if at == YOUNG else [])


def _retried(records: Records, at: str) -> JobRequest:
    """A failed job whose retry was entered by a process that died thereafter."""
    request = replace(a_request(), estimated_credits=20)
    records.jobs.add(request, OLD)
    records.jobs.settle(a_failure(request), 0)
    records.jobs.reopen(request.job_id, at)
    return request


def test_what_is_wrong_with_one_job_holds_up_no_other(
    records: Records, gateway: FakeGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    requests = [a_request() for _ in range(4)]
    for request in requests:
        records.jobs.add(request, OLD)
    for request in requests[2:]:
        records.jobs.mark_started(request.job_id)
        gateway.stopped.append(request.job_id)
        gateway.start(request)
        gateway.cancel(request.job_id)
    locked, view = (requests[0].job_id, requests[2].job_id), gateway.view

    def view_unless_locked(job_id: str) -> JobView | None:
        if job_id in locked:
            raise PayloadLocked("another key")
        return view(job_id)

    monkeypatch.setattr(gateway, "view", view_unless_locked)

    assert reconcile(records, gateway, NOW) == Reconciled(started=0, dropped=1, settled=1)


def test_a_fault_that_nobody_foresaw_does_not_end_it(
    app: Flask, gateway: FakeGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    with app.app_context():
        found = services()
    faults, unsettled = [ValueError("not a job's workflow")], gateway.unsettled

    def unsettled_later() -> list[str]:
        if faults:
            raise faults.pop()
        return unsettled()

    monkeypatch.setattr(gateway, "unsettled", unsettled_later)
    monkeypatch.setattr("api.reconcile.GRACE", timedelta(seconds=0.01))

    with _reconciling(found):
        while faults:
            time.sleep(0.01)
        job_id = _in_doubt(found, gateway)

        _wait_until_started(found, job_id)


def test_a_running_api_decides_jobs_in_doubt_by_itself(app: Flask, gateway: FakeGateway) -> None:
    with app.app_context():
        found = services()
    job_id = _in_doubt(found, gateway)

    with _reconciling(found):
        _wait_until_started(found, job_id)


@contextmanager
def _reconciling(found: Services) -> Iterator[None]:
    end = keep_reconciling(found)
    try:
        yield
    finally:
        end()


def _in_doubt(found: Services, gateway: FakeGateway) -> str:
    request = a_request()
    # First, for a reconciler at work would drop a job that is in the records alone.
    gateway.start(request)
    found.records.jobs.add(request, OLD)
    return request.job_id


def _wait_until_started(found: Services, job_id: str) -> None:
    for _ in range(1200):
        if (record := found.records.jobs.find(job_id)) and record.is_started:
            return
        time.sleep(0.05)
    pytest.fail("the job stayed in doubt")


def test_a_job_whose_retry_was_never_begun_keeps_its_end_when_it_is_retried_again(
    records: Records, gateway: FakeGateway
) -> None:
    request = a_request()
    records.jobs.add(request, OLD)
    records.jobs.settle(a_success(request), 32)
    before = records.jobs.find(request.job_id)
    gateway.start(request)
    gateway.views[request.job_id] = replace(gateway.views[request.job_id], status=Status.SUCCEEDED)
    records.jobs.reopen(request.job_id, YOUNG)
    doubtful = records.jobs.find(request.job_id)
    assert before is not None
    assert doubtful is not None
    gateway.retry = _unavailable  # type: ignore[method-assign]

    with pytest.raises(Unavailable):
        retry(records, gateway, doubtful, NOW)

    assert records.jobs.find(request.job_id) == before


def _unavailable(job_id: str, from_start: bool = False) -> Retried:
    raise Unavailable(f"Temporal cannot be reached for {job_id}, {from_start}")
