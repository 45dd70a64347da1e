"""Full-range BlazeFace: faces from a few pixels across to the whole picture, with six key points each.

The network of Bazarevsky et al., "BlazeFace: Sub-millisecond Neural Face Detection on Mobile GPUs" (2019), in its
full-range form: an encoder of double depthwise blocks, a top-down pyramid back to stride 4, one anchor per cell.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

#: Side of the square input, in pixels.
INPUT_SIZE = 192
#: Side of the grid of anchors.
GRID = 48
#: Key points of each face: right eye, left eye, nose tip, mouth, right ear, left ear.
KEYPOINTS = 6


class Detections(NamedTuple):
    """One candidate per anchor, for B inputs and A = GRID² anchors.

    Attributes:
        scores: float32 (B, A), 0..1.
        boxes: float32 (B, A, 4), centre x, centre y, width, height as fractions of the input's side.
        keypoints: float32 (B, A, 6, 2) as fractions of the input's side.
    """

    scores: Tensor
    boxes: Tensor
    keypoints: Tensor


def _separable(channels: int, out_channels: int, stride: int = 1) -> nn.Sequential:
    """A 3x3 depthwise convolution, then a 1x1 convolution."""
    return nn.Sequential(
        nn.Conv2d(channels, channels, 3, stride, padding=1, groups=channels), nn.Conv2d(channels, out_channels, 1)
    )


class ResidualBlock(nn.Module):
    """Double BlazeBlock: through a narrow middle and back, added to its input."""

    def __init__(self, channels: int, middle: int) -> None:
        super().__init__()
        self.squeeze = _separable(channels, middle)
        self.expand = _separable(middle, channels)

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, channels, H, W) to the same shape."""
        return functional.relu(x + self.expand(functional.relu(self.squeeze(x))))


class EntryBlock(nn.Module):
    """Double BlazeBlock that halves the resolution; it has no shortcut."""

    def __init__(self, channels: int, middle: int, out_channels: int) -> None:
        super().__init__()
        self.squeeze = _separable(channels, middle, stride=2)
        self.expand = _separable(middle, out_channels)

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, channels, H, W) to (B, out_channels, H / 2, W / 2)."""
        return functional.relu(self.expand(functional.relu(self.squeeze(x))))


class Upward(nn.Module):
    """One step of the pyramid: the coarse map, doubled, added to the lateral one, then refined."""

    def __init__(self, coarse: int, channels: int, blocks: int) -> None:
        super().__init__()
        self.project = nn.Conv2d(coarse, channels, 1)
        self.refine = nn.Sequential(*(ResidualBlock(channels, channels // 2) for _ in range(blocks)))

    def forward(self, coarse: Tensor, lateral: Tensor) -> Tensor:
        """Join (B, coarse, H / 2, W / 2) with (B, channels, H, W) into the latter's shape."""
        doubled = functional.interpolate(
            functional.relu(self.project(coarse)), scale_factor=2, mode="bilinear", align_corners=False
        )
        refined: Tensor = self.refine(lateral + doubled)
        return refined


class Head(nn.Module):
    """`outputs` values per anchor, computed at half resolution and shuffled back to the grid."""

    def __init__(self, channels: int, outputs: int) -> None:
        super().__init__()
        self.project = nn.Conv2d(channels, 4 * outputs, 1)
        self.halve = nn.Conv2d(4 * outputs, 4 * outputs, 3, 2, padding=1, groups=4 * outputs)
        self.outputs = outputs

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, channels, H, W) to (B, H * W, outputs), row by row."""
        batch, _, rows, columns = x.shape
        cells: Tensor = self.halve(self.project(x))
        blocks = cells.reshape(batch, 2, 2, self.outputs, rows // 2, columns // 2)
        return blocks.permute(0, 4, 1, 5, 2, 3).reshape(batch, rows * columns, self.outputs)


class FaceDetector(nn.Module):
    """Full-range BlazeFace, for float32 (B, 3, 192, 192) RGB in [-1, 1]."""

    anchors: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 32, 3, 2, padding=1)
        self.stage2 = nn.Sequential(ResidualBlock(32, 8), ResidualBlock(32, 8))
        self.stage4 = nn.Sequential(EntryBlock(32, 16, 64), ResidualBlock(64, 16), ResidualBlock(64, 16))
        self.lateral4 = nn.Conv2d(64, 48, 1)
        self.stage8 = nn.Sequential(EntryBlock(64, 32, 128), ResidualBlock(128, 32), ResidualBlock(128, 32))
        self.lateral8 = nn.Conv2d(128, 64, 1)
        self.stage16 = nn.Sequential(EntryBlock(128, 48, 192), ResidualBlock(192, 48), ResidualBlock(192, 48))
        self.lateral16 = nn.Conv2d(192, 96, 1)
        self.stage32 = nn.Sequential(EntryBlock(192, 96, 384), *(ResidualBlock(384, 96) for _ in range(3)))
        self.up16 = Upward(384, 96, blocks=2)
        self.up8 = Upward(96, 64, blocks=2)
        self.up4 = Upward(64, 48, blocks=1)
        self.score_head = Head(48, 1)
        self.place_head = Head(48, 4 + 2 * KEYPOINTS)
        self.register_buffer("anchors", _anchor_centres(), persistent=False)

    def forward(self, pictures: Tensor) -> Detections:
        """One candidate per anchor of each picture."""
        features = self._pyramid(pictures)
        places = self.place_head(features) / INPUT_SIZE
        scores = torch.sigmoid(self.score_head(features)[..., 0])
        keypoints = places[..., 4:].unflatten(-1, (KEYPOINTS, 2)) + self.anchors[:, None]
        return Detections(scores, torch.cat([places[..., :2] + self.anchors, places[..., 2:4]], -1), keypoints)

    def _pyramid(self, pictures: Tensor) -> Tensor:
        at4 = self.stage4(self.stage2(functional.relu(self.stem(pictures))))
        at8 = self.stage8(at4)
        at16 = self.stage16(at8)
        features: Tensor = self.up16(self.stage32(at16), functional.relu(self.lateral16(at16)))
        features = self.up8(features, functional.relu(self.lateral8(at8)))
        features = self.up4(features, functional.relu(self.lateral4(at4)))
        return features


def _anchor_centres() -> Tensor:
    """Centres of the grid's cells, x then y, row by row: float32 (A, 2) in 0..1."""
    centres = (torch.arange(GRID) + 0.5) / GRID
    rows, columns = torch.meshgrid(centres, centres, indexing="ij")
    return torch.stack([columns, rows], -1).reshape(-1, 2)
