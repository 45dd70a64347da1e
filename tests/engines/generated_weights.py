"""Weights by a rule that depends on a tensor's name and shape alone, as the reference answers were made with."""

import numpy as np
import torch

from scripts.speed.generated_weights import fill

__all__ = ["fill", "normal", "uniform"]


def normal(seed: int, shape: tuple[int, ...]) -> torch.Tensor:
    """Normally distributed values, float32."""
    return torch.from_numpy(np.random.RandomState(seed).standard_normal(shape).astype(np.float32))


def uniform(seed: int, shape: tuple[int, ...]) -> torch.Tensor:
    """Values of [0, 1), float32."""
    return torch.from_numpy(np.random.RandomState(seed).random_sample(shape).astype(np.float32))
