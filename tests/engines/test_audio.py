from pathlib import Path

import av
import numpy as np
import pytest

from contracts.errors import UnreadableMedia
from contracts.jobs import Role
from engines.audio import audible_seconds, audio_stream, read_speech
from engines.containers import open_media
from tests.engines.generated_media import pictures, write_sound, write_video

pytestmark = pytest.mark.unit


def pitch_hz(samples: np.ndarray[tuple[int], np.dtype[np.float32]], rate: int) -> float:
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return float(np.argmax(spectrum)) * rate / len(samples)


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

    with open_media(path, Role.AUDIO, "audio") as container:
        assert audible_seconds(container, audio_stream(container, path, "audio")) == pytest.approx(0.5)


def test_priming_of_an_encoder_is_not_heard(tmp_path: Path) -> None:
    path = write_sound(tmp_path / "a.m4a", 0.5, codec="aac", rate=44100)

    with open_media(path, Role.AUDIO, "audio") as container:
        heard_s = audible_seconds(container, audio_stream(container, path, "audio"))
    assert heard_s == pytest.approx(0.5, abs=1024 / 44100)


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
