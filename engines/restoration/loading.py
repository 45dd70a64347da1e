"""Which enhancement there is: what the operator put into the folder of face restoration, or what is built in."""

import logging
from pathlib import Path

import torch

from contracts.errors import WeightsMissing
from engines.checkpoint import read_tensors
from engines.restoration.base import Enhancer
from engines.restoration.built_in import BuiltIn
from engines.restoration.published import PUBLISHED
from engines.restoration.restorer import Restorer

#: Name of the folder among those of the engines.
FOLDER = "restoration"

logger = logging.getLogger(__name__)
#: Files beside a checkpoint that tell of it.
_NOTES = {".md", ".txt"}


def load_enhancer(device: torch.device, folder: Path) -> Enhancer:
    """Load what makes faces clearer.

    Args:
        device: where a network is to run.
        folder: holds one checkpoint of GFPGAN, RestoreFormer or CodeFormer, or none.

    Returns:
        The network's enhancement; the built-in one when the folder is empty or absent.

    Raises:
        WeightsMissing: when there are several files, or the one is no such checkpoint.
    """
    path = checkpoint_in(folder)
    if path is None:
        return BuiltIn()
    tensors = read_tensors(path)
    # Imported only here: spandrel's networks take memory that a worker without a checkpoint does not need.
    from engines.restoration.networks import network_of

    network = network_of(tensors, path, device)
    licence = PUBLISHED[network.name].licence
    logger.info("enhancer loaded network=%s file=%s licence=%r", network.name, path.name, licence)
    return Restorer(network, f"{network.name}: restores the face ({licence})")


def checkpoint_in(folder: Path) -> Path | None:
    """The checkpoint in a folder; None when there is none. Hidden files and notes (.md, .txt) do not count.

    Raises:
        WeightsMissing: when there are several.
    """
    found = sorted(folder.iterdir()) if folder.is_dir() else []
    files = [path for path in found if not path.name.startswith(".") and path.suffix.lower() not in _NOTES]
    if len(files) > 1:
        raise WeightsMissing(
            f"{folder} holds {len(files)} files: {', '.join(path.name for path in files[:5])}",
            remedy="Leave the one checkpoint there that is to restore faces, and move the others elsewhere.",
        )
    return files[0] if files else None
