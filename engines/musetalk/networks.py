"""The three networks of MuseTalk, of the sizes that the published folder states, filled from its files.

They are those of diffusers and transformers; nothing is fetched, and no file is read but those of the folder.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import torch
from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL
from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
from torch import Tensor, nn
from transformers.models.whisper.configuration_whisper import WhisperConfig
from transformers.models.whisper.modeling_whisper import WhisperEncoder

from contracts.errors import WeightsMissing
from engines.checkpoint import fit, named, read_tensors
from engines.musetalk.folder import Files

Network = TypeVar("Network", bound=nn.Module)

#: Names that diffusers gave the parts of an attention until 2023, and those that it gives them now.
_RENAMED = {".query.": ".to_q.", ".key.": ".to_k.", ".value.": ".to_v.", ".proj_attn.": ".to_out.0."}
#: Whisper's files hold the decoder too, and some of them the head; the encoder's names begin with one of these.
_ENCODERS = ("model.encoder.", "encoder.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Networks:
    """The networks, loaded.

    Attributes:
        unet: draws latents from latents and speech.
        vae: makes latents of pictures, and pictures of latents.
        encoder: hears speech.
    """

    unet: UNet2DConditionModel
    vae: AutoencoderKL
    encoder: WhisperEncoder

    @property
    def dtype(self) -> torch.dtype:
        """What they compute in."""
        return next(self.unet.parameters()).dtype


def load_networks(files: Files, device: torch.device) -> Networks:
    """Load the networks, in single precision on a CPU, elsewhere in half.

    Raises:
        WeightsMissing: when a file is damaged, or of another layout than the one it should go with.
    """
    dtype = torch.float32 if device.type == "cpu" else torch.float16
    unet = _loaded(files.unet_sizes, files.unet, _unet, lambda tensors: tensors)
    vae = _loaded(files.vae_sizes, files.vae, _vae, renamed)
    encoder = _loaded(files.whisper_sizes, files.whisper, _encoder, encoders_own)
    hears, wants = encoder.config.d_model, unet.config["cross_attention_dim"]
    if hears != wants:
        raise WeightsMissing(
            f"{named(files.whisper)} hears {hears} numbers at a time, and {named(files.unet)} takes {wants}",
            remedy=f"Put the Whisper that MuseTalk was trained with, whisper-tiny, at {files.whisper}.",
        )
    networks = Networks(unet=unet, vae=vae, encoder=encoder)
    for network in (networks.unet, networks.vae, networks.encoder):
        nn.Module.to(network, device=device, dtype=dtype)
    if device.type != "cpu":
        nn.Module.to(networks.unet, memory_format=torch.channels_last)
        nn.Module.to(networks.vae, memory_format=torch.channels_last)
    return networks


def _loaded(
    sizes: Path,
    weights: Path,
    make: Callable[[dict[str, object]], Network],
    own: Callable[[Mapping[str, Tensor]], Mapping[str, Tensor]],
) -> Network:
    """A network that takes over the memory of its file's tensors: it is large."""
    try:
        with torch.device("meta"):
            network = make(_stated(sizes))
    except (TypeError, ValueError, KeyError, AttributeError, ZeroDivisionError) as fault:
        raise WeightsMissing(
            f"{named(sizes)} states no sizes of such a network: {fault}", remedy=_again(sizes)
        ) from fault
    fit(network, own(read_tensors(weights)), weights)
    return network


def _stated(path: Path) -> dict[str, object]:
    """What a configuration file says of the network itself."""
    try:
        stated = json.loads(path.read_text(encoding="utf-8"))
    except OSError as fault:
        raise WeightsMissing(
            f"{named(path)} cannot be read: {fault.strerror}", remedy=f"Put the file at {path}."
        ) from fault
    except ValueError as fault:
        raise WeightsMissing(f"{named(path)} is damaged, or no JSON file", remedy=_again(path)) from fault
    if not isinstance(stated, dict):
        raise WeightsMissing(f"{named(path)} is no JSON object", remedy=_again(path))
    return {str(name): value for name, value in stated.items() if not str(name).startswith("_")}


def _again(path: Path) -> str:
    return f"Copy it again to {path}, from where the weights beside it are from."


def _unet(stated: dict[str, object]) -> UNet2DConditionModel:
    network: UNet2DConditionModel = UNet2DConditionModel(**stated)
    return network


def _vae(stated: dict[str, object]) -> AutoencoderKL:
    network: AutoencoderKL = AutoencoderKL(**stated)
    return network


def _encoder(stated: dict[str, object]) -> WhisperEncoder:
    return WhisperEncoder(WhisperConfig.from_dict(stated))


def renamed(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors of the auto-encoder under the names of today."""
    return {_name_of_today(name): tensor for name, tensor in tensors.items()}


def _name_of_today(name: str) -> str:
    for before, now in _RENAMED.items():
        name = name.replace(before, now)
    return name


def encoders_own(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Whisper's encoder's own tensors of those of all of Whisper, as the encoder names them."""
    for prefix in _ENCODERS:
        found = {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}
        if found:
            return found
    return dict(tensors)
