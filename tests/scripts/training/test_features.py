"""Keeping what the encoder heard."""

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from scripts.training.features import Heard, keep_heard

pytestmark = pytest.mark.unit


def parts(count: int) -> Iterator[Heard]:
    """Ten seconds each."""
    for number in range(count):
        yield np.full((500, 4), number, np.float16), np.full(1000, number, np.uint16)


def phones(folder: Path) -> np.ndarray:
    return np.concatenate([np.load(path)["phones"] for path in sorted(folder.glob("*.npz"))])


def test_everything_is_kept_in_order(tmp_path: Path) -> None:
    list(keep_heard(parts(29), tmp_path / "all", math.inf))
    assert phones(tmp_path / "all")[::1000].tolist() == list(range(29))
    assert len(list((tmp_path / "all").glob("*.npz"))) == 3


def test_no_more_is_heard_than_asked_for(tmp_path: Path) -> None:
    *_, hours = keep_heard(parts(1000), tmp_path, 150 / 3600)
    assert hours == pytest.approx(150 / 3600)
    assert len(phones(tmp_path)) == 15_000


def test_a_full_folder_is_left_as_it_is(tmp_path: Path) -> None:
    list(keep_heard(parts(12), tmp_path, math.inf))
    assert list(keep_heard(parts(12), tmp_path, math.inf)) == []


def test_nothing_is_heard_where_nothing_is_wanted(tmp_path: Path) -> None:
    assert list(keep_heard(parts(12), tmp_path / "none", 0.0)) == []
