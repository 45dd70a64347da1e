"""Generators with weights made by a rule, loaded once for all tests."""

from functools import lru_cache

import torch

from engines.wav2lip.generator import Generator
from engines.wav2lip.network import Layout, Wav2Lip
from tests.engines.generated_weights import fill


@lru_cache
def network(layout: Layout = Layout.SMALL) -> Wav2Lip:
    """As a checkpoint fills it."""
    made = Wav2Lip(layout)
    fill(made)
    return made


@lru_cache
def generator(layout: Layout = Layout.SMALL) -> Generator:
    """On the CPU."""
    own = Wav2Lip(layout)
    own.load_state_dict(network(layout).state_dict())
    return Generator(own.eval().requires_grad_(False), torch.device("cpu"))
