"""Weights that ship with an engine: safetensors files and a manifest that says what each is and where it is from.

Values are stored as float16, or as int8 with a scale for each row, and used as float32.
"""

import json
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from safetensors.torch import load
from torch import Tensor, nn

from contracts.errors import WeightsMissing

#: Name of the manifest: a JSON object, file name -> the fields of `WeightFile`.
MANIFEST = "manifest.json"
#: Ends the name of the scales (rows,) of an int8 tensor (rows, ...).
SCALE = ".scale"

_REMEDY = "Install the package again, or restore this folder from its repository."


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightFile:
    """One entry of a manifest.

    Attributes:
        sha256: of the file's bytes, in hexadecimal.
        licence: SPDX identifier.
        source: where the values came from.
        recipe: how the file was made from that.
        scores: how well it does what it is for, by measure.
    """

    sha256: str
    licence: str
    source: str
    recipe: str
    scores: dict[str, float] = field(default_factory=dict)


def read_manifest(folder: Path) -> dict[str, WeightFile]:
    """The weight files of a folder, by name.

    Raises:
        WeightsMissing: when there is no manifest, or one that cannot be read.
    """
    try:
        entries = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        return {name: WeightFile(**entry) for name, entry in entries.items()}
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise WeightsMissing(
            f"the manifest of the weights cannot be read: {folder / MANIFEST}", remedy=_REMEDY
        ) from error


def load_weights(network: nn.Module, folder: Path, name: str) -> None:
    """Fill a network from one file, verified against the manifest, and set it to inference.

    Args:
        network: takes exactly the tensors of the file: same names, same shapes.
        folder: holds the file and its manifest.
        name: the file's name in the manifest.

    Raises:
        WeightsMissing: when the file is absent, differs from its manifest or does not fit the network.
    """
    tensors = _as_float(_verified(folder, name))
    try:
        network.load_state_dict(tensors, strict=True)
    except RuntimeError as error:
        raise WeightsMissing(f"{name} does not fit its network", remedy=_REMEDY) from error
    network.eval().requires_grad_(False)


def _as_float(stored: dict[str, Tensor]) -> dict[str, Tensor]:
    tensors = {key: tensor.float() for key, tensor in stored.items() if not key.endswith(SCALE)}
    for key, scale in stored.items():
        if key.endswith(SCALE) and (scaled := key.removesuffix(SCALE)) in tensors:
            rows = tensors[scaled]
            tensors[scaled] = rows * scale.float().reshape(-1, *(1 for _ in rows.shape[1:]))
    return tensors


def _verified(folder: Path, name: str) -> dict[str, Tensor]:
    entry = read_manifest(folder).get(name)
    if entry is None:
        raise WeightsMissing(f"{name} is not in the manifest of {folder}", remedy=_REMEDY)
    try:
        content = (folder / name).read_bytes()
    except OSError as error:
        raise WeightsMissing(f"{folder / name} cannot be read", remedy=_REMEDY) from error
    if sha256(content).hexdigest() != entry.sha256:
        raise WeightsMissing(f"{folder / name} differs from its manifest", remedy=_REMEDY)
    return load(content)
