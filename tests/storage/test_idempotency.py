"""Idempotency keys in the records."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from contracts.errors import IdempotencyMismatch, InFlight
from storage.idempotency import LEASE_S, Reservation, StoredAnswer
from storage.records import Records

pytestmark = pytest.mark.unit

TTL_S = 3600.0
ANSWER = StoredAnswer(status=201, content_type="application/json", body='{"id": "é"}')

Begin = Callable[..., Reservation | StoredAnswer]


@pytest.fixture
def begin(records: Records) -> Begin:
    def begin(now: float = 1000.0, fingerprint: str = "f", key_id: str = "k") -> Reservation | StoredAnswer:
        return records.idempotency.begin(key_id, "order-1", fingerprint, now=now, ttl_s=TTL_S)

    return begin


def reserved(found: Reservation | StoredAnswer) -> Reservation:
    assert isinstance(found, Reservation)
    return found


def test_a_kept_answer_is_returned_as_it_was(records: Records, begin: Begin) -> None:
    records.idempotency.complete(reserved(begin()), ANSWER)

    assert begin() == ANSWER


def test_another_request_under_the_same_key_is_refused(records: Records, begin: Begin) -> None:
    records.idempotency.complete(reserved(begin()), ANSWER)

    with pytest.raises(IdempotencyMismatch):
        begin(fingerprint="g")


def test_a_request_waits_for_the_first_one(begin: Begin) -> None:
    begin(now=1000.0)

    with pytest.raises(InFlight):
        begin(now=1000.0 + LEASE_S - 1)


def test_a_request_whose_process_died_is_taken_over_with_the_same_id(begin: Begin) -> None:
    first = reserved(begin(now=1000.0))
    second = reserved(begin(now=1000.0 + LEASE_S))

    assert second.reserved_id == first.reserved_id
    assert second.attempt == first.attempt + 1


def test_one_that_was_thought_dead_does_not_disturb_its_successor(records: Records, begin: Begin) -> None:
    first = reserved(begin(now=1000.0))
    second = reserved(begin(now=1000.0 + LEASE_S))
    records.idempotency.forget(first)
    records.idempotency.release(first)
    records.idempotency.complete(second, ANSWER)

    assert begin() == ANSWER


def test_a_released_key_may_be_used_again_at_once_by_the_same_request(records: Records, begin: Begin) -> None:
    first = reserved(begin())
    records.idempotency.release(first)

    with pytest.raises(IdempotencyMismatch):
        begin(fingerprint="g")
    assert reserved(begin()).reserved_id == first.reserved_id


def test_a_forgotten_key_may_be_used_by_any_request(records: Records, begin: Begin) -> None:
    first = reserved(begin())
    records.idempotency.forget(first)

    assert reserved(begin(fingerprint="g")).reserved_id != first.reserved_id


def test_each_api_key_has_idempotency_keys_of_its_own(records: Records, begin: Begin) -> None:
    records.idempotency.complete(reserved(begin()), ANSWER)

    assert isinstance(begin(key_id="other"), Reservation)


def test_an_idempotency_key_is_forgotten_after_its_time(records: Records, begin: Begin) -> None:
    records.idempotency.complete(reserved(begin(now=1000.0)), ANSWER)

    assert begin(now=1000.0 + TTL_S - 1) == ANSWER
    assert isinstance(begin(now=1000.0 + TTL_S), Reservation)


def test_of_many_at_once_one_alone_may_go_on(begin: Begin) -> None:
    together = threading.Barrier(16)

    def attempt(_: int) -> bool:
        together.wait()
        try:
            return isinstance(begin(), Reservation)
        except InFlight:
            return False

    with ThreadPoolExecutor(16) as pool:
        assert sum(pool.map(attempt, range(16))) == 1
