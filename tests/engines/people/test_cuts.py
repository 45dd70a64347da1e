import numpy as np
import pytest

from engines.base import Frame
from engines.people.cuts import CutFinder, shots_of
from tests.engines.people.portrait import picture

pytestmark = pytest.mark.unit


def _room(seed: int) -> Frame:
    """Coloured blocks."""
    blocks = np.random.default_rng(seed).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    return np.kron(blocks, np.ones((40, 60, 1), np.uint8))


def _cuts(frames: list[Frame]) -> list[bool]:
    finder = CutFinder()
    return [finder.cuts(frame) for frame in frames]


def test_another_picture_is_a_cut() -> None:
    assert _cuts([_room(1), _room(1), _room(2), _room(2), _room(1)]) == [False, False, True, False, True]


def test_movement_flashes_and_fades_are_no_cuts() -> None:
    moved = [np.roll(picture(), 6 * number, axis=1) for number in range(10)]
    lit = [np.clip(picture() * share, 0, 255).astype(np.uint8) for share in (1.0, 1.8, 1.0, 0.5, 0.3)]

    assert not any(_cuts(moved))
    assert not any(_cuts(lit))


def test_shots_are_told_across_calls() -> None:
    finder = CutFinder()
    first = list(shots_of([_room(1), _room(1), _room(2)], finder))
    second = list(shots_of([_room(2), _room(3)], finder))
    third = list(shots_of([_room(1)], finder))

    assert [(follows, len(shot)) for follows, shot in first] == [(False, 2), (True, 1)]
    assert [(follows, len(shot)) for follows, shot in second] == [(False, 1), (True, 1)]
    assert [(follows, len(shot)) for follows, shot in third] == [(True, 1)]
