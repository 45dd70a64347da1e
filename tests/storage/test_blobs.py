"""Blobs in a local folder."""

from pathlib import Path

import pytest

from contracts.errors import StorageBusy
from contracts.settings import Settings
from storage.blobs import LocalBlobs, open_blobs
from tests.storage.blob_contract import BlobContract, a_file

pytestmark = pytest.mark.unit


@pytest.fixture
def blobs(tmp_path: Path) -> LocalBlobs:
    return LocalBlobs(tmp_path / "blobs")


class TestLocalBlobs(BlobContract):
    pass


def test_nothing_unfinished_stays_behind(blobs: LocalBlobs, tmp_path: Path) -> None:
    blobs.put("a", a_file(tmp_path))
    with pytest.raises(StorageBusy):
        blobs.put("b", tmp_path / "absent")

    files = [path for path in (tmp_path / "blobs").rglob("*") if path.is_file()]
    assert files == [blobs.local("a")]


def test_a_folder_has_no_address_of_its_own(blobs: LocalBlobs, tmp_path: Path) -> None:
    blobs.put("a", a_file(tmp_path))

    assert blobs.direct_url("a", "GET", 60) == ""


def test_the_store_lives_in_the_data_folder(tmp_path: Path) -> None:
    open_blobs(Settings(data_dir=tmp_path)).put("a", a_file(tmp_path))

    assert (tmp_path / "blobs" / "a").is_file()
