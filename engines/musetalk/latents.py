"""Faces drawn in one step: a face and speech in, the face saying it out.

What the public code does, figure for figure, but for one thing: latents are the mode of what the encoder finds
probable, not drawn from it at random, so that the same input gives the same face.
"""

import math
from collections import OrderedDict
from collections.abc import Sequence
from functools import cache
from hashlib import blake2b
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from engines.base import Frame

if TYPE_CHECKING:
    from engines.musetalk.networks import Networks

#: Side of the faces, in pixels.
SIDE = 256
_LONGEST_WAVE = 10_000.0


class Painter:
    """Draws faces; holds the latents of those it saw last.

    Args:
        networks: loaded.
        kept: how many faces' latents are held.
    """

    def __init__(self, networks: "Networks", kept: int) -> None:
        self._networks = networks
        self._device = next(networks.unet.parameters()).device
        self._seen: OrderedDict[bytes, Tensor] = OrderedDict()
        self._kept = kept

    @torch.inference_mode()
    def draw(self, faces: Sequence[Frame], speech: Tensor) -> Tensor:
        """Begin to draw faces; a GPU is still at it when this returns.

        Args:
            faces: B faces, uint8 RGB (256, 256, 3) each.
            speech: (B, 50, D), what is heard around each one's moment, on the device and as the networks compute.

        Returns:
            Uint8 RGB (B, 256, 256, 3), on the device.
        """
        # Which of several kernels is taken must not depend on what else runs.
        with torch.backends.cudnn.flags(enabled=True, deterministic=True):
            latents = self._latents(faces)
            heard = speech + positions(speech.shape[1], speech.shape[2], speech.device, speech.dtype)
            return self.decode(self.step(latents, heard))

    def _latents(self, faces: Sequence[Frame]) -> Tensor:
        """Latents (B, 8, 32, 32): each face is encoded once, as long as it is remembered.

        A source frame that is shown again, in this segment, another or another job, gives the same face to the last
        bit, and is known by that.
        """
        names = [blake2b(face.data, digest_size=16).digest() for face in faces]
        new = dict(zip(names, faces, strict=True))
        for name in names:
            if name in self._seen:
                self._seen.move_to_end(name)
                new.pop(name, None)
        if new:
            # As many at once as ever: the number could decide the last bits.
            filled = [*new.values(), *[faces[-1]] * (len(faces) - len(new))]
            self._seen |= {name: latents.clone() for name, latents in zip(new, self.encode(filled), strict=False)}
        found = torch.stack([self._seen[name] for name in names])
        while len(self._seen) > max(self._kept, len(faces)):
            self._seen.popitem(last=False)
        return found

    def encode(self, faces: Sequence[Frame]) -> Tensor:
        """Latents of faces, (B, 8, 32, 32): first those of the face without its lower half, then those of all of it."""
        whole = normalised(self._sent(faces)).to(self._networks.dtype)
        upper = whole.clone()
        upper[:, :, SIDE // 2 :] = -1
        return torch.cat([self._mode(upper), self._mode(whole)], dim=1)

    def _sent(self, faces: Sequence[Frame]) -> Tensor:
        pictures = torch.stack([torch.from_numpy(face) for face in faces])
        # From pinned memory they are sent while a GPU still draws the batch before.
        if self._device.type == "cuda":
            return pictures.pin_memory().to(self._device, non_blocking=True)
        return pictures.to(self._device)

    def _mode(self, pictures: Tensor) -> Tensor:
        vae = self._networks.vae
        mode: Tensor = vae.encode(pictures).latent_dist.mode()
        return mode * float(vae.config["scaling_factor"])

    def step(self, latents: Tensor, heard: Tensor) -> Tensor:
        """The one step: latents (B, 8, 32, 32) and speech (B, 50, D) with its positions -> latents (B, 4, 32, 32)."""
        moment = torch.zeros(1, dtype=torch.long, device=latents.device)
        drawn: Tensor = self._networks.unet(latents, moment, encoder_hidden_states=heard).sample
        return drawn

    def decode(self, latents: Tensor) -> Tensor:
        """Pictures of latents (B, 4, 32, 32): uint8 RGB (B, 256, 256, 3)."""
        vae = self._networks.vae
        pictures: Tensor = vae.decode(latents / float(vae.config["scaling_factor"])).sample
        return (pictures.permute(0, 2, 3, 1) * 127.5 + 127.5).clamp(0, 255).round().to(torch.uint8)


def normalised(pictures: Tensor) -> Tensor:
    """Uint8 RGB (B, H, W, 3) as the auto-encoder takes it: float32 (B, 3, H, W) in [-1, 1]."""
    return pictures.permute(0, 3, 1, 2).float().div(127.5).sub(1)


@cache
def positions(count: int, width: int, device: torch.device, dtype: torch.dtype) -> Tensor:
    """The table of places that is added to speech: (count, width), sines and cosines in turn."""
    waves = torch.exp(torch.arange(0, width, 2) * (-math.log(_LONGEST_WAVE) / width))
    angles = torch.arange(count)[:, None] * waves
    return torch.stack([angles.sin(), angles.cos()], dim=2).flatten(1).to(device, dtype)
