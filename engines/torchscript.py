"""Tensors out of a TorchScript archive, without loading the program in it.

`torch.jit.load` runs code of the archive's. Its object tree is a pickle, though, in which every module is an object of
a class in `__torch__` with a dict as its state; here those become plain dicts, tensors are rebuilt from their storages,
and anything else that the pickle calls for is refused.
"""

import io
import pickle  # nosec B403 - of its Unpickler only a restricted subclass is used
import zipfile
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import torch
from torch import Tensor

_SCRIPTED = "__torch__"
#: Far more than networks have: a module may lie in several others, so a small tree can have names without number.
_MOST_MODULES = 100_000
_STORED = {
    "FloatStorage": torch.float32,
    "DoubleStorage": torch.float64,
    "HalfStorage": torch.float16,
    "BFloat16Storage": torch.bfloat16,
    "LongStorage": torch.int64,
    "IntStorage": torch.int32,
    "BoolStorage": torch.bool,
    "ByteStorage": torch.uint8,
}


class _Module(dict[str, object]):
    """What a module's state becomes."""

    def __setstate__(self, state: Mapping[str, object]) -> None:
        self.update(state)


def is_torchscript(path: Path) -> bool:
    """Whether a zip archive holds a TorchScript program."""
    with zipfile.ZipFile(path) as archive:
        return any(name.endswith("/constants.pkl") for name in archive.namelist())


def read_torchscript(path: Path) -> dict[str, Tensor]:
    """Parameters and buffers by their dotted names, on the CPU.

    Raises:
        pickle.UnpicklingError: when the object tree calls for anything but modules and tensors.
        zipfile.BadZipFile, ValueError: when the archive is damaged.
    """
    with zipfile.ZipFile(path) as archive:
        tree = next((name for name in archive.namelist() if name.endswith("/data.pkl")), None)
        if tree is None:
            raise ValueError("the archive has no data.pkl")
        try:
            found = _Reader(archive, tree).load()
        except (KeyError, TypeError, AttributeError, IndexError) as fault:
            raise ValueError(f"its object tree is damaged: {fault}") from fault
    return dict(_tensors(found, "", iter(range(_MOST_MODULES))))


def _tensors(found: object, prefix: str, visits: Iterator[int]) -> Iterator[tuple[str, Tensor]]:
    if next(visits, None) is None:
        raise ValueError("its modules hold one another without end")
    if isinstance(found, Mapping):
        for name, value in found.items():
            if isinstance(value, Tensor):
                yield f"{prefix}{name}", value
            elif isinstance(value, _Module):
                yield from _tensors(value, f"{prefix}{name}.", visits)


class _Reader(pickle.Unpickler):
    """Unpickles modules, tensors and plain values; `torch` itself is never asked to make anything else."""

    def __init__(self, archive: zipfile.ZipFile, tree: str) -> None:
        super().__init__(io.BytesIO(archive.read(tree)))
        self._archive = archive
        self._folder = tree.rpartition("/")[0]
        self._storages: dict[str, Tensor] = {}

    def find_class(self, module: str, name: str) -> Callable[..., object] | torch.dtype:
        """What a name of the pickle stands for."""
        if module.split(".")[0] == _SCRIPTED:
            return _Module
        if module == "torch" and name in _STORED:
            return _STORED[name]
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _rebuilt
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if module == "torch.jit._pickle":
            return _listed
        raise pickle.UnpicklingError(f"it calls for {module}.{name}")

    def persistent_load(self, pid: tuple[str, torch.dtype, str, str, int]) -> Tensor:
        """A storage: its values as a flat tensor; read once, however many tensors share it."""
        _, kind, key, _, count = pid
        if key not in self._storages:
            values = bytearray(self._archive.read(f"{self._folder}/data/{key}"))
            self._storages[key] = (
                torch.frombuffer(values, dtype=kind, count=count) if count else torch.empty(0, dtype=kind)
            )
        return self._storages[key]


def _rebuilt(storage: Tensor, offset: int, size: tuple[int, ...], stride: tuple[int, ...], *_rest: object) -> Tensor:
    # No copy, as a stride of 0 makes a large one of a small file.
    return torch.as_strided(storage, size, stride, offset)


def _listed(values: object) -> object:
    """Typed lists and dicts of TorchScript are plain ones here."""
    return values
