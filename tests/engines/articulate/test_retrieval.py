import numpy as np
import pytest
from numpy.typing import NDArray

from engines.articulate.retrieval import DRAWN, OWN, Looks, choose, choose_still

pytestmark = pytest.mark.unit

T = 40


def _looks(gap: float | NDArray[np.float64], count: int = T, yaw: float = 0.0) -> Looks:
    def full(value: float | NDArray[np.float64]) -> NDArray[np.float64]:
        return np.broadcast_to(np.asarray(value, dtype=np.float64), (count,)).copy()

    return Looks(gap=full(gap), width=full(0.55), yaw=full(yaw), pitch=full(0.55))


def _shots(shot: int = 0, count: int = T) -> NDArray[np.int32]:
    return np.full(count, shot, dtype=np.int32)


def test_the_own_mouth_is_shown_where_it_is_open_enough() -> None:
    choice = choose(_looks(0.1), _looks(0.11), _shots(), _looks(np.array([0.10]), 1), _shots(count=1))

    assert (choice == OWN).all()


def test_a_closed_mouth_borrows_the_opening_that_fits() -> None:
    bank = _looks(np.array([0.04, 0.12, 0.30]), 3)
    choice = choose(_looks(0.1), _looks(0.0), _shots(), bank, _shots(count=3))

    assert (choice == 1).all()


def test_of_very_many_mouths_the_last_can_be_borrowed() -> None:
    shots = np.zeros(40_000, dtype=np.int32)
    shots[-1] = 1
    choice = choose(_looks(0.1), _looks(0.0), _shots(1), _looks(0.12, 40_000), shots)

    assert (choice == 39_999).all()


def test_a_mouth_turned_another_way_is_not_borrowed() -> None:
    bank = _looks(np.array([0.12]), 1, yaw=0.4)
    choice = choose(_looks(0.1), _looks(0.0), _shots(), bank, _shots(count=1))

    assert (choice == DRAWN).all()


def test_a_mouth_is_never_borrowed_across_a_cut() -> None:
    shots = np.repeat([0, 1], T // 2).astype(np.int32)
    bank_shots = np.array([1], dtype=np.int32)
    choice = choose(_looks(0.1), _looks(0.0), shots, _looks(np.array([0.12]), 1), bank_shots)

    assert (choice[: T // 2] == DRAWN).all()
    assert (choice[T // 2 :] == 0).all()


def test_frames_without_a_face_choose_nothing() -> None:
    choice = choose(_looks(0.1), _looks(0.2), _shots(-1), _looks(np.array([0.1]), 1), _shots(count=1))

    assert (choice == DRAWN).all()


def test_teeth_do_not_change_for_a_slightly_better_fit() -> None:
    wobble = 0.1 + 0.012 * np.sin(np.arange(T))
    bank = _looks(np.array([0.10, 0.115]), 2)
    choice = choose(_looks(wobble), _looks(0.0), _shots(), bank, _shots(count=2))

    assert len(np.unique(choice)) == 1


def test_mouths_change_while_the_lips_are_closed() -> None:
    wanted = np.concatenate([np.full(15, 0.05), np.zeros(10), np.full(15, 0.2)])
    bank = _looks(np.array([0.05, 0.2]), 2)
    choice = choose(_looks(wanted), _looks(0.0), _shots(), bank, _shots(count=2))

    assert (choice[:15] == 0).all()
    assert (choice[25:] == 1).all()


def test_without_a_bank_there_is_still_an_answer() -> None:
    choice = choose(_looks(0.1), _looks(0.0), _shots(), _looks(np.zeros(0), 0), _shots(count=0))

    assert (choice == DRAWN).all()


def test_a_still_picture_never_changes_its_teeth() -> None:
    assert (choose_still(0.09, 20) == OWN).all()
    assert (choose_still(0.01, 20) == DRAWN).all()
