"""What the workers said is read by one request at a time, and nobody else waits for that."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from api.engine_board import EngineBoard
from contracts.engines import EngineState
from contracts.errors import StorageBusy
from contracts.settings import Settings
from storage.announcements import Announcements
from storage.blobs import LocalBlobs

pytestmark = pytest.mark.unit


class Told(Announcements):
    """What workers say: the number of times they were asked, once `may_answer` is set."""

    def __init__(self, folder: Path) -> None:
        super().__init__(LocalBlobs(folder))
        self.may_answer, self.is_asked = threading.Event(), threading.Event()
        self.may_answer.set()
        self.asked = 0
        self.is_broken = False

    def fresh(self, now: float) -> list[tuple[EngineState, ...]]:
        self.asked += 1
        self.is_asked.set()
        assert self.may_answer.wait(10)
        if self.is_broken:
            raise StorageBusy("no answer")
        return [(EngineState(name=f"engine-{self.asked}"),)]


@pytest.fixture
def told(tmp_path: Path) -> Told:
    return Told(tmp_path)


@pytest.fixture
def clock() -> list[float]:
    return [1000.0]


@pytest.fixture
def look(told: Told, clock: list[float]) -> Callable[[], list[str]]:
    board = EngineBoard(told, Settings(), lambda: clock[0])
    return lambda: list(board.states())


def test_what_was_said_is_not_asked_for_again_for_some_seconds(
    told: Told, clock: list[float], look: Callable[[], list[str]]
) -> None:
    assert [look(), look()] == [["engine-1"]] * 2
    clock[0] += 6
    assert look() == ["engine-2"]
    assert told.asked == 2


def test_while_one_waits_for_a_slow_store_others_take_what_was_said_last(
    told: Told, clock: list[float], look: Callable[[], list[str]]
) -> None:
    look()
    clock[0] += 6
    told.may_answer.clear()
    told.is_asked.clear()
    with ThreadPoolExecutor() as pool:
        slow = pool.submit(look)
        assert told.is_asked.wait(10)
        others = [pool.submit(look).result(timeout=30) for _ in range(5)]
        told.may_answer.set()

        assert others == [["engine-1"]] * 5
        assert slow.result(timeout=30) == ["engine-2"]
    assert told.asked == 2


def test_what_was_said_long_ago_is_not_taken(told: Told, clock: list[float], look: Callable[[], list[str]]) -> None:
    look()
    clock[0] += 61
    told.may_answer.clear()
    told.is_asked.clear()
    with ThreadPoolExecutor() as pool:
        both = [pool.submit(look) for _ in range(2)]
        assert told.is_asked.wait(10)
        told.may_answer.set()

        assert [one.result(timeout=30) for one in both] == [["engine-2"]] * 2


def test_a_store_that_fails_is_asked_again_by_the_next(told: Told, look: Callable[[], list[str]]) -> None:
    told.is_broken = True
    with pytest.raises(StorageBusy):
        look()
    told.is_broken = False

    assert look() == ["engine-2"]
