"""Who may post when: few attempts to one host, and slots left for others."""

from contextlib import ExitStack
from datetime import timedelta

import pytest

from activities.boundary import RetryLater
from activities.turns import PER_HOST, SLOW_S, HostTurns

pytestmark = pytest.mark.unit


class Clock:
    """Time that a test moves on."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def _pause(turns: HostTurns, host: str, key_id: str = "k") -> float:
    """Be sent away, and say for how long."""
    with pytest.raises(RetryLater) as later, turns.taken(host, key_id):
        pass
    return later.value.pause / timedelta(seconds=1)


def _take(held: ExitStack, turns: HostTurns, host: str, count: int, key_id: str = "k") -> int:
    """Take up to so many turns and say how many there were."""
    for number in range(count):
        try:
            held.enter_context(turns.taken(host, key_id))
        except RetryLater:
            return number
    return count


def _make_slow(turns: HostTurns, clock: Clock, host: str) -> None:
    with turns.taken(host, "k"):
        clock.now += SLOW_S + 1


def test_a_host_has_a_few_turns_and_gets_them_back(clock: Clock) -> None:
    turns = HostTurns(64, clock)

    with ExitStack() as held:
        assert _take(held, turns, "a", 9) == PER_HOST
        assert _take(held, turns, "b", 9) == PER_HOST
    with ExitStack() as held:
        assert _take(held, turns, "a", 9) == PER_HOST


def test_those_sent_away_come_one_after_the_other_as_attempts_end(clock: Clock) -> None:
    turns = HostTurns(64, clock)
    _make_slow(turns, clock, "a")

    with ExitStack() as held:
        _take(held, turns, "a", PER_HOST)
        pauses = [_pause(turns, "a") for _ in range(4)]

    lasts_s = SLOW_S + 1
    assert pauses == pytest.approx([1 + number * lasts_s / PER_HOST for number in range(4)])


def test_nobody_is_sent_away_for_longer_than_five_minutes(clock: Clock) -> None:
    turns = HostTurns(64, clock)

    with ExitStack() as held:
        _take(held, turns, "a", PER_HOST)
        clock.now += 20
        pauses = [_pause(turns, "a") for _ in range(10_000)]

    assert max(pauses) == 300
    assert min(pauses) == 1


def test_slow_hosts_together_have_half_of_the_slots(clock: Clock) -> None:
    turns, hosts = HostTurns(16, clock), [f"slow{number}" for number in range(8)]
    for host in hosts:
        _make_slow(turns, clock, host)

    with ExitStack() as held:
        assert sum(_take(held, turns, host, PER_HOST) for host in hosts) == 8
        assert _take(held, turns, "quick", PER_HOST) == PER_HOST


def test_a_host_is_slow_as_soon_as_an_attempt_takes_long(clock: Clock) -> None:
    turns = HostTurns(8, clock)

    with ExitStack() as held:
        assert _take(held, turns, "a", 3) + _take(held, turns, "b", 1) == 4
        clock.now += SLOW_S + 1
        assert _take(held, turns, "a", 1) + _take(held, turns, "b", 1) == 0
        assert _take(held, turns, "quick", PER_HOST, "other") == PER_HOST


def test_a_host_that_was_slow_is_quick_again_after_a_quick_answer(clock: Clock) -> None:
    turns = HostTurns(4, clock)
    _make_slow(turns, clock, "a")
    with turns.taken("a", "k"):
        clock.now += 0.1

    with ExitStack() as held:
        assert _take(held, turns, "a", 9) == 4


def test_all_hosts_together_have_so_many_slots(clock: Clock) -> None:
    turns = HostTurns(6, clock)

    with ExitStack() as held:
        assert [_take(held, turns, host, 9, host) for host in "abc"] == [4, 2, 0]


def test_one_key_leaves_slots_to_others_however_many_hosts_it_names(clock: Clock) -> None:
    turns = HostTurns(64, clock)

    with ExitStack() as held:
        assert sum(_take(held, turns, f"host{number}", 1, "greedy") for number in range(1000)) == 49
        assert _take(held, turns, "other", 9, "modest") == PER_HOST


def test_those_of_a_key_that_are_sent_away_come_one_after_the_other_as_its_attempts_end(clock: Clock) -> None:
    turns = HostTurns(64, clock)

    with ExitStack() as held:
        taken = sum(_take(held, turns, f"host{number}", 1) for number in range(64))
        clock.now += 15
        pauses = [_pause(turns, f"new{number}") for number in range(4)]

    assert pauses == pytest.approx([1 + number * 15 / taken for number in range(4)])


def test_hosts_and_keys_of_long_ago_are_forgotten(clock: Clock) -> None:
    turns = HostTurns(64, clock)
    for number in range(1000):
        with turns.taken(f"host{number}", f"key{number}"):
            pass
    clock.now += 301
    with turns.taken("last", "k"):
        pass

    assert (list(turns._hosts), list(turns._keys)) == (["last"], ["k"])


def test_a_block_that_fails_gives_its_turn_back(clock: Clock) -> None:
    turns = HostTurns(64, clock)
    for _ in range(PER_HOST + 1):
        with pytest.raises(ZeroDivisionError), turns.taken("a", "k"):
            raise ZeroDivisionError
