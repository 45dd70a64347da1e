"""The folder of checkpoints as it is published: which file is where."""

from dataclasses import dataclass
from pathlib import Path

from contracts.engines import Need
from engines.needs import require_files

_VAE_FOLDERS, _WHISPER_FOLDERS = ("sd-vae", "sd-vae-ft-mse"), ("whisper", "whisper-tiny")

_SIZES = "config.json"
UNET = ("musetalkV15/unet.pth", "musetalkV15/unet.safetensors")
UNET_SIZES = ("musetalkV15/musetalk.json",)
VAE = tuple(
    f"{folder}/diffusion_pytorch_model.{ending}" for folder in _VAE_FOLDERS for ending in ("safetensors", "bin")
)
VAE_SIZES = tuple(f"{folder}/{_SIZES}" for folder in _VAE_FOLDERS)
WHISPER = tuple(
    f"{folder}/{name}" for folder in _WHISPER_FOLDERS for name in ("model.safetensors", "pytorch_model.bin")
)
WHISPER_SIZES = tuple(f"{folder}/{_SIZES}" for folder in _WHISPER_FOLDERS)

_OF_MUSETALK = "any purpose, commercial too (README); CreativeML OpenRAIL-M (model card)"
_FROM_MUSETALK = "https://huggingface.co/TMElyralab/MuseTalk"
_FROM_VAE = "https://huggingface.co/stabilityai/sd-vae-ft-mse"
_FROM_WHISPER = "https://huggingface.co/openai/whisper-tiny"
_OF_WHISPER = "MIT (OpenAI's repository); Apache-2.0 (model card)"
NEEDS = (
    Need(
        what="the UNet",
        paths=UNET,
        licence=_OF_MUSETALK,
        source=_FROM_MUSETALK,
        sha256=("7ebf6c98c181e20838e4c0054e96e944ac60d5d692cc01db42839fe11b787007",),  # pragma: allowlist secret
    ),
    Need(
        what="the UNet's configuration",
        paths=UNET_SIZES,
        licence=_OF_MUSETALK,
        source=_FROM_MUSETALK,
        sha256=("5b6923aee04d71692e0e9846c471e0a4ea07a4f686d39545e472bd4ba17e1b47",),  # pragma: allowlist secret
    ),
    Need(
        what="the auto-encoder",
        paths=VAE,
        licence="MIT",
        source=_FROM_VAE,
        sha256=(
            "a1d993488569e928462932c8c38a0760b874d166399b14414135bd9c42df5815",  # pragma: allowlist secret
            "1b4889b6b1d4ce7ae320a02dedaeff1780ad77d415ea0d744b476155c6377ddc",  # pragma: allowlist secret
        ),
    ),
    Need(
        what="the auto-encoder's configuration",
        paths=VAE_SIZES,
        licence="MIT",
        source=_FROM_VAE,
        sha256=("92d3dfb746fca211a2c9e019e285f8597412211728dce3c5bcf4eda0f2d62e7e",),  # pragma: allowlist secret
    ),
    Need(
        what="Whisper",
        paths=WHISPER,
        licence=_OF_WHISPER,
        source=_FROM_WHISPER,
        sha256=(
            "7ebd0e69e78190ffe1438491fa05cc1f5c1aa3a4c4db3bc1723adbb551ea2395",  # pragma: allowlist secret
            "9607f98a2b22d9e229ae43c52ecea79dcede9e0c5cfae67e8da6eda86d8aac1d",  # pragma: allowlist secret
        ),
    ),
    Need(
        what="Whisper's configuration",
        paths=WHISPER_SIZES,
        licence=_OF_WHISPER,
        source=_FROM_WHISPER,
        sha256=("ffdccec4f3211f4c63310f2b7098f309fe70f3952cedc5e4d11e43f5b2379b98",),  # pragma: allowlist secret
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """The weights of each network, and the file that states its sizes."""

    unet: Path
    unet_sizes: Path
    vae: Path
    vae_sizes: Path
    whisper: Path
    whisper_sizes: Path


def files_in(folder: Path) -> Files:
    """Find the files.

    Raises:
        WeightsMissing: naming all that are not there.
    """
    require_files(NEEDS, folder)
    unet, vae, whisper = (_first(folder, paths) for paths in (UNET, VAE, WHISPER))
    return Files(
        unet=unet,
        unet_sizes=_first(folder, UNET_SIZES),
        vae=vae,
        vae_sizes=vae.with_name(_SIZES),
        whisper=whisper,
        whisper_sizes=whisper.with_name(_SIZES),
    )


def _first(folder: Path, paths: tuple[str, ...]) -> Path:
    """The first of several forms of a file: they hold the same."""
    return next(folder / path for path in paths if (folder / path).is_file())
