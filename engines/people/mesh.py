"""Attention face mesh: 468 landmarks of one face, with lips and eyes refined by their own branches.

Grishchenko et al., "Attention Mesh: High-fidelity Face Mesh Prediction in Real-time" (2020). A trunk predicts the whole
mesh; around its lips and each eye a spatial transformer (Jaderberg et al., 2015) cuts a 16x16 window out of an early
feature map, and a small branch predicts that region again. The iris branches are left out: nothing here needs them.
"""

from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

#: Side of the square input, in pixels.
INPUT_SIZE = 192
#: Landmarks of the mesh.
POINTS = 468

_FEATURE_STRIDE = 4
_WINDOW = 16
_WINDOW_MARGIN = 1.5

# Mesh indices in the order in which each branch predicts them.
LIPS = (
    *(61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291, 185, 40, 39, 37, 0, 267, 269, 270, 409),
    *(78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308, 191, 80, 81, 82, 13, 312, 311, 310, 415),
    *(76, 77, 90, 180, 85, 16, 315, 404, 320, 307, 306, 184, 74, 73, 72, 11, 302, 303, 304, 408),
    *(62, 96, 89, 179, 86, 15, 316, 403, 319, 325, 292, 183, 42, 41, 38, 12, 268, 271, 272, 407),
)
RIGHT_EYE = (
    *(33, 7, 163, 144, 145, 153, 154, 155, 133, 246, 161, 160, 159, 158, 157, 173, 130, 25, 110, 24, 23, 22, 26, 112),
    *(243, 247, 30, 29, 27, 28, 56, 190, 226, 31, 228, 229, 230, 231, 232, 233, 244, 113, 225, 224, 223, 222, 221, 189),
    *(35, 124, 46, 53, 52, 65, 143, 111, 117, 118, 119, 120, 121, 128, 245, 156, 70, 63, 105, 66, 107, 55, 193),
)
LEFT_EYE = (
    *(263, 249, 390, 373, 374, 380, 381, 382, 362, 466, 388, 387, 386, 385, 384, 398, 359, 255, 339, 254, 253, 252),
    *(256, 341, 463, 467, 260, 259, 257, 258, 286, 414, 446, 261, 448, 449, 450, 451, 452, 453, 464, 342, 445, 444),
    *(443, 442, 441, 413, 265, 353, 276, 283, 282, 295, 372, 340, 346, 347, 348, 349, 350, 357, 465, 383, 300, 293),
    *(334, 296, 336, 285, 417),
)


class MeshOutput(NamedTuple):
    """What the network says about B crops.

    Attributes:
        landmarks: float32 (B, 468, 2), x and y in crop pixels, refined lips and eyes included.
        score: float32 (B,), 0..1, how sure the network is that the crop shows a face.
        relief: float32 (B, 468, 3), the unrefined mesh with its depth, in crop pixels.
    """

    landmarks: Tensor
    score: Tensor
    relief: Tensor


class MeshBlock(nn.Module):
    """BlazeBlock with PReLU: depthwise 3x3, pointwise, and a shortcut pooled and zero-padded to fit."""

    def __init__(self, channels: int, out_channels: int, stride: int = 1) -> None:
        super().__init__()
        padding = 1 if stride == 1 else 0
        self.depthwise = nn.Conv2d(channels, channels, 3, stride, padding=padding, groups=channels)
        self.pointwise = nn.Conv2d(channels, out_channels, 1)
        self.activation = nn.PReLU(out_channels)
        self.stride = stride
        self.growth = out_channels - channels

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, channels, H, W) to (B, out_channels, H / stride, W / stride)."""
        shortcut = x if self.stride == 1 else functional.max_pool2d(x, 2)
        shortcut = functional.pad(shortcut, (0, 0, 0, 0, 0, self.growth)) if self.growth else shortcut
        padded = x if self.stride == 1 else _pad_end(x)
        activated: Tensor = self.activation(shortcut + self.pointwise(self.depthwise(padded)))
        return activated


def _pad_end(x: Tensor) -> Tensor:
    # Even sizes at stride 2 were trained with all padding at the right and bottom.
    return functional.pad(x, (0, 1, 0, 1))


def _blocks(*widths: int) -> nn.Sequential:
    """Blocks from each width to the next; the first halves the resolution."""
    pairs = enumerate(pairwise(widths))
    return nn.Sequential(*(MeshBlock(before, after, stride=1 if index else 2) for index, (before, after) in pairs))


class Readout(nn.Module):
    """Squeeze to 32 channels, one more block, and one convolution that covers the whole map."""

    def __init__(self, size: int, outputs: tuple[int, ...]) -> None:
        super().__init__()
        self.squeeze = nn.Sequential(nn.Conv2d(128, 32, 1), nn.PReLU(32))
        self.block = MeshBlock(32, 32)
        self.project = nn.ModuleList(nn.Conv2d(32, count, size) for count in outputs)

    def forward(self, x: Tensor) -> list[Tensor]:
        """Map (B, 128, size, size) to one (B, count) for each count of outputs."""
        squeezed = self.block(self.squeeze(x))
        return [project(squeezed).flatten(1) for project in self.project]


class RegionBranch(nn.Module):
    """One refined region: a window of the feature map around its points in the mesh, turned upright."""

    points: Tensor

    def __init__(self, points: tuple[int, ...], corners: tuple[int, int]) -> None:
        super().__init__()
        self.corners = corners
        self.register_buffer("points", torch.tensor(points), persistent=False)
        self.enter = nn.Sequential(MeshBlock(32, 32), MeshBlock(32, 32), _blocks(32, 64, 64, 64))
        self.deepen = nn.Sequential(_blocks(64, 128, 128, 128), _blocks(128, 128, 128, 128))
        self.readout = Readout(2, (2 * len(points),))

    def forward(self, features: Tensor, mesh: Tensor) -> Tensor:
        """Refined points (B, P, 2) from features (B, 32, 48, 48) and mesh (B, 468, 2); points are in crop pixels."""
        window = self._window(mesh / _FEATURE_STRIDE)
        found = self.readout(self.deepen(self.enter(_cut(features, window))))[0].unflatten(1, (-1, 2))
        refined: Tensor = found @ window[:, :, :2].mT + window[:, None, :, 2] * _FEATURE_STRIDE
        return refined

    def _window(self, mesh: Tensor) -> Tensor:
        """The affine (B, 2, 3) from window units to feature pixels: the region's box, turned with its corners."""
        first, second = (mesh[:, corner] for corner in self.corners)
        angle = torch.atan2(*(second - first).flip(-1).unbind(-1))
        turn = torch.stack([angle.cos(), -angle.sin(), angle.sin(), angle.cos()], -1).reshape(-1, 2, 2)
        upright = mesh[:, self.points] @ turn
        low, high = upright.amin(1), upright.amax(1)
        scale = turn * ((high - low) * (_WINDOW_MARGIN / _WINDOW))[:, None]
        centre = (turn @ ((low + high) / 2)[..., None])[..., 0]
        origin = centre - scale.sum(-1) * (_WINDOW / 2)
        return torch.cat([scale, origin[..., None]], -1)


def _cut(features: Tensor, window: Tensor) -> Tensor:
    """Sample (B, C, 16, 16) windows bilinearly; zero outside the feature map."""
    height, width = features.shape[-2:]
    centres = torch.arange(_WINDOW, device=features.device) + 0.5
    rows, columns = torch.meshgrid(centres, centres, indexing="ij")
    places = torch.stack([columns, rows], -1) @ window[:, None, :, :2].mT + window[:, None, None, :, 2] - 0.5
    last = places.new_tensor([width - 1, height - 1])
    inside = ((places >= 0) & (places <= last)).all(-1)[:, None]
    return functional.grid_sample(features, places / last * 2 - 1, align_corners=True) * inside


class FaceMesh(nn.Module):
    """Attention mesh, for float32 (B, 3, 192, 192) RGB in [0, 1]."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 16, 3, 2), nn.PReLU(16))
        self.early = nn.Sequential(MeshBlock(16, 16), MeshBlock(16, 16), MeshBlock(16, 32, stride=2))
        self.late = nn.Sequential(
            *(MeshBlock(32, 32), MeshBlock(32, 32), _blocks(32, 64, 64, 64), _blocks(64, 128, 128, 128)),
            *(_blocks(128, 128, 128, 128), _blocks(128, 128, 128, 128)),
        )
        self.readout = Readout(3, (3 * POINTS, 1))
        self.lips = RegionBranch(LIPS, corners=(61, 291))
        self.right_eye = RegionBranch(RIGHT_EYE, corners=(33, 133))
        self.left_eye = RegionBranch(LEFT_EYE, corners=(362, 263))

    def forward(self, crops: Tensor) -> MeshOutput:
        """The mesh of each crop."""
        features = self.early(self.stem(_pad_end(crops)))
        mesh, flag = self.readout(self.late(features))
        relief = mesh.unflatten(1, (POINTS, 3))
        coarse = relief[..., :2]
        landmarks = coarse.clone()
        for region in (self.lips, self.right_eye, self.left_eye):
            landmarks[:, region.points] = region(features, coarse)
        return MeshOutput(landmarks, torch.sigmoid(flag[:, 0]), relief)
