import numpy as np
import pytest

from engines.voices.level import PEAK, SPEECH_RMS, even_out

pytestmark = pytest.mark.unit


@pytest.mark.parametrize("loudness", [0.001, 0.05, 0.9])
def test_speech_of_any_loudness_comes_out_alike(loudness: float) -> None:
    tone = (loudness * np.sin(np.arange(24000) * 0.05)).astype(np.float32)

    assert np.sqrt(np.mean(np.square(even_out(tone)))) == pytest.approx(SPEECH_RMS, rel=0.02)


def test_pauses_do_not_make_speech_louder() -> None:
    tone = np.sin(np.arange(24000) * 0.05).astype(np.float32)
    paused = np.concatenate([tone, np.zeros(72000, np.float32)])

    assert np.abs(even_out(paused)).max() == pytest.approx(np.abs(even_out(tone)).max(), rel=0.02)


def test_a_peak_keeps_its_distance_from_full_scale() -> None:
    clicks = np.full(24000, 0.01, np.float32)
    clicks[::2000] = 0.5

    assert np.abs(even_out(clicks)).max() <= PEAK + 1e-6


def test_silence_stays_silent() -> None:
    assert not even_out(np.zeros(1000, np.float32)).any()
    assert not even_out(np.zeros(0, np.float32)).size
