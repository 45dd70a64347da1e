"""The front end of the speech encoder, and its windows."""

import pytest
import torch

from engines.articulate.speech_encoder import (
    CONTEXT,
    HEARD,
    HOP,
    MELS,
    SAMPLE_RATE,
    STEP,
    SpeechEncoder,
    levelled,
    log_mel,
    mel_bands,
    windows,
)

pytestmark = pytest.mark.unit


def tone(hertz: float, seconds: float = 0.5) -> torch.Tensor:
    return torch.sin(2 * torch.pi * hertz * torch.arange(int(seconds * SAMPLE_RATE)) / SAMPLE_RATE)


def babble(seconds: float) -> torch.Tensor:
    generator = torch.Generator().manual_seed(7)
    noise = torch.randn(int(seconds * SAMPLE_RATE), generator=generator)
    return noise * (1.1 + torch.sin(torch.arange(len(noise)) / 900.0)) * 0.05


def test_there_is_a_frame_for_every_hop_and_one_more() -> None:
    assert log_mel(torch.zeros(10 * HOP)).shape == (MELS, 11)


def test_a_higher_tone_peaks_in_a_higher_band() -> None:
    peaks = [int(log_mel(tone(hertz)).mean(1).argmax()) for hertz in (200, 800, 3000, 6000)]
    assert peaks == sorted(set(peaks))


def test_every_band_hears_something_and_all_cover_the_same_area() -> None:
    bands = mel_bands()
    assert (bands.sum(1) > 0).all()
    wide = bands[40:].sum(1)
    assert wide.max() / wide.min() < 1.15


def test_a_click_is_heard_in_its_frame() -> None:
    samples = torch.zeros(SAMPLE_RATE)
    samples[50 * HOP] = 1.0
    assert int(log_mel(samples).sum(0).argmax()) == 50


@pytest.mark.parametrize("gain", [0.01, 0.3, 5.0])
def test_loudness_does_not_matter(gain: float) -> None:
    loud, soft = (levelled(log_mel(babble(3.0) * factor)[None]) for factor in (1.0, gain))
    assert (loud - soft).abs().max() < 0.02


def test_digital_silence_is_as_soft_as_can_be() -> None:
    assert all(mel.max() == pytest.approx(-0.625) for mel, _ in windows(torch.zeros(SAMPLE_RATE)))


@pytest.mark.parametrize("samples", [0, 1, HOP, 7 * HOP + 3, STEP * HOP - 1, STEP * HOP, 3 * STEP * HOP + 5])
def test_windows_add_up_to_the_voice(samples: int) -> None:
    found = list(windows(torch.zeros(samples)))
    assert sum(count for _, count in found) == samples // HOP + 1
    assert all(mel.shape[-1] == 2 * CONTEXT + count + count % 2 for mel, count in found)


def test_a_window_holds_what_is_about_its_frames() -> None:
    voice = babble(30.0)
    *_, (last, count) = windows(voice)
    alone = log_mel(voice[-(count + CONTEXT) * HOP :])
    heard = last[0, :, : alone.shape[1] - 4]
    assert torch.corrcoef(torch.stack([heard[:, 10:-10].flatten(), alone[:, 10:-14].flatten()]))[0, 1] > 0.8


@torch.inference_mode()
def test_the_encoder_halves_the_rate() -> None:
    assert SpeechEncoder().eval()(torch.zeros(1, MELS, 90)).shape == (1, 45, HEARD)
