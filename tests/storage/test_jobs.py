"""Jobs in the records."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from contracts.errors import NotFound
from contracts.jobs import JobRequest, Status
from contracts.steps import Delivery, SettleInput
from storage.deliveries import WebhookState
from storage.jobs import JobFilter
from storage.pace import Pace
from storage.records import Records
from tests.storage.requests import NOW, a_failure, a_request, a_success

pytestmark = pytest.mark.unit

LATER = "2026-01-02T03:04:06Z"


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
    second = records.jobs.list(JobFilter(before_number=first[-1].number), limit=2)

    assert [record.number for record in first + second] == numbers[:0:-1]


def test_a_list_can_be_narrowed_to_a_key_and_a_status(records: Records) -> None:
    mine, done, other = a_request("aaaaaaaa"), a_request("aaaaaaaa"), a_request("bbbbbbbb")
    for request in (mine, done, other):
        records.jobs.add(request, NOW)
    records.jobs.settle(a_success(done), credits=1)

    found = records.jobs.list(JobFilter(key_id="aaaaaaaa", status=Status.QUEUED))

    assert [record.job_id for record in found] == [mine.job_id]


def test_a_list_can_be_narrowed_to_a_model_a_batch_and_a_time(records: Records) -> None:
    early, late = a_request(), replace(a_request(), model="lipsync-video", batch_id="batch-1")
    records.jobs.add(early, "2026-01-01T00:00:00Z")
    records.jobs.add(late, "2026-01-02T00:00:00Z")

    narrowed = [
        JobFilter(model="lipsync-video"),
        JobFilter(batch_id="batch-1"),
        JobFilter(created_after="2026-01-02T00:00:00Z"),
    ]

    assert [[job.job_id for job in records.jobs.list(which)] for which in narrowed] == [[late.job_id]] * 3
    before = records.jobs.list(JobFilter(created_before="2026-01-02T00:00:00Z"))
    assert [job.job_id for job in before] == [early.job_id]


def test_jobs_ahead_are_those_that_started_and_have_not_ended(records: Records) -> None:
    waiting, ended, doubtful, mine = (a_request() for _ in range(4))
    for request in (waiting, ended, doubtful):
        records.jobs.add(request, NOW)
    for request in (waiting, ended):
        records.jobs.mark_started(request.job_id)
    records.jobs.settle(a_success(ended), credits=1)

    assert records.jobs.ahead(records.jobs.add(mine, NOW)) == 1


def test_the_pace_is_that_of_jobs_that_succeeded(records: Records) -> None:
    assert records.jobs.pace() == Pace()
    for finished_at in ("2026-01-02T03:05:05Z", "2026-01-02T03:05:15.000Z", "2026-01-02T03:05:25Z"):
        request = a_request()
        records.jobs.add(request, NOW)
        records.jobs.settle(replace(a_success(request), finished_at=finished_at), credits=1)
    failed = a_request()
    records.jobs.add(failed, NOW)
    records.jobs.settle(a_failure(failed), credits=0)

    pace = records.jobs.pace()

    assert (pace.each_s, round(pace.apart_s, 3)) == (60.0, 10.0)


def test_an_idle_service_does_not_look_slow(records: Records) -> None:
    for finished_at in ("2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"):
        request = a_request()
        records.jobs.add(request, NOW)
        records.jobs.settle(replace(a_success(request), finished_at=finished_at), credits=1)

    assert records.jobs.pace() == Pace(each_s=60.0, apart_s=60.0, length_s=7.5)


def test_an_engines_pace_is_its_own_and_the_queue_is_that_of_all(records: Records) -> None:
    for second, (engine, took_ms, length_s) in enumerate([("slow", 90_000, 30.0), ("fast", 5000, 6.0)] * 3):
        request = replace(a_request(), engine=engine)
        records.jobs.add(request, NOW)
        outcome = replace(a_success(request), execution_ms=took_ms, duration_s=length_s)
        records.jobs.settle(replace(outcome, finished_at=f"2026-01-02T03:05:0{second}Z"), credits=1)

    slow, fast, unknown = (records.jobs.pace(engine) for engine in ("slow", "fast", "unknown"))

    assert [(pace.each_s, pace.length_s) for pace in (slow, fast, unknown)] == [(90, 30), (5, 6), (0, 0)]
    assert {round(pace.apart_s, 3) for pace in (slow, fast, unknown)} == {1.0}


def test_a_rare_engines_pace_does_not_look_at_the_jobs_of_others(records: Records) -> None:
    for engine in ["rare", *["usual"] * 300]:
        request = replace(a_request(), engine=engine)
        records.jobs.add(request, NOW)
        records.jobs.settle(a_success(request), credits=1)
    steps: list[None] = []
    records._file._connection().conn.set_progress_handler(lambda: steps.append(None), 100)

    assert records.jobs.pace("rare").each_s == 60

    assert len(steps) < 15


@pytest.mark.parametrize(
    "which",
    [
        JobFilter(key_id="bbbbbbbb"),
        JobFilter(key_id="bbbbbbbb", status=Status.QUEUED),
        JobFilter(key_id="bbbbbbbb", batch_id="batch-1"),
        JobFilter(key_id="bbbbbbbb", model="lipsync-image"),
    ],
    ids=str,
)
def test_a_keys_list_does_not_look_at_the_jobs_of_others(records: Records, which: JobFilter) -> None:
    records.jobs.add(replace(a_request("bbbbbbbb"), batch_id="batch-1"), NOW)
    for _ in range(500):
        records.jobs.add(a_request("aaaaaaaa"), NOW)
    steps: list[None] = []
    records._file._connection().conn.set_progress_handler(lambda: steps.append(None), 100)

    assert len(records.jobs.list(which)) == 1

    assert len(steps) < 5


def test_the_end_of_a_job_that_is_entered_already_stands(records: Records) -> None:
    request = a_request()
    records.jobs.add(request, NOW)
    records.jobs.settle(a_success(request), credits=32)

    assert not records.jobs.close(a_failure(request), credits=0)

    record = records.jobs.find(request.job_id)
    assert record is not None
    assert (record.status, record.credits) == (Status.SUCCEEDED, 32)
    assert ledger(records) == [(request.job_id, request.key_id, 32)]


def test_a_reopened_job_is_queued_without_an_outcome(records: Records) -> None:
    request = a_request()
    records.jobs.add(request, NOW)
    records.jobs.settle(a_failure(request), credits=0)

    assert records.jobs.reopen(request.job_id, NOW)

    record = records.jobs.find(request.job_id)
    assert record is not None
    assert (record.status, record.error, record.finished_at, record.is_started) == (Status.QUEUED, None, "", True)


@pytest.mark.parametrize("ending", [a_failure, a_success])
def test_a_reopened_job_whose_run_never_began_is_what_it_was(
    records: Records, ending: Callable[[JobRequest], SettleInput]
) -> None:
    request = replace(a_request(), estimated_credits=40)
    records.jobs.add(request, NOW)
    records.jobs.mark_started(request.job_id)
    records.jobs.settle(ending(request), credits=32)
    before = records.jobs.find(request.job_id), ledger(records)
    records.jobs.reopen(request.job_id, NOW)

    assert records.jobs.unconfirmed(LATER) == [request.job_id]
    assert records.jobs.revert(request.job_id)

    assert (records.jobs.find(request.job_id), ledger(records)) == before
    assert records.ledger.balance(request.key_id).reserved == 0
    assert records.jobs.unconfirmed(LATER) == []


def test_a_reopened_job_is_left_as_it_is_once_its_run_began_or_ended(records: Records) -> None:
    confirmed, settled = a_request(), a_request()
    for request in (confirmed, settled):
        records.jobs.add(request, NOW)
        records.jobs.settle(a_failure(request), credits=0)
        records.jobs.reopen(request.job_id, NOW)
    assert records.jobs.unconfirmed(NOW) == []

    records.jobs.confirm(confirmed.job_id)
    records.jobs.settle(a_success(settled), credits=32)

    assert records.jobs.unconfirmed(LATER) == []
    assert not records.jobs.revert(confirmed.job_id)
    assert not records.jobs.revert(settled.job_id)
    statuses = [found.status for request in (confirmed, settled) if (found := records.jobs.find(request.job_id))]
    assert statuses == [Status.QUEUED, Status.SUCCEEDED]


def test_a_job_that_has_not_ended_is_not_reopened(records: Records) -> None:
    request = a_request()
    records.jobs.add(request, NOW)

    assert not records.jobs.reopen(request.job_id, NOW)
    assert not records.jobs.reopen("no-such-job", NOW)


def test_a_removed_job_leaves_nothing_but_what_it_cost(records: Records) -> None:
    request = a_request()
    records.jobs.add(request, NOW)
    records.jobs.settle(a_success(request), credits=32)
    delivery = Delivery(
        delivery_id="d1", job_id=request.job_id, key_id=request.key_id, url="https://x.example", body=""
    )
    records.deliveries.open(delivery, NOW)
    records.deliveries.log(delivery, NOW, 200, 1, "", WebhookState.DELIVERED)

    records.jobs.remove(request.job_id)

    assert records.jobs.find(request.job_id) is None
    assert records.deliveries.list(request.job_id) == []
    assert records.deliveries.of_job(request.job_id, datetime.now(UTC)) == []
    assert ledger(records) == [(request.job_id, request.key_id, 32)]


def ledger(records: Records) -> list[tuple[object, ...]]:
    rows = records._file.rows("SELECT job_id, key_id, credits FROM ledger", {})
    return [tuple(row.values()) for row in rows]
