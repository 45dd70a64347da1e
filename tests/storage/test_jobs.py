"""Jobs in the records."""

import pytest

from contracts.errors import NotFound
from contracts.jobs import Status
from storage.records import Records
from tests.storage.requests import NOW, a_failure, a_request, a_success

pytestmark = pytest.mark.unit


def test_a_job_comes_back_as_it_was_asked_for(records: Records) -> None:
    request = a_request()
    number = records.jobs.add(request, NOW)

    record = records.jobs.find(request.job_id)

    assert record is not None
    assert record.request == request
    assert (record.number, record.created_at, record.status) == (number, NOW, Status.QUEUED)
    assert not record.is_started


def test_a_job_is_found_by_its_number(records: Records) -> None:
    request = a_request()
    number = records.jobs.add(request, NOW)

    record = records.jobs.find_number(number)

    assert record is not None
    assert record.job_id == request.job_id


@pytest.mark.parametrize("number", [0, -1, 99, 2**63, 10**30])
def test_a_number_that_no_job_has_finds_nothing(records: Records, number: int) -> None:
    records.jobs.add(a_request(), NOW)

    assert records.jobs.find_number(number) is None


def test_a_dropped_job_is_gone_and_its_number_is_not_given_again(records: Records) -> None:
    request = a_request()
    first = records.jobs.add(request, NOW)
    records.jobs.drop(request.job_id)

    assert records.jobs.find(request.job_id) is None
    assert records.jobs.add(a_request(), NOW) == first + 1


def test_a_started_job_cannot_be_dropped(records: Records) -> None:
    request = a_request()
    records.jobs.add(request, NOW)
    records.jobs.mark_started(request.job_id)

    records.jobs.drop(request.job_id)

    assert records.jobs.find(request.job_id) is not None


def test_only_old_jobs_that_never_started_are_in_doubt(records: Records) -> None:
    old, started, young = a_request(), a_request(), a_request()
    records.jobs.add(old, "2026-01-01T00:00:00Z")
    records.jobs.add(started, "2026-01-01T00:00:00Z")
    records.jobs.mark_started(started.job_id)
    records.jobs.add(young, NOW)

    assert [record.job_id for record in records.jobs.unstarted("2026-01-02T00:00:00Z")] == [old.job_id]


def test_a_settled_job_shows_its_outcome(records: Records) -> None:
    request = a_request()
    records.jobs.add(request, NOW)

    records.jobs.settle(a_success(request), credits=32)

    record = records.jobs.find(request.job_id)
    assert record is not None
    assert (record.status, record.credits, record.duration_s) == (Status.SUCCEEDED, 32, 7.5)
    assert record.output == f"jobs/{request.job_id}/output.mp4"
    assert record.warnings == ("two faces; the larger one speaks",)
    assert record.error is None


def test_a_failed_job_shows_why(records: Records) -> None:
    request = a_request()
    records.jobs.add(request, NOW)

    records.jobs.settle(a_failure(request), credits=0)

    record = records.jobs.find(request.job_id)
    assert record is not None
    assert record.error == a_failure(request).error


def test_settling_twice_charges_once(records: Records) -> None:
    request = a_request()
    records.jobs.add(request, NOW)
    for _ in range(2):
        records.jobs.settle(a_success(request), credits=32)

    assert ledger(records) == [(request.job_id, request.key_id, 32)]


def test_a_retried_job_is_charged_for_its_last_outcome(records: Records) -> None:
    request = a_request()
    records.jobs.add(request, NOW)
    records.jobs.settle(a_failure(request), credits=0)

    records.jobs.settle(a_success(request), credits=32)

    assert ledger(records) == [(request.job_id, request.key_id, 32)]


def test_a_job_that_is_not_in_the_records_is_neither_settled_nor_charged(records: Records) -> None:
    with pytest.raises(NotFound):
        records.jobs.settle(a_success(a_request()), credits=32)

    assert ledger(records) == []


def test_jobs_are_listed_newest_first_page_by_page(records: Records) -> None:
    numbers = [records.jobs.add(a_request(), NOW) for _ in range(5)]

    first = records.jobs.list(limit=2)
    second = records.jobs.list(limit=2, before_number=first[-1].number)

    assert [record.number for record in first + second] == numbers[:0:-1]


def test_a_list_can_be_narrowed_to_a_key_and_a_status(records: Records) -> None:
    mine, done, other = a_request("aaaaaaaa"), a_request("aaaaaaaa"), a_request("bbbbbbbb")
    for request in (mine, done, other):
        records.jobs.add(request, NOW)
    records.jobs.settle(a_success(done), credits=1)

    found = records.jobs.list(key_id="aaaaaaaa", status=Status.QUEUED)

    assert [record.job_id for record in found] == [mine.job_id]


def ledger(records: Records) -> list[tuple[object, ...]]:
    rows = records._file.rows("SELECT job_id, key_id, credits FROM ledger", {})
    return [tuple(row.values()) for row in rows]
