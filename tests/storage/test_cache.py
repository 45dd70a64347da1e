"""Copies of remote blobs: whole, shared, bounded, and never taken away from whoever works with them."""

import multiprocessing
import os
import threading
import time
from pathlib import Path

import pytest

from storage.cache import GRACE_S, BlobCache, lend_to

pytestmark = pytest.mark.unit


def a_cache(tmp_path: Path, limit_bytes: int = 1000) -> BlobCache:
    return BlobCache(tmp_path / "cache", limit_bytes, lambda: None)


def fill(path: Path) -> None:
    path.write_bytes(b"x" * 400)


def refuse(path: Path) -> None:
    raise AssertionError("the copy is there already")


def copies(tmp_path: Path) -> list[str]:
    return sorted(path.name for path in (tmp_path / "cache").iterdir() if path.is_file())


def unused_since(tmp_path: Path, name: str, age_s: float) -> None:
    os.utime(tmp_path / "cache" / name, (time.time() - age_s,) * 2)


def test_a_copy_is_made_once(tmp_path: Path) -> None:
    cache = a_cache(tmp_path)
    cache.get("aa1", fill)

    assert cache.get("aa1", refuse).read_bytes() == b"x" * 400


def test_the_copy_used_longest_ago_makes_room(tmp_path: Path) -> None:
    cache = a_cache(tmp_path)
    for name in ("aa1", "bb1"):
        cache.get(name, fill)
        unused_since(tmp_path, name, 2 * GRACE_S)
    cache.get("aa1", refuse)

    cache.get("cc1", fill)

    assert copies(tmp_path) == ["aa1", "cc1"]


def test_a_copy_that_was_just_handed_out_stays_although_room_is_needed(tmp_path: Path) -> None:
    cache = a_cache(tmp_path, limit_bytes=1)

    cache.get("aa1", fill)
    cache.get("bb1", fill)

    assert copies(tmp_path) == ["aa1", "bb1"]


def test_a_borrowed_copy_outlives_its_removal(tmp_path: Path) -> None:
    cache, folder = a_cache(tmp_path, limit_bytes=500), tmp_path / "work"
    folder.mkdir()
    with lend_to(folder):
        lent = cache.get("aa1.mp4", fill)
        assert cache.get("aa1.mp4", refuse) == lent

    cache.get("bb1", fill)

    assert copies(tmp_path) == ["bb1"]
    assert lent.parent == folder
    assert lent.suffix == ".mp4"
    assert lent.read_bytes() == b"x" * 400


def test_a_copy_that_breaks_off_is_not_seen_and_is_made_anew(tmp_path: Path) -> None:
    cache = a_cache(tmp_path)

    def break_off(path: Path) -> None:
        path.write_bytes(b"half")
        raise OSError("the disk is full")

    with pytest.raises(OSError, match="full"):
        cache.get("aa1", break_off)

    assert not (tmp_path / "cache" / "aa1").exists()
    assert cache.get("aa1", fill).read_bytes() == b"x" * 400
    assert copies(tmp_path) == ["aa1"]


def _count_in_process(folder: Path) -> None:
    def slowly(path: Path) -> None:
        (folder / "made").open("a").write("x")
        time.sleep(0.3)
        fill(path)

    BlobCache(folder / "cache", 1000, lambda: None).get("aa1", slowly)


def test_processes_that_want_the_same_copy_make_it_once(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=_count_in_process, args=[tmp_path]) for _ in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()

    assert [process.exitcode for process in processes] == [0, 0, 0]
    assert (tmp_path / "made").read_text() == "x"


def test_whoever_waits_for_a_copy_shows_signs_of_life(tmp_path: Path) -> None:
    begun, signs = threading.Event(), threading.Event()

    def hold(path: Path) -> None:
        begun.set()
        assert signs.wait(10)
        fill(path)

    maker = threading.Thread(target=a_cache(tmp_path).get, args=["aa1", hold])
    maker.start()
    assert begun.wait(10)

    BlobCache(tmp_path / "cache", 1000, signs.set).get("aa1", refuse)

    maker.join()
