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
#: Their SHA-256 are known only in part, so none is stated.
NEEDS = (
    Need(what="the UNet", paths=UNET, licence=_OF_MUSETALK, source=_FROM_MUSETALK),
    Need(what="the UNet's configuration", paths=UNET_SIZES, licence=_OF_MUSETALK, source=_FROM_MUSETALK),
    Need(what="the auto-encoder", paths=VAE, licence="MIT", source=_FROM_VAE),
    Need(what="the auto-encoder's configuration", paths=VAE_SIZES, licence="MIT", source=_FROM_VAE),
    Need(what="Whisper", paths=WHISPER, licence="MIT", source=_FROM_WHISPER),
    Need(what="Whisper's configuration", paths=WHISPER_SIZES, licence="MIT", source=_FROM_WHISPER),
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
