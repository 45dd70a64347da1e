import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL
from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
from torch import nn
from transformers.models.whisper.configuration_whisper import WhisperConfig
from transformers.models.whisper.modeling_whisper import WhisperEncoder

from scripts.speed.musetalk_weights import UNET, VAE, WHISPER

pytestmark = pytest.mark.unit


def _unet() -> nn.Module:
    network: nn.Module = UNet2DConditionModel(**UNET)
    return network


def _vae() -> nn.Module:
    network: nn.Module = AutoencoderKL(**VAE)
    return network


def _whisper() -> nn.Module:
    return nn.ModuleDict({"encoder": WhisperEncoder(WhisperConfig.from_dict(WHISPER))})


@pytest.mark.parametrize(
    ("name", "part", "make"),
    [("musetalk_unet", "", _unet), ("sd_vae", "", _vae), ("whisper_tiny", "encoder.", _whisper)],
)
def test_its_networks_are_as_large_as_the_published_ones(
    name: str, part: str, make: Callable[[], nn.Module], parity: Path
) -> None:
    published = json.loads((parity / f"{name}.keys.json").read_text())

    with torch.device("meta"):
        own = {key: list(value.shape) for key, value in make().state_dict().items()}

    assert own == {key: shape for key, (shape, _) in published.items() if key.startswith(part)}
