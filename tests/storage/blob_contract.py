"""What every blob store keeps to."""

import time
from itertools import pairwise
from pathlib import Path

import pytest

from contracts.errors import StorageBusy
from storage.blobs import BlobMissing, BlobStore


def a_file(tmp_path: Path, content: bytes = b"film") -> Path:
    path = tmp_path / "source.bin"
    path.write_bytes(content)
    return path


class BlobContract:
    """Subclasses give the fixture `blobs`: an empty store."""

    @pytest.mark.parametrize("content", [b"film", b"", bytes(range(256)) * 80_000], ids=["small", "empty", "in parts"])
    def test_a_stored_file_can_be_read_by_its_key(self, blobs: BlobStore, tmp_path: Path, content: bytes) -> None:
        blobs.put("jobs/1/output.mp4", a_file(tmp_path, content))

        assert blobs.exists("jobs/1/output.mp4")
        assert blobs.size("jobs/1/output.mp4") == len(content)
        assert blobs.local("jobs/1/output.mp4").read_bytes() == content

    def test_storing_takes_the_file_over(self, blobs: BlobStore, tmp_path: Path) -> None:
        source = a_file(tmp_path)

        blobs.put("jobs/1/output.mp4", source)

        assert not source.exists()

    def test_a_path_keeps_the_suffix_of_its_key(self, blobs: BlobStore, tmp_path: Path) -> None:
        blobs.put("jobs/1/output.mp4", a_file(tmp_path))

        assert blobs.local("jobs/1/output.mp4").suffix == ".mp4"

    def test_storing_under_a_used_key_replaces_the_file(self, blobs: BlobStore, tmp_path: Path) -> None:
        blobs.put("a", a_file(tmp_path, b"old"))
        assert blobs.local("a").read_bytes() == b"old"

        blobs.put("a", a_file(tmp_path, b"new"))

        assert blobs.local("a").read_bytes() == b"new"

    def test_a_file_that_is_not_there_cannot_be_stored(self, blobs: BlobStore, tmp_path: Path) -> None:
        with pytest.raises(StorageBusy):
            blobs.put("b", tmp_path / "absent")

        assert not blobs.exists("b")

    def test_a_missing_blob_is_reported_without_its_key(self, blobs: BlobStore) -> None:
        assert not blobs.exists("jobs/1/output.mp4")
        for look in (blobs.local, blobs.size):
            with pytest.raises(BlobMissing, match=r"^a file that this needs is gone$"):
                look("jobs/1/output.mp4")

    def test_a_folder_is_not_a_blob(self, blobs: BlobStore, tmp_path: Path) -> None:
        blobs.put("a/b", a_file(tmp_path))

        assert not blobs.exists("a")

    def test_deleting_removes_one_blob_and_may_be_repeated(self, blobs: BlobStore, tmp_path: Path) -> None:
        blobs.put("a/b", a_file(tmp_path))
        blobs.put("a/c", a_file(tmp_path))
        blobs.local("a/b")
        for _ in range(2):
            blobs.delete("a/b")

        assert (blobs.exists("a/b"), blobs.exists("a/c")) == (False, True)
        with pytest.raises(BlobMissing):
            blobs.local("a/b")

    def test_deleting_a_prefix_removes_all_below_it_and_nothing_else(self, blobs: BlobStore, tmp_path: Path) -> None:
        for key in ("jobs/1/work/a", "jobs/1/work/b/c", "jobs/1/output.mp4", "jobs/1/workshop"):
            blobs.put(key, a_file(tmp_path))
        for _ in range(2):
            blobs.delete_prefix("jobs/1/work/")

        left = [key for key in ("jobs/1/work/a", "jobs/1/work/b/c") if blobs.exists(key)]
        assert left == []
        assert blobs.exists("jobs/1/output.mp4")
        assert blobs.exists("jobs/1/workshop")

    def test_a_list_names_every_blob_below_a_folder_once(self, blobs: BlobStore, tmp_path: Path) -> None:
        keys = {"jobs/1/output.mp4", "jobs/1/work/a", "jobs/1-a/x", "jobs/1.b/x", "jobs/2/inputs/a", "uploads/k/u"}
        for key in keys:
            blobs.put(key, a_file(tmp_path, b"film"))

        found = list(blobs.listing("jobs"))

        assert {blob.key for blob in found} == keys - {"uploads/k/u"}
        assert len(found) == 5
        assert {blob.size for blob in found} == {4}
        assert all(abs(blob.stored_at - time.time()) < 60 for blob in found)
        assert {blob.key for blob in blobs.listing("")} == keys
        assert list(blobs.listing("none")) == []

    def test_a_list_goes_on_after_any_key_of_it(self, blobs: BlobStore, tmp_path: Path) -> None:
        for key in ("jobs/1/a", "jobs/1/work/a", "jobs/1-a/x", "jobs/1.b/x", "jobs/12/x"):
            blobs.put(key, a_file(tmp_path))
        keys = [blob.key for blob in blobs.listing("jobs")]

        for index, key in enumerate(keys):
            assert [blob.key for blob in blobs.listing("jobs", key)] == keys[index + 1 :]
        folders = [key.split("/")[1] for key in keys]
        assert len(set(folders)) == sum(one != other for one, other in pairwise(folders)) + 1, "folders stay together"

    @pytest.mark.parametrize(
        "key", ["", "/etc/passwd", "../secret", "a/../b", "a//b", "a/", ".incoming/x", "a/.b", "a\nb", "a b", "x" * 600]
    )
    def test_a_malformed_key_is_refused(self, blobs: BlobStore, key: str) -> None:
        with pytest.raises(ValueError, match="not a blob key"):
            blobs.exists(key)
