"""Folders as MuseTalk's are published, of networks small enough to be made and run in a moment."""

import json
from pathlib import Path

import torch
from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL
from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
from safetensors.torch import save_file
from torch import Tensor
from transformers.models.whisper.configuration_whisper import WhisperConfig
from transformers.models.whisper.modeling_whisper import WhisperForConditionalGeneration

from tests.engines.musetalk.published import UNET_SIZES, VAE_SIZES, WHISPER_SIZES

Sizes = dict[str, object]

SMALL_UNET: Sizes = UNET_SIZES | {
    "block_out_channels": [16, 32],
    "cross_attention_dim": 16,
    "attention_head_dim": 4,
    "norm_num_groups": 8,
    "layers_per_block": 1,
    "down_block_types": ["CrossAttnDownBlock2D", "DownBlock2D"],
    "up_block_types": ["UpBlock2D", "CrossAttnUpBlock2D"],
}
SMALL_VAE: Sizes = VAE_SIZES | {"block_out_channels": [8, 8, 16, 16], "norm_num_groups": 4, "layers_per_block": 1}
SMALL_WHISPER: Sizes = WHISPER_SIZES | {
    "d_model": 16,
    "encoder_layers": 2,
    "decoder_layers": 1,
    "encoder_attention_heads": 2,
    "decoder_attention_heads": 2,
    "encoder_ffn_dim": 32,
    "decoder_ffn_dim": 32,
    "vocab_size": 51865,
}
#: As diffusers named the parts of an attention when the auto-encoder was published.
_OF_2022 = {".to_q.": ".query.", ".to_k.": ".key.", ".to_v.": ".value.", ".to_out.0.": ".proj_attn."}


def write_folder(
    folder: Path, unet: Sizes = SMALL_UNET, vae: Sizes = SMALL_VAE, whisper: Sizes = SMALL_WHISPER
) -> Path:
    """Write a folder of random weights, in the containers and under the names of those that are published."""
    torch.manual_seed(7)
    states = {
        "musetalkV15/unet.pth": UNet2DConditionModel(**unet).state_dict(),
        "sd-vae/diffusion_pytorch_model.bin": named_as_in_2022(AutoencoderKL(**vae).state_dict()),
        "whisper/pytorch_model.bin": WhisperForConditionalGeneration(WhisperConfig.from_dict(whisper)).state_dict(),
    }
    sizes = {"musetalkV15/musetalk.json": unet, "sd-vae/config.json": vae, "whisper/config.json": whisper}
    for name, stated in sizes.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(json_text(stated))
    for name, state in states.items():
        torch.save(state, folder / name)
    return folder


def json_text(stated: Sizes) -> str:
    """A configuration as diffusers and transformers write it."""
    return json.dumps(stated, indent=2) + "\n"


def named_as_in_2022(state: dict[str, Tensor]) -> dict[str, Tensor]:
    def before(name: str) -> str:
        for now, then in _OF_2022.items():
            name = name.replace(now, then)
        return name

    return {before(name): tensor for name, tensor in state.items()}


def as_safetensors(path: Path, into: Path) -> None:
    """Write a checkpoint again in the other container that is published."""
    into.parent.mkdir(exist_ok=True)
    state = torch.load(path, weights_only=True)
    save_file({name: tensor.clone().contiguous() for name, tensor in state.items()}, into)
