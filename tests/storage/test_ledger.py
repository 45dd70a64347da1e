"""Credits: reserved, charged and given back."""

from dataclasses import replace

import pytest

from contracts.jobs import JobRequest, Status
from storage.ledger import Balance
from storage.records import Records
from tests.storage.requests import NOW, a_failure, a_request, a_success

pytestmark = pytest.mark.unit


@pytest.fixture
def request_() -> JobRequest:
    return replace(a_request(), estimated_credits=20)


def balance(records: Records, request: JobRequest) -> Balance:
    return records.ledger.balance(request.key_id)


def test_a_submitted_job_reserves_its_estimate_once(records: Records, request_: JobRequest) -> None:
    records.jobs.add(request_, NOW)
    records.jobs.add(request_, NOW)

    assert balance(records, request_) == Balance(used=0, reserved=20)


def test_a_success_is_charged_once_and_reserves_no_more(records: Records, request_: JobRequest) -> None:
    records.jobs.add(request_, NOW)
    records.jobs.settle(a_success(request_), 32)
    records.jobs.settle(a_success(request_), 32)

    assert balance(records, request_) == Balance(used=32, reserved=0)


@pytest.mark.parametrize("status", [Status.FAILED, Status.CANCELLED])
def test_what_brought_no_video_is_given_back(records: Records, request_: JobRequest, status: Status) -> None:
    records.jobs.add(request_, NOW)
    records.jobs.settle(replace(a_failure(request_), status=status), 0)

    assert balance(records, request_) == Balance()


def test_a_retried_job_is_reserved_again_and_charged_once(records: Records, request_: JobRequest) -> None:
    records.jobs.add(request_, NOW)
    records.jobs.settle(a_failure(request_), 0)

    records.jobs.reopen(request_.job_id, NOW)
    records.jobs.reopen(request_.job_id, NOW)
    assert balance(records, request_) == Balance(used=0, reserved=20)

    records.jobs.settle(a_success(request_), 32)
    assert balance(records, request_) == Balance(used=32, reserved=0)


def test_a_submission_repeated_after_its_job_ended_reserves_nothing(records: Records, request_: JobRequest) -> None:
    records.jobs.add(request_, NOW)
    records.jobs.settle(a_success(request_), 32)
    records.jobs.add(request_, NOW)

    assert balance(records, request_) == Balance(used=32, reserved=0)


def test_a_job_that_never_started_reserves_nothing(records: Records, request_: JobRequest) -> None:
    records.jobs.add(request_, NOW)
    records.jobs.drop(request_.job_id)

    assert balance(records, request_) == Balance()


def test_a_job_that_did_start_keeps_its_reservation(records: Records, request_: JobRequest) -> None:
    records.jobs.add(request_, NOW)
    records.jobs.mark_started(request_.job_id)
    records.jobs.drop(request_.job_id)

    assert balance(records, request_) == Balance(used=0, reserved=20)


def test_what_a_removed_job_cost_stays(records: Records, request_: JobRequest) -> None:
    records.jobs.add(request_, NOW)
    records.jobs.settle(a_success(request_), 32)
    records.jobs.remove(request_.job_id)

    assert balance(records, request_) == Balance(used=32, reserved=0)


def test_a_removed_job_reserves_nothing(records: Records, request_: JobRequest) -> None:
    records.jobs.add(request_, NOW)
    records.jobs.mark_started(request_.job_id)
    records.jobs.remove(request_.job_id)

    assert balance(records, request_) == Balance()


def test_keys_pay_for_their_own_jobs_alone(records: Records, request_: JobRequest) -> None:
    records.jobs.add(request_, NOW)
    records.jobs.settle(a_success(request_), 32)

    assert records.ledger.balance("another0") == Balance()
