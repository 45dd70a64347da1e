"""Whose turn it is to have an input brought in."""

import threading
from contextlib import ExitStack

import pytest

from activities.fetch_turns import FetchTurns

pytestmark = pytest.mark.unit

PLACES = 12


def _take(turns: FetchTurns, holding: ExitStack, key_id: str, wanted: int) -> int:
    """Take as many places as a key gets of those it wants."""
    return sum(holding.enter_context(turns.taken(key_id)) for _ in range(wanted))


def test_one_key_has_most_places_and_the_next_find_some() -> None:
    turns = FetchTurns(PLACES)

    with ExitStack() as holding:
        greedy = _take(turns, holding, "greedy", 100)
        others = [_take(turns, holding, f"other {number}", 1) for number in range(PLACES - greedy)]

    assert greedy == 10
    assert all(others)


def test_places_are_never_more_than_there_are() -> None:
    turns = FetchTurns(PLACES)

    with ExitStack() as holding:
        held = sum(_take(turns, holding, f"key {number}", 5) for number in range(20))

    assert held == PLACES


def test_a_place_that_is_given_back_is_the_next_ones_and_one_that_was_refused_is_nobodys() -> None:
    turns = FetchTurns(1)

    with turns.taken("one") as first, turns.taken("two") as second:
        assert (first, second) == (True, False)
    with turns.taken("two") as second:
        assert second


def test_threads_at_once_get_no_more_than_the_share() -> None:
    turns, got, all_in = FetchTurns(PLACES), [], threading.Barrier(30)

    def hold() -> None:
        all_in.wait()
        with turns.taken("key") as is_held:
            got.append(is_held)
            all_in.wait()

    threads = [threading.Thread(target=hold) for _ in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sum(got) == 10
