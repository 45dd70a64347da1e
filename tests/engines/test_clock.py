"""What is remembered of videos, so that a long one is not read to its end for each of its segments."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from engines.clock import Clock, KnownClocks
from engines.media import VideoSource
from engines.video_apart import VideoApart
from tests.engines.generated_media import pictures, write_video

pytestmark = pytest.mark.unit

SIZE = (96, 64)
NUMBERS = [30, 31, 32, 5, 4, 3, 39]
CLOCK = Clock(ticks=np.arange(3, dtype=np.int64), last_ticks=1, counted=False, packed_bytes=9)


@pytest.fixture(params=["a.mp4", "a.avi", "a.webm"])
def video(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    codec = {"avi": "mpeg4", "webm": "libvpx"}.get(str(request.param)[2:], "libx264")
    return write_video(tmp_path / str(request.param), pictures(40), codec=codec)


def _counting() -> tuple[list[None], Callable[[], None]]:
    packets: list[None] = []
    return packets, lambda: packets.append(None)


def test_a_video_whose_clock_is_known_is_not_read_to_its_end(video: Path) -> None:
    anew, count_anew = _counting()
    known, count_known = _counting()
    first = VideoSource(video, waiting=count_anew)

    again = VideoSource(video, waiting=count_known, clock=first.clock)

    assert len(anew) >= 40 > 10 > len(known)
    assert (again.fps, again.size, again.duration_s, len(again)) == (first.fps, first.size, first.duration_s, 40)
    assert all(map(np.array_equal, again.frames_at(NUMBERS, SIZE), first.frames_at(NUMBERS, SIZE)))


def test_the_second_reader_of_a_video_shows_what_the_first_did(video: Path) -> None:
    first, second = VideoApart(video), VideoApart(video)

    assert (second.fps, second.size, second.duration_s) == (first.fps, first.size, first.duration_s)
    assert np.array_equal(second.times_s, first.times_s)
    assert all(map(np.array_equal, second.frames_at(NUMBERS, SIZE), first.frames_at(NUMBERS, SIZE)))


def test_another_file_of_the_same_name_is_read_anew(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mp4", pictures(40))
    assert len(VideoApart(path)) == 40

    write_video(path, pictures(12))

    assert len(VideoApart(path)) == 12


def test_a_clock_is_found_until_its_file_changes(tmp_path: Path) -> None:
    clocks, path = KnownClocks(), tmp_path / "a"
    path.write_bytes(b"one")
    clocks.keep(path, CLOCK)
    assert clocks.find(path) is CLOCK

    path.write_bytes(b"other")

    assert clocks.find(path) is None


def test_what_was_not_asked_for_the_longest_is_forgotten(tmp_path: Path) -> None:
    clocks, paths = KnownClocks(), [tmp_path / str(number) for number in range(9)]
    for path in paths:
        path.touch()
    for path in paths[:8]:
        clocks.keep(path, CLOCK)
    clocks.find(paths[0])

    clocks.keep(paths[8], CLOCK)

    assert [number for number, path in enumerate(paths) if clocks.find(path) is None] == [1]
