import errno
import math
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest
from av import AudioFrame

from contracts.errors import UnreadableMedia
from contracts.jobs import Role
from engines.audio import audible_seconds, audio_stream, read_speech, resampled, shifted
from engines.base import Speech, TimedPhone, Waiting
from engines.containers import open_media
from tests.engines.generated_media import drop_sound, pictures, write_midway_change, write_sound, write_video

pytestmark = pytest.mark.unit


def pitch_hz(samples: np.ndarray[tuple[int], np.dtype[np.float32]], rate: int) -> float:
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return float(np.argmax(spectrum)) * rate / len(samples)


def length_s(path: Path, most_s: float = math.inf, waiting: Waiting = lambda: None) -> float:
    with open_media(path, Role.AUDIO, "audio") as container:
        return audible_seconds(container, audio_stream(container, path, "audio"), "audio", most_s, waiting)


@pytest.mark.parametrize(
    ("name", "codec", "rate", "channels"),
    [
        ("a.wav", "pcm_s16le", 16000, 1),
        ("a.wav", "pcm_f32le", 16000, 1),
        ("a.wav", "pcm_s16le", 8000, 2),
        ("a.wav", "pcm_s24le", 96000, 2),
        ("a.m4a", "aac", 44100, 2),
        ("a.mp3", "libmp3lame", 22050, 1),
        ("a.ogg", "libopus", 48000, 2),
    ],
)
def test_any_sound_is_heard_as_one_channel_at_16_khz(
    tmp_path: Path, name: str, codec: str, rate: int, channels: int
) -> None:
    path = write_sound(tmp_path / name, 0.7, codec=codec, rate=rate, channels=channels)

    speech = read_speech(path)

    assert speech.rate == 16000
    assert speech.samples.dtype == np.float32
    assert speech.samples.ndim == 1
    assert len(speech.samples) / 16000 == pytest.approx(0.7, abs=0.05)
    assert pitch_hz(speech.samples, 16000) == pytest.approx(300, abs=5)
    assert np.abs(speech.samples).max() == pytest.approx(0.4, abs=0.2)


def test_samples_beyond_full_scale_are_clipped(tmp_path: Path) -> None:
    path = tmp_path / "loud.wav"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_f32le", rate=16000, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.full((1, 1600), 3, np.float32), "flt", "mono")
        frame.rate = 16000
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))

    assert read_speech(path).samples.max() == 1


def test_the_length_is_counted_in_samples_not_believed(tmp_path: Path) -> None:
    path = write_sound(tmp_path / "a.wav", 0.5)
    data = bytearray(path.read_bytes())
    at = data.index(b"data") + 4
    data[at : at + 4] = (1 << 30).to_bytes(4, "little")
    path.write_bytes(data)

    assert length_s(path) == pytest.approx(0.5)


def test_priming_of_an_encoder_is_not_heard(tmp_path: Path) -> None:
    path = write_sound(tmp_path / "a.m4a", 0.5, codec="aac", rate=44100)

    assert length_s(path) == pytest.approx(0.5, abs=1024 / 44100)


def test_the_sound_of_a_video_is_read(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mp4", pictures(15), with_sound=True)

    assert len(read_speech(path).samples) / 16000 == pytest.approx(0.6, abs=0.07)


def test_a_video_without_sound_is_named_with_its_field(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mp4", pictures(3))

    with pytest.raises(UnreadableMedia, match=r"^audio: the video has no sound$"):
        read_speech(path, "audio")


def test_sound_that_cannot_be_decoded_is_damaged(tmp_path: Path) -> None:
    path = write_sound(tmp_path / "a.flac", codec="flac")
    data = path.read_bytes()
    start = data.index(b"\xff\xf8")
    path.write_bytes(data[:start] + bytes(len(data) - start))

    with pytest.raises(UnreadableMedia, match=r"^audio: the file is damaged or cut short \(audio/flac\)$"):
        read_speech(path, "audio")


@pytest.mark.parametrize(("name", "codec"), [("a.webm", "libopus"), ("a.mkv", "aac"), ("a.mp4", "aac")])
def test_where_packets_were_never_sent_there_is_silence(tmp_path: Path, name: str, codec: str) -> None:
    whole = write_sound(tmp_path / f"whole-{name}", 4, codec=codec, rate=48000, silent_s=3)
    sparse = drop_sound(whole, tmp_path / name, 1, 2.8)

    samples = read_speech(sparse).samples

    assert np.flatnonzero(np.abs(samples) > 0.2)[0] / 16000 == pytest.approx(3, abs=0.03)
    assert length_s(sparse) == pytest.approx(length_s(whole), abs=0.03)


def test_packets_lost_one_by_one_do_not_make_the_lips_run_ahead(tmp_path: Path) -> None:
    path = write_sound(tmp_path / "0.webm", 4, codec="libopus", rate=48000, silent_s=3)
    for lost in range(20):
        path = drop_sound(path, tmp_path / f"{lost + 1}.webm", 0.5 + 0.1 * lost, 0.52 + 0.1 * lost)

    samples = read_speech(path).samples

    assert np.flatnonzero(np.abs(samples) > 0.2)[0] / 16000 == pytest.approx(3, abs=0.06)


def test_time_stamps_that_leap_by_hours_are_refused(tmp_path: Path) -> None:
    whole = write_sound(tmp_path / "whole.mkv", codec="aac", rate=48000)
    path = drop_sound(whole, tmp_path / "a.mkv", 0.2, 0.3, late_s=1_000_000)

    with pytest.raises(UnreadableMedia, match=r"^audio: the sound has a gap of 10000\d\d s") as refused:
        read_speech(path, "audio")
    assert refused.value.remedy


@pytest.mark.parametrize(
    ("rates", "layouts"),
    [((44100, 44100), ("mono", "stereo")), ((44100, 24000), ("mono", "mono")), ((24000, 48000), ("stereo", "mono"))],
)
def test_sounds_of_different_kinds_joined_end_to_end_are_heard_through(
    tmp_path: Path, rates: tuple[int, int], layouts: tuple[str, str]
) -> None:
    path = write_midway_change(tmp_path / "a.mp3", codec="libmp3lame", rates=rates, layouts=layouts)

    samples = read_speech(path).samples

    assert len(samples) / 16000 == pytest.approx(length_s(path), abs=0.02)
    assert len(samples) / 16000 == pytest.approx(1, abs=0.15)
    assert pitch_hz(samples[1000:7000], 16000) == pytest.approx(300, abs=5)
    assert pitch_hz(samples[-6000:], 16000) == pytest.approx(300, abs=5)


def test_counting_stops_soon_after_the_longest_length_of_use(tmp_path: Path) -> None:
    path = write_sound(tmp_path / "a.flac", 60, codec="flac", rate=8000)

    assert 2 < length_s(path, most_s=2) < 4
    assert length_s(path, most_s=60) == pytest.approx(60)


def test_decoding_says_all_along_that_it_is_alive_and_can_be_stopped(tmp_path: Path) -> None:
    path = write_sound(tmp_path / "a.flac", 60, codec="flac", rate=8000)
    beats: list[int] = []

    def stop_at_the_tenth() -> None:
        beats.append(len(beats))
        if len(beats) == 10:
            raise TimeoutError

    with pytest.raises(TimeoutError):
        length_s(path, waiting=stop_at_the_tenth)


def test_a_voice_can_begin_later_and_its_timings_with_it() -> None:
    phones = (TimedPhone(symbol="a", start_s=0.1, end_s=0.2),)
    speech = Speech(samples=np.ones(1600, np.float32), rate=16000, phones=phones)

    later = shifted(speech, 0.5)

    assert (len(later.samples), later.samples[:8000].max(), later.samples[8000]) == (9600, 0, 1)
    assert (later.phones[0].start_s, later.phones[0].end_s) == pytest.approx((0.6, 0.7))


def test_a_voice_can_begin_earlier_and_loses_what_was_before() -> None:
    phones = tuple(TimedPhone(symbol=symbol, start_s=at, end_s=at + 0.02) for symbol, at in (("a", 0.01), ("m", 0.04)))
    speech = Speech(samples=np.arange(1600, dtype=np.float32), rate=16000, phones=phones)

    earlier = shifted(speech, -0.05)

    assert earlier.samples.tolist() == list(range(800, 1600))
    assert [(phone.symbol, phone.start_s, phone.end_s) for phone in earlier.phones] == [("m", 0.0, pytest.approx(0.01))]
    assert np.array_equal(shifted(speech, 0).samples, speech.samples)
    assert not len(shifted(speech, -1).samples)


@pytest.mark.parametrize("worse", [np.nan, np.inf])
def test_samples_that_are_not_numbers_are_refused_by_their_field(tmp_path: Path, worse: float) -> None:
    samples = np.zeros((1, 16000), np.float32)
    samples[0, 5000] = worse
    with av.open(str(tmp_path / "a.wav"), "w") as container:
        stream = container.add_stream("pcm_f32le", rate=16000, layout="mono")
        frame = av.AudioFrame.from_ndarray(samples, format="flt", layout="mono")
        frame.sample_rate = 16000
        container.mux([*stream.encode(frame), *stream.encode(None)])

    with pytest.raises(UnreadableMedia, match="not numbers") as fault:
        read_speech(tmp_path / "a.wav", "right_audio")
    assert fault.value.field == "right_audio"


def test_want_of_memory_amid_decoding_is_no_fault_of_the_file() -> None:
    # What PyAV makes of ENOMEM is one of FFmpeg's errors as well.
    want = av.error.MemoryError(errno.ENOMEM, "Cannot allocate memory")

    def starving() -> Iterator[AudioFrame]:
        frame = AudioFrame(format="flt", layout="mono", samples=10)
        frame.sample_rate = 16000
        yield frame
        raise want

    with pytest.raises(MemoryError):
        list(resampled(starving(), "flt", "mono", 16000))
