"""Which phone is heard when: log-mel spectrogram and a small convolutional network.

The network is a stack of residual depthwise-separable dilated convolutions (as in QuartzNet, Kriman et al. 2019) that
hears about two seconds either side of a frame. It knows no recurrence and no global statistics, so a long recording
heard in overlapping pieces gives what it would give at once.
"""

import math
from collections.abc import Sequence

import torch
from torch import nn
from torch.nn import functional

SAMPLE_RATE = 16_000
#: Samples between frames: 100 frames per second.
HOP = 160
MELS = 80
#: Frames on either side that can bear on what is heard at a frame, by way of `normalise` and of the network.
CONTEXT = 1500

_WINDOW = 400
_FFT = 512
_BAND_HZ = (60.0, 7600.0)
_QUIETEST = 1e-10
_LOUDNESS_WINDOW = 801
_FLOOR = -9.0
_SPREAD = 2.5


def log_mel(samples: torch.Tensor) -> torch.Tensor:
    """Log-mel energies, (..., MELS, T // HOP + 1), of samples (..., T) at `SAMPLE_RATE`; frame t is centred at t * HOP.

    Natural logarithm of the power in triangular bands evenly spaced on the mel scale of O'Shaughnessy (1987).
    """
    window = torch.hann_window(_WINDOW, device=samples.device)
    flat = samples.reshape(math.prod(samples.shape[:-1]), samples.shape[-1])
    spectrum = torch.stft(flat, _FFT, HOP, _WINDOW, window, center=True, pad_mode="constant", return_complex=True)
    bands = mel_bands().to(samples) @ spectrum.abs().square()
    return torch.log(bands + _QUIETEST).reshape(*samples.shape[:-1], MELS, -1)


def mel_bands() -> torch.Tensor:
    """Triangular mel filters, (MELS, fft bins)."""
    low, high = (2595 * math.log10(1 + hz / 700) for hz in _BAND_HZ)
    edges = 700 * (10 ** (torch.linspace(low, high, MELS + 2) / 2595) - 1)
    hertz = torch.linspace(0, SAMPLE_RATE / 2, _FFT // 2 + 1)
    rising = (hertz - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    falling = (edges[2:, None] - hertz) / (edges[2:] - edges[1:-1])[:, None]
    return torch.minimum(rising, falling).clamp(min=0)


def normalise(mel: torch.Tensor) -> torch.Tensor:
    """Take level and channel out of log-mel energies (B, MELS, N): what is left is about the speech.

    Energies are taken relative to the loudest frame within four seconds, floored, and freed of each band's mean over
    the loud frames nearby.
    """
    loudness = torch.logsumexp(mel, 1, keepdim=True)
    peak = _window_mean(functional.max_pool1d(loudness, _LOUDNESS_WINDOW, 1, _LOUDNESS_WINDOW // 2))
    relative = torch.logaddexp(mel - peak, torch.full_like(mel, _FLOOR))
    loud = torch.sigmoid(loudness - peak + 4.0) + 1e-3
    mean = _window_mean(relative * loud) / _window_mean(loud)
    return (relative - mean) / _SPREAD


def _window_mean(values: torch.Tensor) -> torch.Tensor:
    """Mean over the window about each frame, as much of it as there is."""
    sums = functional.pad(values.double().cumsum(-1), (1, 0))
    frames = torch.arange(values.shape[-1], device=values.device)
    first = (frames - _LOUDNESS_WINDOW // 2).clamp(min=0)
    last = (frames + _LOUDNESS_WINDOW // 2 + 1).clamp(max=values.shape[-1])
    return ((sums[..., last] - sums[..., first]) / (last - first)).to(values.dtype)


class _Block(nn.Module):
    """Mix over time in each channel, then over channels, and add."""

    def __init__(self, channels: int, dilation: int, width: int = 9) -> None:
        super().__init__()
        self.over_time = nn.Conv1d(
            channels, channels, width, padding=dilation * (width // 2), dilation=dilation, groups=channels
        )
        self.norm = nn.LayerNorm(channels)
        self.expand = nn.Linear(channels, 2 * channels)
        self.shrink = nn.Linear(2 * channels, channels)
        self.dropout = nn.Dropout(0.05)

    def forward(self, frames: torch.Tensor) -> torch.Tensor:
        """(B, N, C) -> (B, N, C)."""
        mixed = self.over_time(frames.transpose(1, 2)).transpose(1, 2)  # (B, N, C)
        hidden = functional.gelu(self.expand(self.norm(mixed)))  # (B, N, 2C)
        added: torch.Tensor = frames + self.dropout(self.shrink(hidden))
        return added


class SpeechNet(nn.Module):
    """Phone logits of normalised log-mel energies.

    Args:
        phones: how many phones to tell apart.
        channels: width of the network.
        dilations: one residual block each, at 50 frames per second.
    """

    def __init__(self, phones: int, channels: int = 160, dilations: Sequence[int] = (1, 2, 4, 8, 1, 2, 4)) -> None:
        super().__init__()
        self.stem = nn.Conv1d(MELS, channels, 6, stride=2, padding=2)
        self.blocks = nn.Sequential(*(_Block(channels, dilation) for dilation in dilations))
        self.norm = nn.LayerNorm(channels)
        self.head = nn.Linear(channels, 2 * phones)

    def forward(self, mel: torch.Tensor) -> torch.Tensor:
        """(B, MELS, N) normalised log-mel -> (B, N, phones) logits."""
        even = functional.pad(mel, (0, mel.shape[-1] % 2))
        frames = functional.gelu(self.stem(even)).transpose(1, 2)  # (B, N/2, C)
        pairs: torch.Tensor = self.head(self.norm(self.blocks(frames)))  # (B, N/2, 2 * phones)
        return pairs.reshape(len(mel), even.shape[-1], -1)[:, : mel.shape[-1]]
