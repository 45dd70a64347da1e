"""Which phone is heard when: a small convolutional network over what the speech encoder makes of a voice.

The network is a stack of residual depthwise-separable dilated convolutions (as in QuartzNet, Kriman et al. 2019). A
voice is heard in windows that overlap, each of which depends on nothing outside it, so what is said at a moment depends
only on the seconds around it, and memory does not grow with the length.
"""

from collections.abc import Iterator, Sequence

import torch
from torch import nn
from torch.nn import functional

from engines.articulate.speech_encoder import CONTEXT, HEARD, WIDTH, SpeechEncoder, windows


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
        self.dropout = nn.Dropout(0.3)

    def forward(self, frames: torch.Tensor) -> torch.Tensor:
        """(B, N, C) -> (B, N, C)."""
        mixed = self.over_time(frames.transpose(1, 2)).transpose(1, 2)  # (B, N, C)
        hidden = functional.gelu(self.expand(self.norm(mixed)))  # (B, N, 2C)
        added: torch.Tensor = frames + self.dropout(self.shrink(hidden))
        return added


class SpeechNet(nn.Module):
    """Phone logits of what the encoder heard.

    Args:
        phones: how many phones to tell apart.
        channels: width of the network.
        dilations: one residual block each, at 50 frames per second.
    """

    def __init__(self, phones: int, channels: int = 192, dilations: Sequence[int] = (1, 2, 1)) -> None:
        super().__init__()
        self.heard = nn.ModuleList(nn.LayerNorm(WIDTH) for _ in range(HEARD // WIDTH))
        self.stem = nn.Linear(HEARD, channels)
        self.blocks = nn.Sequential(*(_Block(channels, dilation) for dilation in dilations))
        self.norm = nn.LayerNorm(channels)
        self.head = nn.Linear(channels, 2 * phones)

    def forward(self, heard: torch.Tensor) -> torch.Tensor:
        """(B, N, HEARD) at 50 frames per second -> (B, 2 N, phones) logits at 100."""
        layers = zip(self.heard, torch.tensor_split(heard, HEARD // WIDTH, -1), strict=True)
        frames = functional.gelu(self.stem(torch.cat([norm(layer) for norm, layer in layers], -1)))  # (B, N, C)
        pairs: torch.Tensor = self.head(self.norm(self.blocks(frames)))  # (B, N, 2 * phones)
        return pairs.reshape(len(heard), 2 * heard.shape[1], -1)


class Hearing(nn.Module):
    """The encoder and the network, as one.

    Args:
        phones: how many phones to tell apart.
    """

    def __init__(self, phones: int) -> None:
        super().__init__()
        self.encoder = SpeechEncoder()
        self.net = SpeechNet(phones)

    def forward(self, mel: torch.Tensor) -> torch.Tensor:
        """(B, MELS, N) levelled log-mel, N even -> (B, N, phones) logits."""
        logits: torch.Tensor = self.net(self.encoder(mel))
        return logits

    @torch.inference_mode()
    def presence(self, samples: torch.Tensor) -> Iterator[torch.Tensor]:
        """Probability of each phone, (n, phones) a piece, of a voice (T,) at `SAMPLE_RATE`: T // HOP + 1 in all."""
        for mel, count in windows(samples):
            yield self(mel)[0, CONTEXT : CONTEXT + count].softmax(-1)
