import gc
import os
import signal
from pathlib import Path

import numpy as np
import pytest

from contracts.errors import Unavailable, UnreadableMedia
from engines.cage import Bounds
from engines.media import VideoSource
from engines.video_apart import VideoApart
from tests.engines.generated_media import pictures, write_video
from tests.engines.readers import readers

pytestmark = pytest.mark.unit

SIZE = (96, 64)


def _signalled(number: signal.Signals) -> None:
    for decoder in readers():
        os.kill(decoder, number)


@pytest.fixture(params=["a.mp4", "a.avi", "a.webm"])
def video(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    codec = {"avi": "mpeg4", "webm": "libvpx"}.get(str(request.param)[2:], "libx264")
    return write_video(tmp_path / str(request.param), pictures(40), codec=codec)


@pytest.fixture(scope="module")
def long_video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_video(tmp_path_factory.mktemp("long") / "long.mp4", pictures(200, 320, 240))


@pytest.mark.parametrize("numbers", [range(40), [39, 3, 3, 20, 19, 18, 0], [7, 7, 7, 7, 7, 8, 7, 7], [5], []])
def test_apart_frames_are_the_same(video: Path, numbers: list[int]) -> None:
    here, apart = VideoSource(video), VideoApart(video)

    assert (apart.fps, apart.size, apart.duration_s) == (here.fps, here.size, here.duration_s)
    assert np.array_equal(apart.times_s, here.times_s)
    shown = list(apart.frames_at(list(numbers), SIZE))
    assert all(map(np.array_equal, shown, here.frames_at(list(numbers), SIZE)))
    assert len(shown) == len(numbers)


def test_one_decoder_serves_again_and_again_and_ends_with_its_video(video: Path) -> None:
    apart = VideoApart(video)
    decoders = readers()
    for size in (SIZE, (48, 32), SIZE):
        assert len(list(apart.frames_at(range(10), size))) == 10

    assert len(decoders) == 1
    assert readers() == decoders
    del apart
    gc.collect()
    assert not readers()


def test_frames_that_nobody_takes_any_more_leave_no_decoder(video: Path) -> None:
    apart = VideoApart(video)
    frames = apart.frames_at(range(40), SIZE)
    next(frames)
    del frames
    gc.collect()

    assert not readers()
    assert len(list(apart.frames_at(range(40), SIZE))) == 40


@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS])
def test_a_crash_midway_is_the_files_fault(long_video: Path, number: signal.Signals) -> None:
    frames = VideoApart(long_video, "video").frames_at(range(200), (320, 240))
    next(frames)
    _signalled(number)

    with pytest.raises(UnreadableMedia, match="video: the file is damaged: its decoder crashes on it"):
        list(frames)


def test_a_decoder_that_others_stopped_is_nobodys_fault(long_video: Path) -> None:
    frames = VideoApart(long_video, "video").frames_at(range(200), (320, 240))
    next(frames)
    _signalled(signal.SIGKILL)

    with pytest.raises(Unavailable):
        list(frames)


def test_a_decoder_that_hangs_is_given_up(long_video: Path) -> None:
    frames = VideoApart(long_video, "video", bounds=Bounds(wall_s=6.0)).frames_at(range(200), (320, 240))
    next(frames)
    _signalled(signal.SIGSTOP)

    with pytest.raises(UnreadableMedia, match="takes too long"):
        list(frames)
    del frames
    gc.collect()
    assert not readers()


def test_a_stop_reaches_who_waits_for_a_frame(long_video: Path) -> None:
    is_over = False

    def stop() -> None:
        if is_over:
            raise KeyboardInterrupt

    frames = VideoApart(long_video).frames_at(range(200), (320, 240), stop)
    next(frames)
    _signalled(signal.SIGSTOP)
    is_over = True

    with pytest.raises(KeyboardInterrupt):
        list(frames)


def test_what_is_no_video_is_refused_as_it_is_here(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(b"<html></html>")

    with pytest.raises(UnreadableMedia, match=r"^video: not a video \(text/html\)$"):
        VideoApart(path, "video")
