"""A folder of MuseTalk's checkpoints, of random weights: sizes and names are those of the published ones."""

import json
from pathlib import Path

import torch
from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL
from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
from transformers.models.whisper.configuration_whisper import WhisperConfig
from transformers.models.whisper.modeling_whisper import WhisperEncoder

Sizes = dict[str, object]

UNET: Sizes = {
    "attention_head_dim": 8,
    "block_out_channels": [320, 640, 1280, 1280],
    "cross_attention_dim": 384,
    "down_block_types": ["CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"],
    "in_channels": 8,
    "out_channels": 4,
    "sample_size": 64,
    "up_block_types": ["UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D"],
}
VAE: Sizes = {
    "block_out_channels": [128, 256, 512, 512],
    "down_block_types": ["DownEncoderBlock2D"] * 4,
    "in_channels": 3,
    "latent_channels": 4,
    "layers_per_block": 2,
    "out_channels": 3,
    "sample_size": 256,
    "up_block_types": ["UpDecoderBlock2D"] * 4,
}
WHISPER: Sizes = {
    "d_model": 384,
    "encoder_attention_heads": 6,
    "encoder_ffn_dim": 1536,
    "encoder_layers": 4,
    "max_source_positions": 1500,
    "num_mel_bins": 80,
}


def write(folder: Path, unet: Sizes = UNET, vae: Sizes = VAE, whisper: Sizes = WHISPER) -> None:
    """Write it, by default of 4 GB."""
    torch.manual_seed(0)
    _save(folder, "musetalkV15/unet.pth", UNet2DConditionModel(**unet))
    _save(folder, "sd-vae/diffusion_pytorch_model.bin", AutoencoderKL(**vae))
    _save(folder, "whisper/pytorch_model.bin", WhisperEncoder(WhisperConfig.from_dict(whisper)), "model.encoder.")
    for name, stated in {"musetalkV15/musetalk": unet, "sd-vae/config": vae, "whisper/config": whisper}.items():
        (folder / f"{name}.json").write_text(json.dumps(stated), encoding="utf-8")


def _save(folder: Path, name: str, network: torch.nn.Module, prefix: str = "") -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save({f"{prefix}{key}": value for key, value in network.state_dict().items()}, path)
