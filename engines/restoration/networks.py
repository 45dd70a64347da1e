"""Face-restoration networks out of published checkpoints, by spandrel.

GFPGAN (Wang et al., "Towards Real-World Blind Face Restoration with Generative Facial Prior", 2021), RestoreFormer
(Wang et al., 2022) and CodeFormer (Zhou et al., 2022). spandrel tells from the names of the tensors which one it is and
brings the first two; CodeFormer, whose licence is no free one, comes with its package of further networks.
"""

from collections.abc import Mapping
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch
from spandrel import MAIN_REGISTRY, ImageModelDescriptor, ModelDescriptor, UnsupportedModelError
from torch import Tensor, nn

from contracts.errors import WeightsMissing
from engines.base import Waiting
from engines.restoration.alignment import Picture
from engines.restoration.base import unwatched
from engines.restoration.published import PUBLISHED

_FURTHER = "spandrel_extra_arches"
#: A tensor that tells CodeFormer where spandrel does not know it.
_CODEFORMER_S = "idx_pred_layer.1.weight"
#: Before all names in checkpoints of RestoreFormer's own training, which hold tensors of the training beside them.
_PREFIX = "vqvae."


#: What networks are called with beside the face: GFPGAN draws noise anew each time unless told not to.
_ARGUMENTS: Mapping[str, Mapping[str, object]] = {
    "GFPGAN": {"randomize_noise": False, "return_rgb": False},
    "CodeFormer": {"weight": 0.5},
}
_KNOWN = "GFPGAN, RestoreFormer or CodeFormer"
_REMEDY = f"Give a checkpoint of {_KNOWN} as it was published, or empty the folder for the built-in enhancement."


class Network:
    """A loaded network.

    Args:
        network: float32 RGB (1, 3, 512, 512) in -1..1 to a tuple that begins with the like.
        name: in `PUBLISHED`.
        device: where the network is.
    """

    def __init__(self, network: nn.Module, name: str, device: torch.device) -> None:
        self.name = name
        self._network, self._device = network, device
        self._arguments = _ARGUMENTS.get(name, {})
        self._alive = unwatched
        for part in network.modules():
            part.register_forward_pre_hook(self._tell)

    def __call__(self, face: Picture, alive: Waiting) -> Picture:
        """Restore one aligned face, float32 RGB (512, 512, 3) in 0..255; the same face gives the same bytes.

        Args:
            face: to be restored.
            alive: called before each layer, of which none takes as long as a second; raises to stop the work.
        """
        self._alive = alive
        given = torch.from_numpy(face).to(self._device).permute(2, 0, 1)[None] / 127.5 - 1  # (1, 3, 512, 512)
        with torch.inference_mode(), torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True):
            drawn: Tensor = self._network(given, **self._arguments)[0][0]  # (3, 512, 512)
        return np.asarray((drawn.clamp(-1, 1).permute(1, 2, 0).cpu().numpy() + 1) * 127.5, dtype=np.float32)

    def _tell(self, _part: nn.Module, _given: object) -> None:
        self._alive()


def network_of(tensors: Mapping[str, Tensor], path: Path, device: torch.device) -> Network:
    """Build and fill the network that a checkpoint is of.

    Args:
        tensors: what `engines.checkpoint.read_tensors` gave.
        path: where they are from, to name it.
        device: where the network is to run.

    Raises:
        WeightsMissing: when it is no face-restoration network, or one that is not known, or incomplete.
    """
    own = {name.removeprefix(_PREFIX): value for name, value in tensors.items() if name.startswith(_PREFIX)}
    found = _recognised(own or tensors, path)
    name = found.architecture.name
    if name not in PUBLISHED or not isinstance(found, ImageModelDescriptor):
        raise WeightsMissing(f"{path} is a {name} network, which does not restore faces", remedy=_REMEDY)
    return Network(found.model.float().eval().requires_grad_(False).to(device), name, device)


def _recognised(tensors: Mapping[str, Tensor], path: Path) -> ModelDescriptor:
    registry = MAIN_REGISTRY.copy()
    if find_spec(_FURTHER):
        registry.add(*import_module(_FURTHER).EXTRA_REGISTRY, ignore_duplicates=True)
    elif _CODEFORMER_S in tensors:
        raise WeightsMissing(
            f"{path} is a CodeFormer network, and the package that draws with it is not installed",
            remedy=f"Install {_FURTHER} beside Mouthpiece on every gpu worker, if CodeFormer's licence "
            f"({PUBLISHED['CodeFormer'].licence}) admits what you do; or give a checkpoint of GFPGAN or RestoreFormer.",
        )
    try:
        return registry.load(dict(tensors))
    except UnsupportedModelError as fault:
        raise WeightsMissing(f"{path} is of no network that restores faces", remedy=_REMEDY) from fault
    except Exception as fault:  # What a network raises that is given too few tensors depends on which are lacking.
        raise WeightsMissing(
            f"{path} is incomplete, or of another layout than its names say: {_first_line(fault)}", remedy=_REMEDY
        ) from fault


def _first_line(fault: Exception) -> str:
    """What a fault says in short, such as the first tensor of a network that is lacking."""
    lines = [line.strip() for line in str(fault).splitlines() if line.strip()]
    return " ".join(lines[:2])[:200]
