import os
import struct
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from contracts.errors import MediaTooLarge, UnreadableMedia
from engines.media import VideoSource
from engines.pixels import Layout, Rgb
from tests.engines.generated_media import Picture, likeness, pictures, turn, write_sound, write_video

pytestmark = pytest.mark.unit

SIZE = (96, 64)
FRAMES = 170


def same(shown: list[Picture], expected: list[Picture]) -> bool:
    return len(shown) == len(expected) and all(map(np.array_equal, shown, expected))


@pytest.fixture(scope="module", params=["long.mp4", "long.mkv", "long.avi", "long.webm"])
def long_video(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    name = str(request.param)
    codec = {"avi": "mpeg4", "webm": "libvpx"}.get(name[-4:].lstrip("."), "libx264")
    return write_video(tmp_path_factory.mktemp("media") / name, pictures(FRAMES), codec=codec, gop=30)


@pytest.fixture(scope="module")
def straight(long_video: Path) -> list[Picture]:
    """Every frame as one pass from the start shows it."""
    source = VideoSource(long_video)
    return [frame.copy() for frame in source.frames_at(range(len(source)), SIZE)]


def test_frames_in_order_are_those_of_a_plain_decode(long_video: Path, straight: list[Picture]) -> None:
    convert = Rgb(SIZE, Layout(SIZE))
    with av.open(str(long_video)) as container:
        plain = [convert(frame) for frame in container.decode(video=0)]

    assert same(straight, plain)
    assert len(plain) == FRAMES
    assert min(map(likeness, plain, plain[1:])) > 5, "the frames can be told from one another"


@pytest.mark.parametrize(
    "numbers",
    [
        list(range(FRAMES - 1, -1, -1)),
        list(range(100, 60, -1)),
        [5, 5, 5, 6, 6, 4, 4, 4, 3],
        [160, 3, 169, 0, 90, 89, 88, 120],
        [*range(60, 75), *range(75, 40, -1), *range(40, 55)],
        [0, 80, 160],
    ],
    ids=["reversed", "reversed piece", "repeated", "at random", "to and fro", "jumping ahead"],
)
def test_frames_in_any_order_are_the_same_as_in_order(
    long_video: Path, straight: list[Picture], numbers: list[int]
) -> None:
    shown = [frame.copy() for frame in VideoSource(long_video).frames_at(numbers, SIZE)]

    assert same(shown, [straight[number] for number in numbers])


class Beats:
    """Counts, and stops the work at the beat it is told to."""

    def __init__(self, last: int = 1_000_000) -> None:
        self.count, self._last = 0, last

    def __call__(self) -> None:
        self.count += 1
        if self.count == self._last:
            raise TimeoutError


def test_playing_backwards_far_from_a_keyframe_decodes_little_more_than_once(tmp_path: Path) -> None:
    beats = Beats()
    source = VideoSource(write_video(tmp_path / "a.mp4", pictures(200), codec="mpeg4", gop=600), waiting=beats)
    beats.count = 0

    shown = list(source.frames_at(range(199, -1, -1), SIZE))

    assert len(shown) == 200
    assert beats.count < 2 * 200


def test_large_frames_played_backwards_are_held_a_few_at_a_time(tmp_path: Path) -> None:
    beats = Beats()
    large = [np.full((2160, 3840, 3), number, np.uint8) for number in range(20)]
    source = VideoSource(write_video(tmp_path / "a.mp4", large, codec="mpeg4", gop=600), waiting=beats)
    frames = source.frames_at(range(19, -1, -1), SIZE)
    decoded = []
    for _ in range(17):
        next(frames)
        decoded.append(beats.count)

    assert decoded[0] == decoded[15] < decoded[16]


@pytest.mark.parametrize("name", ["a.avi", "a.mkv"])
def test_a_long_way_to_a_frame_is_told_of_and_can_be_cut_short(tmp_path: Path, name: str) -> None:
    path = write_video(tmp_path / name, pictures(200), codec="mpeg4", gop=600)
    opening = Beats()
    VideoSource(path, waiting=opening)
    beats = Beats(last=opening.count + 50)

    with pytest.raises(TimeoutError):
        next(VideoSource(path, waiting=beats).frames_at([199], SIZE))


def test_a_video_that_ends_before_its_frames_is_named_with_its_field(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mkv", pictures(40), gop=10)
    source = VideoSource(path, "video")
    path.write_bytes(path.read_bytes()[:900])

    with pytest.raises(UnreadableMedia, match=r"^video: the video cannot be decoded to its end$") as refused:
        list(source.frames_at([39], SIZE))
    assert refused.value.remedy


def test_a_video_of_too_many_bits_a_second_is_refused_before_it_is_decoded(tmp_path: Path) -> None:
    path = _stretched(write_video(tmp_path / "a.mp4", pictures(30), codec="mpeg4", gop=1), 12_000_000)
    beats = Beats()

    with pytest.raises(MediaTooLarge, match=r"^video: 2400 Mbit a second, more than 1000$"):
        VideoSource(path, "video", beats)
    assert beats.count <= 31


def test_a_clip_of_a_few_large_frames_is_not_taken_for_seconds_of_them(tmp_path: Path) -> None:
    path = _stretched(write_video(tmp_path / "a.mp4", pictures(5), codec="mpeg4", gop=1), 12_000_000)

    with pytest.raises(UnreadableMedia, match="damaged"):  # As all those bytes are nothing.
        VideoSource(path, "video")


def _stretched(path: Path, frame_bytes: int) -> Path:
    """Have an MP4 say that each frame has so many bytes, and lengthen it by as many that are nothing."""
    data = bytearray(path.read_bytes())
    at = data.index(b"stsz") + 8
    data[at : at + 4] = struct.pack(">I", frame_bytes)
    path.write_bytes(data)
    os.truncate(path, 100 * frame_bytes)
    return path


@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
def test_a_video_held_sideways_is_shown_upright(tmp_path: Path, degrees: int) -> None:
    source = VideoSource(turn(write_video(tmp_path / "a.mp4", pictures(4)), degrees))

    upright = np.rot90(pictures(4)[2], -degrees // 90)
    (frame,) = source.frames_at([2], source.size)
    assert source.size == (upright.shape[1], upright.shape[0])
    assert likeness(frame, upright) < 16
    assert likeness(frame, upright) < min(likeness(frame, flip) for flip in (upright[::-1], upright[:, ::-1]))


def test_frames_of_varying_length_keep_their_times(tmp_path: Path) -> None:
    times_ms = [0, 40, 160, 200, 480, 500]
    source = VideoSource(write_video(tmp_path / "a.mkv", pictures(6), times_ms=times_ms))

    assert (source.times_s * 1000).tolist() == pytest.approx(times_ms, abs=1)
    assert source.duration_s == pytest.approx(0.54, abs=0.03)
    assert len(list(source.frames_at(range(6), SIZE))) == 6


@pytest.mark.parametrize("fps", [Fraction(30000, 1001), Fraction(25), Fraction(24000, 1001), Fraction(50)])
@pytest.mark.parametrize("name", ["a.mp4", "a.mkv"])
def test_rate_and_times_are_those_of_the_file(tmp_path: Path, name: str, fps: Fraction) -> None:
    source = VideoSource(write_video(tmp_path / name, pictures(12), fps))

    assert float(source.fps) == pytest.approx(float(fps), rel=1e-3)
    assert source.times_s == pytest.approx(np.arange(12) / float(fps), abs=0.001)
    assert source.duration_s == pytest.approx(12 / float(fps), abs=0.002)


def test_times_begin_at_zero_wherever_the_file_begins(tmp_path: Path) -> None:
    source = VideoSource(write_video(tmp_path / "a.mkv", pictures(3), times_ms=[5000, 5040, 5080]))

    assert source.times_s.tolist() == pytest.approx([0, 0.04, 0.08])


def test_a_rate_beyond_60_is_taken_as_60(tmp_path: Path) -> None:
    assert VideoSource(write_video(tmp_path / "a.mp4", pictures(12), 120)).fps == 60


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.avi"])
@pytest.mark.parametrize("fps", [Fraction(1, 2), Fraction(1), Fraction(5)])
def test_slow_shows_are_played_at_25_frames_a_second(tmp_path: Path, name: str, fps: Fraction) -> None:
    codec = "mpeg4" if name == "a.avi" else "libx264"
    source = VideoSource(write_video(tmp_path / name, pictures(4), fps, codec=codec))

    assert source.fps == 25
    assert source.times_s == pytest.approx(np.arange(4) / float(fps), abs=0.001)
    assert source.duration_s == pytest.approx(4 / float(fps), abs=0.002)


def test_frames_with_seconds_between_them_are_played_at_25_frames_a_second(tmp_path: Path) -> None:
    source = VideoSource(write_video(tmp_path / "a.mkv", pictures(3), times_ms=[0, 3000, 6000]))

    assert source.fps == 25


def test_a_fast_avi_keeps_its_times(tmp_path: Path) -> None:
    source = VideoSource(write_video(tmp_path / "a.avi", pictures(12), 120, codec="mpeg4"))

    assert source.fps == 60
    assert source.duration_s == pytest.approx(0.1, abs=0.001)


def test_frames_come_at_the_wanted_size(tmp_path: Path) -> None:
    (frame,) = VideoSource(write_video(tmp_path / "a.mp4", pictures(2))).frames_at([1], (48, 32))

    assert frame.shape == (32, 48, 3)
    assert frame.dtype == np.uint8


def test_a_damaged_packet_leaves_the_other_frames_in_place(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mkv", pictures(40), gop=5)
    before = [frame.copy() for frame in VideoSource(path).frames_at(range(40), SIZE)]
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 40] = bytes(40)
    path.write_bytes(data)

    after = [frame.copy() for frame in VideoSource(path).frames_at(range(len(VideoSource(path))), SIZE)]

    assert same(after[:8], before[:8])
    assert np.array_equal(after[-1], before[-1])


def test_a_cover_picture_is_no_video(tmp_path: Path) -> None:
    path = write_sound(tmp_path / "a.m4a", codec="aac", rate=44100)

    with pytest.raises(UnreadableMedia, match=r"^video: not a video \(audio/mp4\)$"):
        VideoSource(path, "video")
