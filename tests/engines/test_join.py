from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from av.packet import Packet
from av.video.stream import VideoStream

from contracts.errors import UnreadableMedia
from engines.encode import encode_segment
from engines.join import Published, publish
from tests.engines.generated_media import (
    drop_sound,
    pictures,
    read_sound,
    read_video,
    write_midway_change,
    write_sound,
    write_video,
)

pytestmark = pytest.mark.unit

SIZE = (96, 64)


def ignore(_fraction: float) -> None:
    """Stands for a report that nobody reads."""


def segments(folder: Path, lengths: Sequence[int], fps: Fraction | int = 25) -> list[Path]:
    frames = pictures(sum(lengths))
    paths = []
    for number, length in enumerate(lengths):
        paths.append(folder / f"segment-{number}.mp4")
        encode_segment(frames[:length], Fraction(fps), SIZE, paths[-1])
        frames = frames[length:]
    return paths


def publish_with(folder: Path, audio: Path, lengths: Sequence[int] = (10, 10)) -> Path:
    out = folder / "out.mp4"
    publish(segments(folder, lengths), audio, sum(lengths) / 25, out, ignore)
    return out


def sound_packets(path: Path) -> list[bytes]:
    with av.open(str(path)) as container:
        return [bytes(packet) for packet in container.demux(audio=0) if packet.size]


def video_packets(path: Path) -> list["Packet[VideoStream]"]:
    with av.open(str(path)) as container:
        return [packet for packet in container.demux(container.streams.video[0]) if packet.size]


def onset_s(path: Path) -> float:
    """How long after its first audible sample the tone of a file begins."""
    with av.open(str(path)) as container:
        rate = container.streams.audio[0].rate
    return float(np.flatnonzero(np.abs(read_sound(path)) > 0.2)[0]) / rate


@pytest.fixture
def voice(tmp_path: Path) -> Path:
    return write_sound(tmp_path / "voice.wav", 0.8)


@pytest.mark.parametrize("fps", [Fraction(25), Fraction(30000, 1001), Fraction(25, 2), Fraction(147, 10)])
@pytest.mark.parametrize("lengths", [[20], [10, 10], [7, 6, 7], [1, 1, 1], [2, 1, 3, 1], [1, 4]])
def test_segments_join_to_evenly_spaced_frames_none_lost(
    tmp_path: Path, voice: Path, lengths: list[int], fps: Fraction
) -> None:
    count, out = sum(lengths), tmp_path / "out.mp4"

    publish(segments(tmp_path, lengths, fps), voice, float(count / fps), out, ignore)

    packets = video_packets(out)
    decode_times = [packet.dts for packet in packets if packet.dts is not None]
    shown = [packet.pts * packet.time_base for packet in packets if packet.pts is not None]
    assert len(read_video(out)) == len(decode_times) == len(shown) == count
    assert (np.diff(decode_times) > 0).all()
    assert sorted(shown) == [number / fps for number in range(count)]


def test_joining_changes_no_picture(tmp_path: Path, voice: Path) -> None:
    pieces = segments(tmp_path, [7, 6, 7])
    publish(pieces, voice, 0.8, tmp_path / "out.mp4", ignore)

    joined = read_video(tmp_path / "out.mp4")

    apart = [frame for piece in pieces for frame in read_video(piece)]
    assert all(map(np.array_equal, joined, apart))


@pytest.mark.parametrize(
    ("name", "codec", "rate"),
    [
        ("a.m4a", "aac", 44100),
        ("a.aac", "aac", 44100),
        ("a.mkv", "aac", 48000),
        ("a.mp3", "libmp3lame", 44100),
        ("a.ogg", "libopus", 48000),
    ],
)
def test_sound_that_players_take_is_copied_bit_for_bit(tmp_path: Path, name: str, codec: str, rate: int) -> None:
    audio = write_sound(tmp_path / name, 0.7, codec=codec, rate=rate)

    copied = sound_packets(publish_with(tmp_path, audio))

    original = sound_packets(audio)
    adts_header = 7 if name == "a.aac" else 0
    assert copied == [packet[adts_header:] for packet in original]


@pytest.mark.parametrize(
    ("name", "codec", "rate", "channels"),
    [
        ("a.wav", "pcm_s16le", 16000, 1),
        ("a.wav", "pcm_s16le", 192000, 2),
        ("a.wav", "pcm_f32le", 37000, 1),
        ("a.flac", "flac", 44100, 2),
        ("a.mkv", "ac3", 48000, 2),
    ],
)
def test_other_sound_is_encoded_as_aac_and_keeps_its_length(
    tmp_path: Path, name: str, codec: str, rate: int, channels: int
) -> None:
    audio = write_sound(tmp_path / name, 0.8, codec=codec, rate=rate, channels=channels)

    out = publish_with(tmp_path, audio)

    with av.open(str(out)) as container:
        stream = container.streams.audio[0]
        assert (stream.codec_context.name, stream.channels) == ("aac", channels)
        assert float((stream.duration or 0) * (stream.time_base or 0)) == pytest.approx(0.8, abs=0.01)
    assert np.abs(read_sound(out)).max() == pytest.approx(0.4, abs=0.1)


@pytest.mark.parametrize(
    ("name", "codec", "rate"),
    [
        ("a.wav", "pcm_s16le", 8000),
        ("a.flac", "flac", 44100),
        ("a.m4a", "aac", 8000),
        ("a.m4a", "aac", 44100),
        ("a.mp3", "libmp3lame", 44100),
        ("a.ogg", "libopus", 48000),
    ],
)
def test_longer_sound_ends_with_the_picture(tmp_path: Path, name: str, codec: str, rate: int) -> None:
    audio = write_sound(tmp_path / name, 2.5, codec=codec, rate=rate)

    with av.open(str(publish_with(tmp_path, audio))) as container:
        for stream in container.streams:
            assert float((stream.duration or 0) * (stream.time_base or 0)) == pytest.approx(0.8, abs=0.002)
        assert (container.duration or 0) / av.time_base == pytest.approx(0.8, abs=0.002)


@pytest.mark.parametrize(("name", "codec"), [("a.wav", "pcm_s16le"), ("a.m4a", "aac")])
def test_shorter_sound_leaves_the_picture_its_length(tmp_path: Path, name: str, codec: str) -> None:
    audio = write_sound(tmp_path / name, 0.3, codec=codec, rate=16000)

    out = publish_with(tmp_path, audio)

    assert len(read_video(out)) == 20
    with av.open(str(out)) as container:
        assert (container.duration or 0) / av.time_base == pytest.approx(0.8, abs=0.002)


@pytest.mark.parametrize(
    ("name", "codec", "rate"),
    [
        ("a.wav", "pcm_s16le", 44100),
        ("a.m4a", "aac", 44100),
        ("a.aac", "aac", 44100),
        ("a.mp3", "libmp3lame", 44100),
        ("a.ogg", "libopus", 48000),
    ],
)
def test_sound_keeps_its_place_against_the_picture(tmp_path: Path, name: str, codec: str, rate: int) -> None:
    audio = write_sound(tmp_path / name, 0.8, codec=codec, rate=rate, silent_s=0.4)

    out = publish_with(tmp_path, audio)

    assert onset_s(out) == pytest.approx(onset_s(audio), abs=0.002)
    with av.open(str(out)) as container:
        assert next(container.decode(audio=0)).time == pytest.approx(0, abs=0.002)


def test_the_sound_of_a_video_can_be_published(tmp_path: Path) -> None:
    audio = write_video(tmp_path / "speech.mp4", pictures(20), with_sound=True)

    assert sound_packets(publish_with(tmp_path, audio)) == sound_packets(audio)


@pytest.mark.parametrize(("name", "codec"), [("a.wav", "pcm_s16le"), ("a.m4a", "aac")])
def test_the_same_pieces_give_the_same_bytes(tmp_path: Path, name: str, codec: str) -> None:
    audio = write_sound(tmp_path / name, 0.8, codec=codec, rate=44100)

    assert publish_with(tmp_path, audio).read_bytes() == publish_with(tmp_path, audio).read_bytes()


def test_the_index_comes_first_for_playing_while_it_loads(tmp_path: Path, voice: Path) -> None:
    data = publish_with(tmp_path, voice).read_bytes()

    assert data.index(b"moov") < data.index(b"mdat")


def test_progress_is_reported_and_length_and_size_are_told(tmp_path: Path, voice: Path) -> None:
    told: list[float] = []
    out = tmp_path / "out.mp4"

    published = publish(segments(tmp_path, [5, 5, 10]), voice, 0.8, out, told.append)

    assert told == sorted(told)
    assert told[-1] == 1
    assert len(told) == 4
    assert published == Published(duration_s=0.8, size_bytes=out.stat().st_size)


def test_encoded_sound_is_silent_where_packets_were_never_sent(tmp_path: Path) -> None:
    whole = write_sound(tmp_path / "whole.mkv", 0.8, codec="ac3", rate=48000, silent_s=0.6)
    sparse = drop_sound(whole, tmp_path / "a.mkv", 0.2, 0.5)

    assert onset_s(publish_with(tmp_path, sparse)) == pytest.approx(onset_s(whole), abs=0.02)


def test_sound_that_changes_its_kind_midway_is_encoded_through(tmp_path: Path) -> None:
    rates, layouts = (48000, 24000), ("mono", "stereo")
    audio = write_midway_change(tmp_path / "a.mp3", codec="mp2", rates=rates, layouts=layouts)

    out = publish_with(tmp_path, audio)

    with av.open(str(out)) as container:
        assert container.streams.audio[0].codec_context.name == "aac"
    assert np.abs(read_sound(out)[-4800:]).max() == pytest.approx(0.4, abs=0.1)


def test_sound_that_cannot_be_read_is_named_with_its_field(tmp_path: Path) -> None:
    silent = write_video(tmp_path / "silent.mp4", pictures(3))

    with pytest.raises(UnreadableMedia, match=r"^sound: the video has no sound$"):
        publish(segments(tmp_path, [5]), silent, 0.2, tmp_path / "out.mp4", ignore, "sound")
