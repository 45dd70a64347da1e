"""The network of Wav2Lip (Prajwal et al., 2020, "A Lip Sync Expert Is All You Need", arXiv:2008.10010).

Two encoders and a decoder with skips: a face whose lower half is blank, another of the same person, and a fifth of a
second of speech give the face saying it. Two layouts of it are published; they differ in depth, not in kind.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from itertools import pairwise
from typing import Self

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

#: Mel bands and columns of one window of speech.
BANDS, COLUMNS = 80, 16
_FACE_WIDTHS = (16, 32, 64, 128, 256, 512, 512)


class Layout(IntEnum):
    """A published layout, named by the side of the face it draws, in pixels."""

    SMALL = 96
    LARGE = 256


@dataclass(frozen=True, slots=True)
class _Shape:
    """What tells the layouts apart.

    Attributes:
        widths: channels after each of the face encoder's blocks.
        repeats: residual layers that follow the first one of each block, from the outside in.
        core: side of the face encoder's last map but one, in pixels, which its last block folds into one.
        decoder_widths, decoder_repeats: the same of the decoder's blocks, from the inside out.
    """

    widths: tuple[int, ...]
    repeats: tuple[int, ...]
    core: int
    decoder_widths: tuple[int, ...]
    decoder_repeats: tuple[int, ...]


_SHAPES = {
    Layout.SMALL: _Shape(
        _FACE_WIDTHS, (0, 2, 3, 2, 2, 1), 3, (512, 512, 512, 384, 256, 128, 64), (0, 1, 2, 2, 2, 2, 2)
    ),
    Layout.LARGE: _Shape(
        (*_FACE_WIDTHS, 512),
        (0, 2, 3, 2, 2, 1, 1),
        4,
        (512, 512, 512, 512, 384, 256, 128, 64),
        (0, 1, 1, 2, 2, 2, 2, 2),
    ),
}
#: Channels and stride of the speech encoder's layers; where the stride is 1 and the channels stay, a layer is residual.
_SPEECH = (
    (32, (1, 1)),
    (32, (1, 1)),
    (32, (1, 1)),
    (64, (3, 1)),
    (64, (1, 1)),
    (64, (1, 1)),
    (128, (3, 3)),
    (128, (1, 1)),
    (128, (1, 1)),
    (256, (3, 2)),
    (256, (1, 1)),
)


class _Layer(nn.Module):
    """Convolution, normalisation, and, where `is_residual`, what came in; then ReLU."""

    def __init__(self, convolution: nn.Conv2d | nn.ConvTranspose2d, *, is_residual: bool = False) -> None:
        super().__init__()
        self.conv_block = nn.Sequential(convolution, nn.BatchNorm2d(convolution.out_channels))
        self._is_residual = is_residual

    def forward(self, given: Tensor) -> Tensor:
        made = self.conv_block(given)
        return torch.relu_(made.add_(given) if self._is_residual else made)

    def fold(self) -> None:
        """Work the normalisation into the convolution."""
        convolution, norm = self.conv_block
        if isinstance(convolution, nn.Conv2d | nn.ConvTranspose2d) and isinstance(norm, nn.BatchNorm2d):
            is_transposed = isinstance(convolution, nn.ConvTranspose2d)
            self.conv_block = nn.Sequential(fuse_conv_bn_eval(convolution, norm, transpose=is_transposed))


def _plain(before: int, after: int, side: int, stride: int | tuple[int, int] = 1, padding: int = 0) -> _Layer:
    return _Layer(nn.Conv2d(before, after, side, stride, padding))


def _residual(width: int) -> _Layer:
    return _Layer(nn.Conv2d(width, width, 3, 1, 1), is_residual=True)


class Wav2Lip(nn.Module):
    """The generator, parameter for parameter as in the public checkpoints.

    Args:
        layout: which of the published layouts.
    """

    def __init__(self, layout: Layout) -> None:
        super().__init__()
        shape = _SHAPES[layout]
        self.layout = layout
        self.face_encoder_blocks = nn.ModuleList(_face_blocks(shape))
        self.audio_encoder = nn.Sequential(*_speech_layers())
        self.face_decoder_blocks = nn.ModuleList(_decoder_blocks(shape))
        skipped = shape.decoder_widths[-1] + shape.widths[0]
        self.output_block = nn.Sequential(_plain(skipped, 32, 3, 1, 1), nn.Conv2d(32, 3, 1), nn.Sigmoid())

    def forward(self, speech: Tensor, faces: Tensor) -> Tensor:
        """Draw faces that say something.

        Args:
            speech: float (B, 1, 80, 16), mel windows in [-4, 4].
            faces: float (B, 6, S, S) BGR in [0, 1]: the face with its lower half 0, then one whole.

        Returns:
            Float (B, 3, S, S) BGR in [0, 1].
        """
        return self.draw(self.hear(speech), self.look(faces))

    def draw(self, heard: Tensor, seen: Sequence[Tensor], first: int = 0) -> Tensor:
        """Draw faces from row `first` on.

        Only what these rows depend on is computed: they are what they are in a whole face.

        Args:
            heard: what `hear` gave.
            seen: what `look` gave.
            first: 0 .. S - 1.

        Returns:
            Float (B, 3, S - first, S) BGR in [0, 1].
        """
        made, row = heard, 0
        begins = _begins(_SHAPES[self.layout], first)
        for block, skipped, begin in zip(self.face_decoder_blocks, reversed(seen), begins, strict=True):
            made = block(made)
            # Where rows were cut off above, the block has doubled those that are missing.
            row *= 2
            made = torch.cat((made[:, :, begin - row :], skipped[:, :, begin:]), dim=1)
            row = begin
        drawn: Tensor = self.output_block(made)
        return drawn[:, :, first - row :]

    def fold(self) -> Self:
        """Work all normalisation into the convolutions, for speed: afterwards it takes no checkpoint any more."""
        for layer in self.modules():
            if isinstance(layer, _Layer):
                layer.fold()
        return self

    def hear(self, speech: Tensor) -> Tensor:
        """The speech's embedding, float (B, 512, 1, 1)."""
        heard: Tensor = self.audio_encoder(speech)
        return heard

    def look(self, faces: Tensor) -> list[Tensor]:
        """The faces' maps from fine to coarse; the last one, float (B, 512, 1, 1), is their embedding."""
        maps = []
        for block in self.face_encoder_blocks:
            faces = block(faces)
            maps.append(faces)
        return maps


def _face_blocks(shape: _Shape) -> list[nn.Sequential]:
    first = nn.Sequential(_plain(6, shape.widths[0], 7, 1, 3))
    halving = [
        nn.Sequential(_plain(before, after, 3, 2, 1), *(_residual(after) for _ in range(repeats)))
        for (before, after), repeats in zip(pairwise(shape.widths[:-1]), shape.repeats[1:], strict=True)
    ]
    width = shape.widths[-1]
    return [first, *halving, nn.Sequential(_plain(width, width, shape.core), _plain(width, width, 1))]


def _speech_layers() -> list[_Layer]:
    layers, before = [], 1
    for after, stride in _SPEECH:
        layers.append(_residual(after) if after == before else _plain(before, after, 3, stride, 1))
        before = after
    return [*layers, _plain(before, 512, 3), _plain(512, 512, 1)]


def _decoder_blocks(shape: _Shape) -> list[nn.Sequential]:
    """Each block's input is what the one before made beside the encoder's map of the same size."""
    seen, made = tuple(reversed(shape.widths)), shape.decoder_widths
    inputs = [before + skipped for before, skipped in zip(made, seen, strict=True)]
    unfolding = nn.ConvTranspose2d(inputs[0], made[1], shape.core)
    doubling = [
        nn.ConvTranspose2d(before, after, 3, 2, 1, output_padding=1)
        for before, after in zip(inputs[1:], made[2:], strict=False)
    ]
    blocks = [nn.Sequential(_plain(seen[0], made[0], 1))]
    for first, repeats in zip([unfolding, *doubling], shape.decoder_repeats[1:], strict=True):
        blocks.append(nn.Sequential(_Layer(first), *(_residual(first.out_channels) for _ in range(repeats))))
    return blocks


def _begins(shape: _Shape, first: int) -> list[int]:
    """The first row that is needed of what each of the decoder's blocks makes, to draw faces from row `first` on."""
    row = max(first - 1, 0)
    begins = [row]
    for repeats in reversed(shape.decoder_repeats[2:]):
        # Where a map is cut off, each residual layer spoils one more row below.
        row = max(row - repeats, 0) // 2
        begins.insert(0, row)
    return [0, *begins]
