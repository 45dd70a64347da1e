import time
from pathlib import Path

import pytest

from contracts.engines import EngineState
from storage.announcements import FRESH_S, Announcements
from storage.blobs import LocalBlobs

pytestmark = pytest.mark.unit

ONE, TWO = EngineState(name="one"), EngineState(name="two", fault="is broken")


@pytest.fixture
def blobs(tmp_path: Path) -> LocalBlobs:
    return LocalBlobs(tmp_path / "blobs")


@pytest.fixture
def announcements(blobs: LocalBlobs) -> Announcements:
    return Announcements(blobs)


def test_each_host_says_what_it_has(announcements: Announcements) -> None:
    now = time.time()

    announcements.announce("a.example", (ONE, TWO), now)
    announcements.announce("b_1", (ONE,), now)

    assert sorted(announcements.fresh(now), key=len) == [(ONE,), (ONE, TWO)]


def test_what_a_host_says_last_counts(announcements: Announcements, blobs: LocalBlobs) -> None:
    now = time.time()

    for states in ((ONE,), (ONE,), (ONE, TWO)):
        announcements.announce("host", states, now)

    assert announcements.fresh(now) == [(ONE, TWO)]
    assert len(list(blobs.listing("engines"))) == 1


def test_a_host_that_falls_silent_is_forgotten(announcements: Announcements, blobs: LocalBlobs) -> None:
    now = time.time()
    announcements.announce("gone", (ONE,), now)

    assert announcements.fresh(time.time() + FRESH_S + 5) == []
    announcements.announce("there", (TWO,), now + 90_000)
    assert [blob.key.split(".")[0] for blob in blobs.listing("engines")] == ["engines/there"]


def test_what_cannot_be_read_is_passed_over(announcements: Announcements, blobs: LocalBlobs, tmp_path: Path) -> None:
    (tmp_path / "page").write_text("<html>", encoding="utf-8")
    blobs.put("engines/other.0.json", tmp_path / "page")
    announcements.announce("host", (ONE,), time.time())

    assert announcements.fresh(time.time()) == [(ONE,)]


def test_what_was_said_is_read_once(announcements: Announcements, blobs: LocalBlobs, tmp_path: Path) -> None:
    announcements.announce("host", (ONE,), time.time())
    announcements.fresh(time.time())
    (blob,) = blobs.listing("engines")
    (tmp_path / "other").write_text("[]", encoding="utf-8")
    blobs.put(blob.key, tmp_path / "other")

    assert announcements.fresh(time.time()) == [(ONE,)]
    assert Announcements(blobs).fresh(time.time()) == [()]
