import wave
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from contracts.errors import UnreadableMedia
from contracts.jobs import SpeakerOrder
from engines.mixing import Mixed, Source, mix

pytestmark = pytest.mark.unit

Sound = NDArray[np.float32]


def _write(path: Path, *channels: Sound, rate: int = 16000) -> Source:
    samples = np.rint(np.stack(channels, axis=1) * 32767).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setnchannels(len(channels))
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(samples.tobytes())
    return Source(path=path, field=path.stem)


def _read(path: Path) -> tuple[Sound, int]:
    """(channels, N) and the rate."""
    with wave.open(str(path)) as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, file.getnchannels())
        return samples.T.astype(np.float32) / np.float32(32767), file.getframerate()


def _noise(seconds: float, loudness: float, seed: int, rate: int = 16000) -> Sound:
    return (np.random.default_rng(seed).uniform(-loudness, loudness, round(seconds * rate))).astype(np.float32)


@pytest.fixture
def left(tmp_path: Path) -> Source:
    return _write(tmp_path / "left_audio.wav", _noise(3.0, 0.3, 1))


@pytest.fixture
def right(tmp_path: Path) -> Source:
    return _write(tmp_path / "right_audio.wav", _noise(1.2, 0.3, 2))


def _mixed(left: Source, right: Source, order: SpeakerOrder) -> tuple[Mixed, Sound, int]:
    out = left.path.with_name("out.wav")
    mixed = mix(left, right, order, out, lambda fraction: None)
    return mixed, *_read(out)


def test_both_at_once_are_added_up_to_the_length_of_the_longer(left: Source, right: Source) -> None:
    mixed, heard, rate = _mixed(left, right, SpeakerOrder.MEANWHILE)

    expected = _noise(3.0, 0.3, 1)
    expected[: round(1.2 * 16000)] += _noise(1.2, 0.3, 2)
    assert (mixed.duration_s, mixed.left_start_s, mixed.right_start_s, rate) == (3.0, 0.0, 0.0, 16000)
    np.testing.assert_allclose(heard[0], expected, atol=1e-4)


def test_a_sum_that_would_clip_is_made_softer_as_a_whole(tmp_path: Path) -> None:
    loud, other = _noise(1.0, 0.9, 1), _noise(1.0, 0.9, 2)
    sources = _write(tmp_path / "a.wav", loud), _write(tmp_path / "b.wav", other)

    _, heard, _ = _mixed(*sources, SpeakerOrder.MEANWHILE)

    assert np.abs(heard).max() == pytest.approx(0.98, abs=1e-3)
    assert np.corrcoef(heard[0], loud + other)[0, 1] > 0.99999


@pytest.mark.parametrize("order", [SpeakerOrder.LEFT_RIGHT, SpeakerOrder.RIGHT_LEFT])
def test_one_after_the_other_meet_at_the_sample(order: SpeakerOrder, left: Source, right: Source) -> None:
    mixed, heard, _ = _mixed(left, right, order)

    voices = [_noise(3.0, 0.3, 1), _noise(1.2, 0.3, 2)]
    starts = (0.0, 3.0) if order is SpeakerOrder.LEFT_RIGHT else (1.2, 0.0)
    assert (mixed.left_start_s, mixed.right_start_s) == starts
    assert mixed.duration_s == pytest.approx(4.2)
    np.testing.assert_allclose(
        heard[0], np.concatenate(voices if order is SpeakerOrder.LEFT_RIGHT else voices[::-1]), atol=1e-4
    )


def test_the_higher_rate_and_the_stereo_are_kept(left: Source, tmp_path: Path) -> None:
    one, other = _noise(1.0, 0.3, 3, 44100), _noise(1.0, 0.1, 4, 44100)
    stereo = _write(tmp_path / "stereo.wav", one, other, rate=44100)

    mixed, heard, rate = _mixed(left, stereo, SpeakerOrder.RIGHT_LEFT)

    assert (rate, heard.shape[0]) == (44100, 2)
    assert mixed.duration_s == pytest.approx(4.0, abs=0.002)
    np.testing.assert_allclose(heard[:, : len(one)], [one, other], atol=1e-4)
    np.testing.assert_array_equal(heard[0, 50000:], heard[1, 50000:])


def test_progress_is_told_and_can_stop_the_work(left: Source, right: Source, tmp_path: Path) -> None:
    reports: list[float] = []
    mix(left, right, SpeakerOrder.MEANWHILE, tmp_path / "out.wav", reports.append)

    def stop(fraction: float) -> None:
        raise KeyboardInterrupt

    assert reports == sorted(reports)
    assert reports[-1] == 1.0
    with pytest.raises(KeyboardInterrupt):
        mix(left, right, SpeakerOrder.MEANWHILE, tmp_path / "out.wav", stop)


@pytest.mark.parametrize("pick", [lambda good, bad: (good, bad), lambda good, bad: (bad, good)])
def test_a_file_that_is_no_sound_is_refused_by_its_field(
    pick: Callable[[Source, Source], tuple[Source, Source]], left: Source, tmp_path: Path
) -> None:
    (tmp_path / "bad.wav").write_bytes(b"no sound at all")

    with pytest.raises(UnreadableMedia) as refusal:
        mix(*pick(left, Source(path=tmp_path / "bad.wav", field="bad")), SpeakerOrder.MEANWHILE, tmp_path / "o", print)

    assert refusal.value.field == "bad"
