"""Counting requests: windows of a minute, days, and one file for many."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from storage.requests import Requests

pytestmark = pytest.mark.unit

START = datetime(2026, 1, 31, 23, 59, 30, tzinfo=UTC).timestamp()


class Clock:
    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def requests(tmp_path: Path, clock: Clock) -> Iterator[Requests]:
    requests = Requests(tmp_path / "limits.db", clock)
    yield requests
    requests.close()


def admitted(requests: Requests, times: int, key_id: str = "k") -> int:
    admissions = [requests.admit(key_id, 3) for _ in range(times)]
    return sum(admission is not None and admission.is_admitted for admission in admissions)


def test_a_minute_admits_what_the_plan_says(requests: Requests) -> None:
    assert admitted(requests, 5) == 3


def test_a_new_minute_begins_sixty_seconds_after_the_first_request(requests: Requests, clock: Clock) -> None:
    admitted(requests, 4)

    clock.now += 59.9
    assert admitted(requests, 1) == 0
    clock.now += 0.1
    assert admitted(requests, 5) == 3


def test_what_is_left_and_until_when_is_told(requests: Requests, clock: Clock) -> None:
    clock.now += 1
    requests.admit("k", 3)
    clock.now += 1
    admission = requests.admit("k", 3)

    assert admission is not None
    assert (admission.limit, admission.remaining, admission.reset_at) == (3, 1, START + 61)


def test_keys_do_not_use_up_each_others_minute(requests: Requests) -> None:
    assert admitted(requests, 4) == admitted(requests, 4, "other") == 3


def test_without_a_limit_requests_are_only_counted(requests: Requests) -> None:
    assert [requests.admit("k", 0) for _ in range(3)] == [None] * 3
    assert requests.used("k") == 3


def test_refused_requests_are_not_counted(requests: Requests) -> None:
    admitted(requests, 10)

    assert requests.used("k") == 3


def test_requests_are_counted_by_the_day_in_utc(requests: Requests, clock: Clock) -> None:
    requests.admit("k", 0)
    clock.now += 30
    requests.admit("k", 0)
    requests.admit("other", 0)

    assert requests.used("k", "2026-01-01", "2026-01-31") == 1
    assert requests.used("k", "2026-02-01", "2026-02-28") == 1
    assert requests.used("k") == 2


def test_a_change_of_plan_takes_effect_at_once(requests: Requests) -> None:
    admitted(requests, 4)
    admission = requests.admit("k", 5)

    assert admission is not None
    assert admission.is_admitted


def test_threads_with_connections_of_their_own_admit_no_more(tmp_path: Path, clock: Clock) -> None:
    files = [Requests(tmp_path / "limits.db", clock) for _ in range(4)]

    with ThreadPoolExecutor(16) as pool:
        passed = list(pool.map(lambda number: files[number % 4].admit("k", 60), range(200)))

    assert sum(admission is not None and admission.is_admitted for admission in passed) == 60
    for file in files:
        file.close()
