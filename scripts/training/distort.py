"""Changes to log-mel frames that keep the phones: cheap variety, new at every step of the training."""

import torch
from torch.nn import functional

#: (log-mel (B, MELS, N), phones (B, N) int64)
Batch = tuple[torch.Tensor, torch.Tensor]


def distort(batch: Batch) -> Batch:
    """Warp time and frequency, tilt and colour the spectrum, let the level drift, raise the floor of noise."""
    mel, phones = _warped(*batch)
    return _over_noise(_coloured(mel)), phones


def masked(mel: torch.Tensor) -> torch.Tensor:
    """Blank a few bands and a few short moments of normalised log-mel (SpecAugment, Park et al. 2019)."""
    count, bands, frames = mel.shape
    kept = torch.ones_like(mel)
    for index in range(count):
        band, height = int(torch.randint(0, bands - 8, ())), int(torch.randint(0, 9, ()))
        moment, length = int(torch.randint(0, frames - 10, ())), int(torch.randint(0, 11, ()))
        kept[index, band : band + height] = 0
        kept[index, :, moment : moment + length] = 0
    return mel * kept


def _warped(mel: torch.Tensor, phones: torch.Tensor) -> Batch:
    """Slower and faster speech by up to a fifth, other throats: one bilinear look-up over time and frequency."""
    count, bands, frames = mel.shape
    drift = _curve(count, 6, frames, 0.12).cumsum(-1) / frames  # (B, 1, N)
    moments = torch.linspace(-1, 1, frames) + drift - drift.mean(-1, keepdim=True)
    moments = moments.clamp(-1, 1).squeeze(1)  # (B, N)
    throat = torch.exp(torch.randn(count, 1) * 0.05)
    heights = (torch.linspace(0, 2, bands) * throat - 1).clamp(-1, 1)  # (B, MELS)
    across = moments[:, None, :].expand(-1, bands, -1)
    grid = torch.stack([across, heights[:, :, None].expand_as(across)], -1)  # (B, MELS, N, 2)
    warped = functional.grid_sample(mel[:, None], grid, align_corners=True, padding_mode="border")
    nearest = ((moments + 1) * (frames - 1) / 2).round().long()
    return warped.squeeze(1), phones.gather(1, nearest)


def _coloured(mel: torch.Tensor) -> torch.Tensor:
    count, bands, frames = mel.shape
    colour = _curve(count, 7, bands, 0.8).transpose(1, 2)  # (B, MELS, 1)
    return mel + colour + _curve(count, 5, frames, 0.6)


def _over_noise(mel: torch.Tensor) -> torch.Tensor:
    count, bands, _ = mel.shape
    below_peak = 4 + 14 * torch.rand(count, 1, 1)
    level = mel.amax((1, 2), keepdim=True) - below_peak + _curve(count, 5, bands, 0.9).transpose(1, 2)
    return torch.logaddexp(mel, level + 0.5 * torch.randn_like(mel))


def _curve(count: int, knots: int, length: int, size: float) -> torch.Tensor:
    """Smooth random curves, (count, 1, length), of standard deviation `size` at their knots."""
    return functional.interpolate(torch.randn(count, 1, knots) * size, size=length, mode="linear", align_corners=True)
