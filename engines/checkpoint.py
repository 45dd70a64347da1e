"""Checkpoints that others have published: read without running anything in them, and fitted to a network exactly.

Four containers: safetensors; PyTorch's archive and its older plain file, by `torch.load` that admits tensors alone; and
TorchScript, of which only the tensors are read (`engines.torchscript`). A training checkpoint gives its `state_dict`,
or `params_ema` or `params`, as some call the averaged and the last tensors; names lose the `module.` that training on
several GPUs puts before them.
"""

import pickle  # nosec B403 - its faults are told apart; nothing is unpickled by it
import zipfile
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from contracts.errors import WeightsMissing
from engines.torchscript import is_torchscript, read_torchscript

#: Where training checkpoints keep the network, the best first.
_STATES, _PREFIX = ("state_dict", "params_ema", "params"), "module."
_MOST_NAMED = 3
#: How a page begins that was saved in a file's stead.
_PAGES = (b"<!doctype", b"<html", b"<?xml", b"<head")


def read_tensors(path: Path) -> dict[str, Tensor]:
    """Read the tensors of a checkpoint into memory, by name, on the CPU.

    Raises:
        WeightsMissing: when there is no such file, or it is no checkpoint, damaged, or holds more than tensors.
    """
    start = _start_of(path)
    try:
        found = _read(path, start)
    except pickle.UnpicklingError as fault:
        raise WeightsMissing(
            f"{named(path)} is no checkpoint, or holds more than tensors and plain values, which is not loaded",
            remedy=f"{_again(path)} If it is right, have its publisher save it as safetensors.",
        ) from fault
    except Exception as fault:  # A damaged pickle may raise anything.
        raise WeightsMissing(f"{named(path)} is damaged or cut short", remedy=_again(path)) from fault
    tensors = _state_of(found)
    if not tensors or any(tensor.is_meta for tensor in tensors.values()):
        what = "tensors without values" if tensors else "no tensors"
        raise WeightsMissing(f"{named(path)} holds {what}", remedy=f"Put the file of the network itself at {path}.")
    return tensors


def _start_of(path: Path) -> bytes:
    """The first bytes of a file that may be a checkpoint."""
    try:
        with path.open("rb") as file:
            start = file.read(64)
    except OSError as fault:
        raise WeightsMissing(
            f"{named(path)} cannot be read: {fault.strerror}", remedy=f"Put the file at {path}."
        ) from fault
    if not start:
        raise WeightsMissing(f"{named(path)} is empty", remedy=_again(path))
    if start.lstrip().lower().startswith(_PAGES):
        raise WeightsMissing(
            f"{named(path)} is a web page, not a checkpoint",
            remedy="The download gave a page to confirm or to sign in on: download the file itself with a browser, and "
            f"put it at {path}.",
        )
    return start


def _read(path: Path, start: bytes) -> object:
    if start[8:9] == b"{":
        return load_file(path)
    if zipfile.is_zipfile(path):
        _require_plain(path)
        if is_torchscript(path):
            return read_torchscript(path)
    return torch.load(path, map_location="cpu", weights_only=True)


def _require_plain(path: Path) -> None:
    """See that an archive's tensors take no more memory than its file: they are never compressed, nor laid over others.

    Raises:
        ValueError: when they are.
    """
    with zipfile.ZipFile(path) as archive:
        # The program of TorchScript is compressed, and not read.
        read = sum(entry.file_size for entry in archive.infolist() if "/code/" not in entry.filename)
    if read > path.stat().st_size:
        raise ValueError(f"the archive unpacks to {read} bytes")


def _state_of(found: object) -> dict[str, Tensor]:
    """The tensors of what a file holds, under the network's own names."""
    state = found if isinstance(found, Mapping) else {}
    state = next((state[name] for name in _STATES if isinstance(state.get(name), Mapping)), state)
    tensors = {str(name): value for name, value in state.items() if isinstance(value, Tensor)}
    is_prefixed = bool(tensors) and all(name.startswith(_PREFIX) for name in tensors)
    return {name.removeprefix(_PREFIX) if is_prefixed else name: value for name, value in tensors.items()}


def fit(network: nn.Module, tensors: Mapping[str, Tensor], path: Path) -> None:
    """Fill a network and set it to inference; values of another precision are brought to the network's own.

    Args:
        network: takes exactly these tensors, and keeps them; made on the `meta` device, it takes no memory before.
        tensors: what `read_tensors` gave.
        path: where they are from, to name it.

    Raises:
        WeightsMissing: when names, shapes or kinds of numbers differ, with what differs.
    """
    own = network.state_dict()
    shared = [(name, tensors[name], value) for name, value in own.items() if name in tensors]
    differing = [
        f"{name} is {_shape(tensor)} instead of {_shape(value)}"
        for name, tensor, value in shared
        if tensor.shape != value.shape
    ]
    unlike = [
        f"{name} is {_kind(tensor)} instead of {_kind(value)}"
        for name, tensor, value in shared
        if value.is_floating_point() and not tensor.is_floating_point()
    ]
    said = [
        _counted("lacks", [name for name in own if name not in tensors]),
        _counted("has beside them", [name for name in tensors if name not in own]),
        _counted("differs in shape", differing),
        _counted("differs in kind", unlike),
    ]
    if any(said):
        raise WeightsMissing(
            f"{named(path)} is of another layout: {'; '.join(filter(None, said))}",
            remedy=f"Put a checkpoint of a layout that the engine's documentation lists at {path}.",
        )
    network.load_state_dict(
        {name: tensor.to(own[name].dtype) for name, tensor in tensors.items()}, strict=True, assign=True
    )
    network.eval().requires_grad_(False)


def _shape(tensor: Tensor) -> str:
    return "x".join(map(str, tensor.shape)) or "one number"


def _kind(tensor: Tensor) -> str:
    return str(tensor.dtype).removeprefix("torch.")


def _counted(what: str, found: list[str]) -> str:
    """How many there are, and the first of them."""
    if not found:
        return ""
    more = ", …" if len(found) > _MOST_NAMED else ""
    return f"it {what} {len(found)} tensors ({', '.join(found[:_MOST_NAMED])}{more})"


def named(path: Path) -> str:
    """A file as clients may read of it: without where this service keeps its folders."""
    return f"{path.parent.name}/{path.name}"


def _again(path: Path) -> str:
    return f"Download it to {path} again, and compare its size and SHA-256 with those that its publisher states."
