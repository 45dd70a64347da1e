"""How much of what many share one of them may hold."""

import pytest

from contracts.shares import may_have_another

pytestmark = pytest.mark.unit


def _greedy(capacity: int, takers: int) -> list[int]:
    """Let each take, one after the other and round again, until nobody may have another."""
    held = [0] * takers
    while True:
        before = list(held)
        for index in range(takers):
            held[index] += may_have_another(held[index], capacity - sum(held))
        if held == before:
            return held


@pytest.mark.parametrize(("capacity", "most"), [(1, 1), (2, 2), (8, 7), (64, 49)])
def test_one_alone_has_most_of_it(capacity: int, most: int) -> None:
    assert _greedy(capacity, 1) == [most]


@pytest.mark.parametrize("takers", [1, 2, 3, 5])
def test_however_greedy_a_few_are_there_is_some_left_for_another(takers: int) -> None:
    held = _greedy(64, takers)

    assert may_have_another(0, 64 - sum(held))
    assert max(held) - min(held) <= 1


def test_of_nothing_nobody_has_more() -> None:
    assert not may_have_another(0, 0)
