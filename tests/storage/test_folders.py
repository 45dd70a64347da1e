"""Who enters the data folder."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from contracts.settings import Settings
from scripts import runfile
from storage.folders import is_private, make_private
from storage.records import Records
from storage.secrets import server_secret

pytestmark = pytest.mark.unit


@pytest.fixture(autouse=True)
def usual_mask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


def _claim(folder: Path) -> None:
    with runfile.claim(folder):
        pass


@pytest.mark.parametrize(
    "make",
    [
        make_private,
        _claim,
        lambda folder: server_secret(Settings(data_dir=folder)),
        lambda folder: Records(folder / "records.db").close(),
    ],
)
def test_whoever_makes_the_data_folder_keeps_others_out_of_it(tmp_path: Path, make: Callable[[Path], object]) -> None:
    make(tmp_path / "above" / "data")

    assert is_private(tmp_path / "above" / "data")


def test_a_folder_that_an_operator_made_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir(mode=0o750)

    make_private(tmp_path / "data")

    assert (tmp_path / "data").stat().st_mode & 0o777 == 0o750
    assert not is_private(tmp_path / "data")
