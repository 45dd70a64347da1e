"""Blobs in a local folder."""

from pathlib import Path

import pytest

from contracts.errors import StorageBusy
from contracts.settings import Settings
from storage.blobs import BlobMissing, LocalBlobs, open_blobs

pytestmark = pytest.mark.unit


@pytest.fixture
def blobs(tmp_path: Path) -> LocalBlobs:
    return LocalBlobs(tmp_path / "blobs")


def a_file(tmp_path: Path, content: bytes = b"film") -> Path:
    path = tmp_path / "source.bin"
    path.write_bytes(content)
    return path


def test_a_stored_file_can_be_read_by_its_key(blobs: LocalBlobs, tmp_path: Path) -> None:
    blobs.put("jobs/1/output.mp4", a_file(tmp_path))

    assert blobs.exists("jobs/1/output.mp4")
    assert blobs.size("jobs/1/output.mp4") == 4
    assert blobs.local("jobs/1/output.mp4").read_bytes() == b"film"


def test_storing_takes_the_file_over(blobs: LocalBlobs, tmp_path: Path) -> None:
    source = a_file(tmp_path)

    blobs.put("jobs/1/output.mp4", source)

    assert not source.exists()


def test_storing_under_a_used_key_replaces_the_file(blobs: LocalBlobs, tmp_path: Path) -> None:
    blobs.put("a", a_file(tmp_path, b"old"))
    blobs.put("a", a_file(tmp_path, b"new"))

    assert blobs.local("a").read_bytes() == b"new"


def test_nothing_unfinished_stays_behind(blobs: LocalBlobs, tmp_path: Path) -> None:
    blobs.put("a", a_file(tmp_path))
    with pytest.raises(StorageBusy):
        blobs.put("b", tmp_path / "absent")

    files = [path for path in (tmp_path / "blobs").rglob("*") if path.is_file()]
    assert files == [blobs.local("a")]


def test_a_missing_blob_is_reported(blobs: LocalBlobs) -> None:
    assert not blobs.exists("jobs/1/output.mp4")
    with pytest.raises(BlobMissing):
        blobs.local("jobs/1/output.mp4")
    with pytest.raises(BlobMissing):
        blobs.size("jobs/1/output.mp4")


def test_a_folder_is_not_a_blob(blobs: LocalBlobs, tmp_path: Path) -> None:
    blobs.put("jobs/1/output.mp4", a_file(tmp_path))

    assert not blobs.exists("jobs/1")


def test_deleting_removes_one_blob_and_may_be_repeated(blobs: LocalBlobs, tmp_path: Path) -> None:
    blobs.put("a/b", a_file(tmp_path))
    blobs.put("a/c", a_file(tmp_path))
    for _ in range(2):
        blobs.delete("a/b")

    assert (blobs.exists("a/b"), blobs.exists("a/c")) == (False, True)


def test_deleting_a_prefix_removes_all_below_it_and_nothing_else(blobs: LocalBlobs, tmp_path: Path) -> None:
    for key in ("jobs/1/work/a", "jobs/1/work/b/c", "jobs/1/output.mp4", "jobs/1/workshop"):
        blobs.put(key, a_file(tmp_path))
    for _ in range(2):
        blobs.delete_prefix("jobs/1/work/")

    left = [key for key in ("jobs/1/work/a", "jobs/1/work/b/c") if blobs.exists(key)]
    assert left == []
    assert blobs.exists("jobs/1/output.mp4")
    assert blobs.exists("jobs/1/workshop")


@pytest.mark.parametrize(
    "key", ["", "/etc/passwd", "../secret", "a/../b", "a//b", "a/", ".incoming/x", "a/.b", "a\nb", "a b", "x" * 600]
)
def test_a_key_that_could_leave_the_folder_is_refused(blobs: LocalBlobs, key: str) -> None:
    with pytest.raises(ValueError, match="not a blob key"):
        blobs.exists(key)


def test_the_store_lives_in_the_data_folder(tmp_path: Path) -> None:
    open_blobs(Settings(data_dir=tmp_path)).put("a", a_file(tmp_path))

    assert (tmp_path / "blobs" / "a").is_file()
