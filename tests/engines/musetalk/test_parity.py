"""The networks against the published layouts, and against what the public code answers for weights made by a rule."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL
from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
from torch import nn
from transformers.models.whisper.configuration_whisper import WhisperConfig
from transformers.models.whisper.modeling_whisper import WhisperEncoder

from engines.musetalk.ear import Ear
from tests.engines.generated_weights import fill, normal
from tests.engines.musetalk.published import UNET_SIZES, VAE_SIZES, WHISPER_SIZES

pytestmark = pytest.mark.unit

TOLERANCE = 1e-3
Layout = dict[str, tuple[list[int], str]]


def layout_of(network: nn.Module, prefix: str = "") -> Layout:
    return {
        prefix + name: (list(value.shape), str(value.dtype).removeprefix("torch."))
        for name, value in network.state_dict().items()
    }


def published(path: Path, prefix: str = "") -> Layout:
    layout = json.loads(path.read_text())
    return {name: (shape, dtype) for name, (shape, dtype) in layout.items() if name.startswith(prefix)}


def differing(found: torch.Tensor, expected: np.ndarray) -> float:
    return float(np.abs(found.numpy() - expected).max() / np.abs(expected).max())


@pytest.fixture(autouse=True)
def no_gradients() -> Iterator[None]:
    with torch.inference_mode():
        yield


@pytest.fixture(scope="module")
def vae() -> AutoencoderKL:
    network: AutoencoderKL = AutoencoderKL(**VAE_SIZES)
    fill(network)
    return network


@pytest.fixture(scope="module")
def encoder() -> WhisperEncoder:
    """Whisper's encoder under the names that it has in all of Whisper, which the rule makes the weights of."""
    network = WhisperEncoder(WhisperConfig.from_dict(WHISPER_SIZES))
    whole = nn.Module()
    whole.encoder = network
    fill(whole)
    return network


def test_the_unets_tensors_have_the_published_names_places_shapes_and_types(parity: Path) -> None:
    with torch.device("meta"):
        own = layout_of(UNet2DConditionModel(**UNET_SIZES))

    assert own == published(parity / "musetalk_unet.keys.json")
    assert list(own) == list(published(parity / "musetalk_unet.keys.json"))


def test_the_auto_encoders_tensors_have_the_published_names_places_shapes_and_types(
    vae: AutoencoderKL, parity: Path
) -> None:
    own = layout_of(vae)

    assert own == published(parity / "sd_vae.keys.json")
    assert list(own) == list(published(parity / "sd_vae.keys.json"))


def test_whispers_tensors_have_the_published_names_places_shapes_and_types(
    encoder: WhisperEncoder, parity: Path
) -> None:
    own = layout_of(encoder, "encoder.")

    assert own == published(parity / "whisper_tiny.keys.json", "encoder.")
    assert list(own) == list(published(parity / "whisper_tiny.keys.json", "encoder."))


@pytest.mark.timeout(300)
def test_the_unet_answers_as_the_public_code_does(parity: Path) -> None:
    with torch.device("meta"):
        network = UNet2DConditionModel(**UNET_SIZES)
    network = network.to_empty(device="cpu")
    fill(network)

    drawn = network(normal(5, (1, 8, 32, 32)), torch.tensor([0]), normal(6, (1, 50, 384))).sample

    assert differing(drawn, np.load(parity / "musetalk_unet.npz")["out"]) < TOLERANCE


def test_the_auto_encoder_answers_as_the_public_code_does(vae: AutoencoderKL, parity: Path) -> None:
    expected = np.load(parity / "sd_vae.npz")

    mode = vae.encode(normal(7, (1, 3, 64, 64))).latent_dist.mode()
    picture = vae.decode(normal(8, (1, 4, 8, 8))).sample

    assert differing(mode, expected["enc_mode"]) < TOLERANCE
    assert differing(picture, expected["dec"]) < TOLERANCE


def test_whisper_hears_what_the_public_code_hears(encoder: WhisperEncoder, parity: Path) -> None:
    samples = np.load(parity / "wav2lip_mel.npz")["radio31_wav"]
    expected = np.load(parity / "whisper_tiny.npz")
    ear = Ear(encoder)

    spectrogram = ear.log_mel(samples)
    heard = ear.hear(samples)

    assert differing(spectrogram[0, :, :820], expected["logmel"].reshape(80, 820)) < TOLERANCE
    assert heard.shape == (1500, 5, 384)
    assert differing(heard[:40], expected["hidden_first40"][0]) < TOLERANCE
