"""The face detector that reference pipelines run on every whole frame, to measure what that costs.

S3FD (Zhang et al., "S3FD: Single Shot Scale-invariant Face Detector", 2017): VGG16 (Simonyan and Zisserman, 2015) with
further layers, and on six maps of it a convolution that scores faces and one that places their boxes. Only the network
is here; turning maps into boxes, which takes time as well, is left out.
"""

import torch
from torch import Tensor, nn
from torch.nn.functional import max_pool2d

#: Channels of VGG16's blocks, and how many convolutions each has.
_BLOCKS = ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))
#: Layers after them: channels before and after, side, stride, padding.
_FURTHER = {
    "fc6": (512, 1024, 3, 1, 3),
    "fc7": (1024, 1024, 1, 1, 0),
    "conv6_1": (1024, 256, 1, 1, 0),
    "conv6_2": (256, 512, 3, 2, 1),
    "conv7_1": (512, 128, 1, 1, 0),
    "conv7_2": (128, 256, 3, 2, 1),
}
#: Maps that are scored, from fine to coarse, and their channels; the finest tells three kinds of background apart.
_SCORED = {
    "conv3_3_norm": 256,
    "conv4_3_norm": 512,
    "conv5_3_norm": 512,
    "fc7": 1024,
    "conv6_2": 512,
    "conv7_2": 256,
}
_BACKGROUNDS = 3


class _Norm(nn.Module):
    """Brings each pixel's channels to length 1, then scales each channel."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))

    def forward(self, given: Tensor) -> Tensor:
        length = given.pow(2).sum(dim=1, keepdim=True).sqrt() + 1e-10
        return given / length * self.weight.view(1, -1, 1, 1)


class S3fd(nn.Module):
    """The network, parameter for parameter as in the public checkpoint."""

    def __init__(self) -> None:
        super().__init__()
        before = 3
        for block, (channels, count) in enumerate(_BLOCKS, 1):
            for number in range(1, count + 1):
                self.add_module(f"conv{block}_{number}", nn.Conv2d(before, channels, 3, 1, 1))
                before = channels
        for name, (channels, after, side, stride, padding) in _FURTHER.items():
            self.add_module(name, nn.Conv2d(channels, after, side, stride, padding))
        for name, channels in _SCORED.items():
            if name.endswith("_norm"):
                self.add_module(name, _Norm(channels))
        for number, (name, channels) in enumerate(_SCORED.items()):
            kinds = 1 + (_BACKGROUNDS if number == 0 else 1)
            self.add_module(f"{name}_mbox_conf", nn.Conv2d(channels, kinds, 3, 1, 1))
            self.add_module(f"{name}_mbox_loc", nn.Conv2d(channels, 4, 3, 1, 1))

    def forward(self, pictures: Tensor) -> list[Tensor]:
        """Look for faces.

        Args:
            pictures: float (B, 3, H, W) BGR, 0..255 less the mean (104, 117, 123).

        Returns:
            For each of six maps, from stride 4 to 128: scores of no face and face (B, 2, h, w), boxes (B, 4, h, w).
        """
        found: list[Tensor] = []
        for name, seen in self._maps(pictures).items():
            scores = self.get_submodule(f"{name}_mbox_conf")(seen)
            if not found:
                background = scores[:, :_BACKGROUNDS].amax(dim=1, keepdim=True)
                scores = torch.cat([background, scores[:, _BACKGROUNDS:]], dim=1)
            found += [scores, self.get_submodule(f"{name}_mbox_loc")(seen)]
        return found

    def _maps(self, given: Tensor) -> dict[str, Tensor]:
        maps: dict[str, Tensor] = {}
        for block, (_, count) in enumerate(_BLOCKS, 1):
            for number in range(1, count + 1):
                given = self._layer(f"conv{block}_{number}", given)
            if (name := f"conv{block}_{count}_norm") in _SCORED:
                maps[name] = self.get_submodule(name)(given)
            given = max_pool2d(given, 2, 2)
        for name in _FURTHER:
            given = self._layer(name, given)
            if name in _SCORED:
                maps[name] = given
        return maps

    def _layer(self, name: str, given: Tensor) -> Tensor:
        made: Tensor = torch.relu(self.get_submodule(name)(given))
        return made
