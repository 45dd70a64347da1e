"""Log-mel energies, their normalisation and the network that hears phones."""

import pytest
import torch

from engines.articulate.speech_net import (
    CONTEXT,
    HOP,
    MELS,
    SAMPLE_RATE,
    SpeechNet,
    log_mel,
    mel_bands,
    normalise,
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


def test_batches_keep_their_shape() -> None:
    assert log_mel(torch.zeros(2, 3, 5 * HOP)).shape == (2, 3, MELS, 6)


def test_a_higher_tone_peaks_in_a_higher_band() -> None:
    peaks = [int(log_mel(tone(hertz)).mean(1).argmax()) for hertz in (200, 800, 3000, 6000)]
    assert peaks == sorted(set(peaks))


def test_every_band_hears_something() -> None:
    assert (mel_bands().sum(1) > 0).all()


def test_digital_silence_stays_finite() -> None:
    assert torch.isfinite(normalise(log_mel(torch.zeros(SAMPLE_RATE))[None])).all()


@pytest.mark.parametrize("gain", [0.01, 0.3, 5.0])
def test_loudness_does_not_matter(gain: float) -> None:
    loud, soft = (normalise(log_mel(babble(3.0) * factor)[None]) for factor in (1.0, gain))
    assert (loud - soft).abs().max() < 0.02


def test_the_colour_of_the_microphone_does_not_matter() -> None:
    mel = log_mel(babble(3.0))[None]
    tilt = torch.linspace(-1, 1, MELS)[None, :, None]
    assert (normalise(mel + tilt) - normalise(mel)).abs().mean() < 0.1


@pytest.mark.parametrize("frames", [1, 2, 7, 400])
def test_every_frame_gets_its_logits(frames: int) -> None:
    net = SpeechNet(5, channels=16, dilations=(1, 2)).eval()
    assert net(torch.randn(2, MELS, frames)).shape == (2, frames, 5)


@torch.inference_mode()
def test_what_lies_beyond_the_context_does_not_matter() -> None:
    torch.manual_seed(1)
    net = SpeechNet(5).eval()
    mel = log_mel(babble(40.0))[None]
    whole = net(normalise(mel))
    piece = net(normalise(mel[..., 500 : 2000 + CONTEXT]))
    assert (whole[0, 2000:2010] - piece[0, 1500:1510]).abs().max() < 1e-3
