"""What a network that has heard speech of all the world makes of a voice: the first layers of Whisper's encoder.

Radford et al. 2023, "Robust Speech Recognition via Large-Scale Weak Supervision": log-mel spectrogram, two
convolutions, pre-norm transformer layers. It was trained on 30 s at a time and knows where in them it is, so a voice is
heard in windows, each with its surroundings.
"""

import math
from collections.abc import Iterator

import torch
from torch import nn
from torch.nn import functional

SAMPLE_RATE = 16_000
#: Samples between frames: 100 frames per second, of which the encoder makes 50.
HOP = 160
MELS = 80
WIDTH = 512
#: The layers that are listened to, and the numbers that they give together for each frame.
TAPS = (2, 4)
HEARD = len(TAPS) * WIDTH
#: Frames (of 100 a second) that a window adds to what is known, and those on either side that it hears besides.
STEP = 1100
CONTEXT = 200

_HEADS = 8
_FFT = 400
_QUIETEST = 1e-20
#: Decades below the loudest of the window at which energies are cut off, and where the loudest comes to lie.
_RANGE = 8.0
_LOUDEST = 1.5
#: What is softer than this, 100 dB below usual speech, is not made louder.
_NOTHING = -9.0


def windows(samples: torch.Tensor) -> Iterator[tuple[torch.Tensor, int]]:
    """Cut a voice (T,) into windows, levelled log-mel (1, MELS, N), and how many frames each of them adds.

    Those frames come after `CONTEXT` others; together they are T // HOP + 1. Around the voice is silence.
    """
    frames = len(samples) // HOP + 1
    for start in range(0, frames, STEP):
        count = min(STEP, frames - start)
        first, end = start - CONTEXT, start + count + count % 2 + CONTEXT
        part = samples[max(0, first) * HOP : end * HOP]
        heard = functional.pad(part, (max(0, -first) * HOP, 0))
        heard = functional.pad(heard, (0, (end - first) * HOP - len(heard)))
        yield levelled(log_mel(heard)[None, :, :-1]), count


def log_mel(samples: torch.Tensor) -> torch.Tensor:
    """Decimal logarithm of mel energies, (MELS, T // HOP + 1), of samples (T,); frame t is centred at t * HOP."""
    window = torch.hann_window(_FFT, device=samples.device)
    spectrum = torch.stft(samples, _FFT, HOP, _FFT, window, center=True, pad_mode="constant", return_complex=True)
    return torch.log10(mel_bands().to(samples) @ spectrum.abs().square() + _QUIETEST)


def mel_bands() -> torch.Tensor:
    """Triangular filters of equal area, (MELS, fft bins), evenly spaced on the mel scale of Slaney's Auditory Toolbox.

    The scale is linear up to 1 kHz, 200/3 Hz a mel, and logarithmic above, 27 mels to a factor of 6.4.
    """
    edges = _hertz(torch.linspace(0, _mels(SAMPLE_RATE / 2), MELS + 2, dtype=torch.float64))
    hertz = torch.linspace(0, SAMPLE_RATE / 2, _FFT // 2 + 1, dtype=torch.float64)
    rising = (hertz - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    falling = (edges[2:, None] - hertz) / (edges[2:] - edges[1:-1])[:, None]
    area = 2 / (edges[2:] - edges[:-2])
    return (torch.minimum(rising, falling).clamp(min=0) * area[:, None]).float()


def _mels(hertz: float) -> float:
    return 15 + 27 * math.log(hertz / 1000) / math.log(6.4)


def _hertz(mels: torch.Tensor) -> torch.Tensor:
    return torch.where(mels < 15, mels * 200 / 3, 1000 * torch.exp((mels - 15) * math.log(6.4) / 27))


def levelled(mel: torch.Tensor) -> torch.Tensor:
    """Bring the loudest of a window (B, MELS, N) to the same level, and cut off what is far below it."""
    peak = mel.amax((1, 2), keepdim=True).clamp(min=_NOTHING)
    return (torch.maximum(mel, peak - _RANGE) - peak + _LOUDEST + 4) / 4


class _Layer(nn.Module):
    """Attention over time, then over channels, each added."""

    def __init__(self) -> None:
        super().__init__()
        self.before_attention = nn.LayerNorm(WIDTH)
        self.query_key_value = nn.Linear(WIDTH, 3 * WIDTH)
        self.attended = nn.Linear(WIDTH, WIDTH)
        self.before_mixing = nn.LayerNorm(WIDTH)
        self.expand = nn.Linear(WIDTH, 4 * WIDTH)
        self.shrink = nn.Linear(4 * WIDTH, WIDTH)

    def forward(self, frames: torch.Tensor) -> torch.Tensor:
        """(B, N, WIDTH) -> (B, N, WIDTH)."""
        count, length, _ = frames.shape
        asked = self.query_key_value(self.before_attention(frames)).reshape(count, length, 3, _HEADS, -1)
        query, key, value = asked.permute(2, 0, 3, 1, 4)  # each (B, heads, N, WIDTH / heads)
        heard = functional.scaled_dot_product_attention(query, key, value)
        frames = frames + self.attended(heard.transpose(1, 2).reshape(count, length, WIDTH))
        added: torch.Tensor = frames + self.shrink(functional.gelu(self.expand(self.before_mixing(frames))))
        return added


class SpeechEncoder(nn.Module):
    """The encoder up to the last layer that is listened to."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv1d(MELS, WIDTH, 3, padding=1)
        self.halve = nn.Conv1d(WIDTH, WIDTH, 3, stride=2, padding=1)
        self.layers = nn.ModuleList(_Layer() for _ in range(max(TAPS)))

    def forward(self, mel: torch.Tensor) -> torch.Tensor:
        """(B, MELS, N) levelled log-mel -> (B, (N + 1) // 2, HEARD)."""
        frames = functional.gelu(self.halve(functional.gelu(self.stem(mel)))).transpose(1, 2)
        frames = frames + _positions(frames.shape[1]).to(frames)
        heard = []
        for number, layer in enumerate(self.layers, 1):
            frames = layer(frames)
            if number in TAPS:
                heard.append(frames)
        return torch.cat(heard, -1)


def _positions(count: int) -> torch.Tensor:
    """Sines, then cosines, of the place at wavelengths from 2 pi to 10000 * 2 pi: (count, WIDTH)."""
    rates = torch.exp(-math.log(10_000) * torch.arange(WIDTH // 2) / (WIDTH // 2 - 1))
    angles = torch.arange(count)[:, None] * rates
    return torch.cat([angles.sin(), angles.cos()], 1)
