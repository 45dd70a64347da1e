import threading
import time
from collections.abc import Iterable, Iterator

import pytest

from engines.ahead import DEPTH, made_ahead, taken_behind
from engines.base import Waiting

pytestmark = pytest.mark.unit


def nobody() -> None:
    """Stands for a report that nobody reads."""


def _threads() -> set[str]:
    return {thread.name for thread in threading.enumerate() if thread.name.startswith(("ahead", "behind"))}


def test_items_come_in_order_from_another_thread() -> None:
    makers: set[int] = set()

    def make(_alive: Waiting) -> Iterator[int]:
        for number in range(100):
            makers.add(threading.get_ident())
            yield number

    assert list(made_ahead(make, nobody)) == list(range(100))
    assert makers.isdisjoint({threading.get_ident()})
    assert not _threads()


def test_no_more_lie_ready_than_the_depth() -> None:
    made: list[int] = []

    def make(_alive: Waiting) -> Iterator[int]:
        for number in range(100):
            made.append(number)
            yield number

    items = made_ahead(make, nobody)
    next(items)
    time.sleep(0.1)

    assert len(made) <= DEPTH + 2, "one taken, one that waits for room"
    items.close()


def test_a_fault_of_the_maker_comes_after_what_it_made() -> None:
    def make(_alive: Waiting) -> Iterator[int]:
        yield from (1, 2)
        raise LookupError("third")

    taken: list[int] = []
    with pytest.raises(LookupError, match="third"):
        taken.extend(made_ahead(make, nobody))

    assert taken == [1, 2]
    assert not _threads()


def test_closing_stops_a_maker_that_shows_signs_of_life() -> None:
    def make(alive: Waiting) -> Iterator[int]:
        yield 0
        while True:
            alive()
            time.sleep(0.001)

    items = made_ahead(make, nobody)
    next(items)
    items.close()

    assert not _threads()


def test_signs_of_life_are_passed_on_in_the_calling_thread_and_can_stop_the_work() -> None:
    told_by: list[int] = []

    def make(alive: Waiting) -> Iterator[int]:
        for _ in range(100_000):
            alive()
            time.sleep(0.001)
        yield 0

    def cancelled() -> None:
        told_by.append(threading.get_ident())
        if len(told_by) == 2:
            raise TimeoutError

    with pytest.raises(TimeoutError):
        next(iter(made_ahead(make, cancelled)))

    assert set(told_by) == {threading.get_ident()}
    assert not _threads()


def test_a_maker_that_hangs_gives_no_sign_of_life() -> None:
    release = threading.Event()
    told: list[int] = []

    def make(_alive: Waiting) -> Iterator[int]:
        release.wait(0.7)
        yield 1

    assert list(made_ahead(make, lambda: told.append(1))) == [1]
    assert told == []


def test_what_is_made_here_is_taken_there_in_order() -> None:
    def take(numbers: Iterable[int]) -> tuple[list[int], int]:
        return list(numbers), threading.get_ident()

    taken, thread = taken_behind(iter(range(100)), take)

    assert taken == list(range(100))
    assert thread != threading.get_ident()
    assert not _threads()


def test_a_fault_of_the_taker_stops_the_maker() -> None:
    made: list[int] = []

    def make() -> Iterator[int]:
        for number in range(1000):
            made.append(number)
            yield number

    def take(numbers: Iterable[int]) -> None:
        for number in numbers:
            if number == 5:
                raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        taken_behind(make(), take)

    assert len(made) < 20


def test_a_fault_of_the_maker_is_not_taken_for_the_end() -> None:
    ends: list[int] = []

    def make() -> Iterator[int]:
        yield 1
        raise LookupError("second")

    def take(numbers: Iterable[int]) -> None:
        ends.append(len(list(numbers)))

    with pytest.raises(LookupError, match="second"):
        taken_behind(make(), take)

    assert ends == []
    assert not _threads()
