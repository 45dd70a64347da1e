import math
from fractions import Fraction

import numpy as np
import pytest

from contracts.jobs import OutputOptions, SyncMode
from engines.base import Timeline
from engines.timeline import frame_count, output_size, portrait_timeline, video_timeline

pytestmark = pytest.mark.unit

SIZE = (64, 48)
RATES = [Fraction(24), Fraction(25), Fraction(30000, 1001), Fraction(30), Fraction(60)]
AS_IT_IS = OutputOptions()


def constant_rate(frames: int, audio_s: float, fps: int = 25, options: OutputOptions = AS_IT_IS) -> Timeline:
    return video_timeline(SIZE, np.arange(frames) / fps, frames / fps, Fraction(fps), audio_s, options)


def test_a_longer_video_is_trimmed_to_the_audio() -> None:
    assert constant_rate(50, 0.4).source_index.tolist() == list(range(10))


def test_a_shorter_video_plays_to_and_fro_and_shows_neither_end_twice() -> None:
    assert constant_rate(4, 0.4).source_index.tolist() == [0, 1, 2, 3, 2, 1, 0, 1, 2, 3]


@pytest.mark.parametrize(
    ("mode", "shown"),
    [
        (SyncMode.BOUNCE, [0, 1, 2, 3, 2, 1, 0, 1, 2, 3]),
        (SyncMode.LOOP, [0, 1, 2, 3, 0, 1, 2, 3, 0, 1]),
        (SyncMode.FREEZE, [0, 1, 2, 3, 3, 3, 3, 3, 3, 3]),
    ],
)
def test_a_shorter_video_is_extended_as_asked(mode: SyncMode, shown: list[int]) -> None:
    assert constant_rate(4, 0.4, options=OutputOptions(sync_mode=mode)).source_index.tolist() == shown


@pytest.mark.parametrize("mode", SyncMode)
def test_a_longer_video_is_trimmed_whatever_the_mode(mode: SyncMode) -> None:
    assert constant_rate(50, 0.4, options=OutputOptions(sync_mode=mode)).source_index.tolist() == list(range(10))


@pytest.mark.parametrize("fps", [24, 25, 30, 60])
def test_going_back_and_forth_never_leaves_out_a_frame(fps: int) -> None:
    shown = constant_rate(40, 10.0, fps=fps).source_index

    assert len(shown) == 10 * fps
    assert (np.abs(np.diff(shown)) == 1).all()


def test_a_video_of_one_frame_stands_still() -> None:
    assert constant_rate(1, 0.2).source_index.tolist() == [0] * 5


def test_frames_of_varying_length_are_shown_for_as_long_as_in_the_source() -> None:
    times_s = np.array([0.0, 0.04, 0.16, 0.2])

    timeline = video_timeline(SIZE, times_s, 0.32, Fraction(25), 0.32, AS_IT_IS)

    assert timeline.source_index.tolist() == [0, 1, 1, 1, 2, 3, 3, 3]


def test_rounded_time_stamps_neither_drop_nor_double_frames() -> None:
    fps = Fraction(30000, 1001)
    times_s = np.round(np.arange(90) / float(fps), 3)

    timeline = video_timeline(SIZE, times_s, 90 / float(fps), fps, 90 / float(fps), AS_IT_IS)

    assert timeline.source_index.tolist() == list(range(90))


@pytest.mark.parametrize(
    ("mode", "shown"),
    [
        (SyncMode.BOUNCE, [0, 1, 1, 1, 2, 3, 3, 3, 3, 3, 2, 1]),
        (SyncMode.LOOP, [0, 1, 1, 1, 2, 3, 3, 3, 0, 1, 1, 1]),
        (SyncMode.FREEZE, [0, 1, 1, 1, 2, 3, 3, 3, 3, 3, 3, 3]),
    ],
)
def test_frames_of_varying_length_are_extended_by_what_is_seen_of_them(mode: SyncMode, shown: list[int]) -> None:
    """A frame that is shown thrice is so on the way back too; the turning point alone is shown once."""
    times_s = np.array([0.0, 0.04, 0.16, 0.2])

    timeline = video_timeline(SIZE, times_s, 0.32, Fraction(25), 0.48, OutputOptions(sync_mode=mode))

    assert timeline.source_index.tolist() == shown


def test_a_lower_rate_leaves_frames_out_and_a_higher_one_repeats_them() -> None:
    slower = constant_rate(20, 0.4, fps=50, options=OutputOptions(fps=25))
    faster = constant_rate(5, 0.2, fps=25, options=OutputOptions(fps=50))

    assert slower.source_index.tolist() == list(range(0, 20, 2))
    assert faster.source_index.tolist() == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]


@pytest.mark.parametrize(
    ("asked", "exact"),
    [
        (29.97, Fraction(30000, 1001)),
        (23.976, Fraction(24000, 1001)),
        (59.94, Fraction(60000, 1001)),
        (30.0, Fraction(30)),
        (24.0, Fraction(24)),
        (12.5, Fraction(25, 2)),
    ],
)
def test_a_decimal_rate_means_the_exact_one_of_broadcast(asked: float, exact: Fraction) -> None:
    assert portrait_timeline(SIZE, 1.0, OutputOptions(fps=asked)).fps == exact


def test_the_source_keeps_its_rate_and_a_portrait_has_25_frames_a_second() -> None:
    assert constant_rate(5, 0.2, fps=30).fps == 30
    assert portrait_timeline(SIZE, 1.0, AS_IT_IS).fps == 25


@pytest.mark.parametrize("fps", [Fraction(25), Fraction(30000, 1001), Fraction(5)])
def test_the_sources_own_rate_is_told_whatever_that_of_the_output(fps: Fraction) -> None:
    times_s = np.arange(90) / float(fps)

    timeline = video_timeline(SIZE, times_s, float(90 / fps), fps, 1.0, OutputOptions(fps=60))

    assert (timeline.fps, timeline.source_fps) == (60, fps)


def test_frames_of_varying_length_have_an_average_rate() -> None:
    timeline = video_timeline(SIZE, np.array([0.0, 0.1, 0.3, 0.9]), 1.0, Fraction(25), 1.0, AS_IT_IS)

    assert timeline.source_fps == 4


def test_one_frame_that_is_shown_for_an_hour_still_has_a_rate() -> None:
    assert video_timeline(SIZE, np.array([0.0]), 3600, Fraction(25), 1.0, AS_IT_IS).source_fps > 0


def test_a_portrait_has_the_rate_of_its_output() -> None:
    assert portrait_timeline(SIZE, 1.0, OutputOptions(fps=30)).source_fps == 30


@pytest.mark.parametrize(
    ("duration_s", "frames"), [(0.0, 1), (0.001, 1), (0.04, 1), (0.041, 2), (1.2, 30), (0.1 + 0.2, 8)]
)
def test_frames_cover_the_whole_audio_and_are_at_least_one(duration_s: float, frames: int) -> None:
    assert frame_count(duration_s, Fraction(25)) == frames


@pytest.mark.parametrize("fps", RATES, ids=str)
@pytest.mark.parametrize("rate", [8000, 22050, 44100, 48000, 192000])
def test_the_last_frame_covers_the_last_sample_and_there_is_not_one_more(fps: Fraction, rate: int) -> None:
    """Lengths of every kind: a sample less than whole frames, exactly whole ones, a sample more; and any."""
    whole = [math.floor(frames * rate / fps) for frames in (1, 2, 7, 100, 17982, 36000)]
    lengths = [number + beside for number in whole for beside in (-1, 0, 1)]
    lengths += np.random.default_rng(1).integers(1, 600 * rate, 500).tolist()

    for samples in lengths:
        frames, sound_s = frame_count(samples / rate, fps), Fraction(samples, rate)
        assert (frames - 1) / fps < sound_s <= frames / fps, (samples, frames)


@pytest.mark.parametrize("fps", RATES, ids=str)
def test_a_length_that_was_added_up_piece_by_piece_gives_no_frame_more(fps: Fraction) -> None:
    """As decoders tell it: 1024 samples at a time, for a whole number of frames that lasts ten minutes."""
    frames = round(600 * fps)
    samples = int(frames / fps * 48000)
    pieces = [1024] * (samples // 1024) + [samples % 1024]

    assert frame_count(sum(piece / 48000 for piece in pieces), fps) == math.ceil(Fraction(samples, 48000) * fps)


@pytest.mark.parametrize("mode", SyncMode)
@pytest.mark.parametrize("audio_s", [0.3, 1.999, 2.0, 2.001, 7.77])
def test_frames_of_varying_length_are_cut_and_extended_to_the_last_sample(audio_s: float, mode: SyncMode) -> None:
    gaps_s = np.random.default_rng(2).uniform(0.01, 0.09, 40)
    times_s = np.concatenate([[0.0], np.cumsum(gaps_s)[:-1]])

    timeline = video_timeline(SIZE, times_s, gaps_s.sum(), Fraction(30), audio_s, OutputOptions(sync_mode=mode))

    assert (timeline.frames - 1) / 30 < audio_s <= timeline.frames / 30


@pytest.mark.parametrize(
    ("source", "options", "expected"),
    [
        ((1920, 1080), AS_IT_IS, (1920, 1080)),
        ((641, 359), AS_IT_IS, (640, 358)),
        ((1, 1), AS_IT_IS, (2, 2)),
        ((1920, 1080), OutputOptions(short_side_px=720), (1280, 720)),
        ((1080, 1920), OutputOptions(short_side_px=720), (720, 1280)),
        ((1000, 333), OutputOptions(short_side_px=100), (300, 100)),
        ((640, 360), OutputOptions(short_side_px=720), (640, 360)),
        ((1920, 1080), OutputOptions(width_px=1280), (1280, 720)),
        ((1920, 1080), OutputOptions(height_px=361), (640, 360)),
        ((1920, 1080), OutputOptions(width_px=501, height_px=301, short_side_px=100), (500, 300)),
    ],
)
def test_both_sides_are_even_and_as_asked(
    source: tuple[int, int], options: OutputOptions, expected: tuple[int, int]
) -> None:
    assert output_size(source, options) == expected


def test_a_large_portrait_is_scaled_down_to_1080_unless_the_request_says_how_large() -> None:
    photograph = (4000, 6000)

    default = portrait_timeline(photograph, 1.0, AS_IT_IS)
    asked = portrait_timeline(photograph, 1.0, OutputOptions(short_side_px=2000))

    assert (default.width, default.height) == (1080, 1620)
    assert (asked.width, asked.height) == (2000, 3000)


def test_a_portrait_shows_its_one_picture_throughout() -> None:
    timeline = portrait_timeline(SIZE, 0.4, AS_IT_IS)

    assert timeline.is_portrait
    assert timeline.source_index.tolist() == [0] * 10
