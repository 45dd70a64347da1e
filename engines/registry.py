"""Engines by name, over the `mouthpiece.engines` entry points, so that an installed package can add one.

An entry point names a function `load(device: torch.device) -> Engine`; it is imported only when its engine is
asked for.
"""

from importlib.metadata import entry_points

import torch

from contracts.errors import EngineFault, EngineUnknown
from contracts.settings import Device
from engines.base import Engine

GROUP = "mouthpiece.engines"


def names() -> list[str]:
    """Names of all installed engines, sorted."""
    return sorted(entry_points(group=GROUP).names)


def load(name: str, device: torch.device) -> Engine:
    """Load an engine and its weights.

    Raises:
        EngineUnknown: when no installed package offers the name.
        WeightsMissing: when its files are absent or damaged.
    """
    found = entry_points(group=GROUP, name=name)
    if not found:
        raise EngineUnknown(f"no engine named {name!r}", remedy=f"Installed engines: {', '.join(names())}.")
    engine: Engine = next(iter(found)).load()(device)
    return engine


def choose_device(wanted: Device) -> torch.device:
    """The device that a setting means: `auto` is the first GPU when there is one.

    Raises:
        EngineFault: when a GPU is asked for and there is none.
    """
    if wanted == "cuda" and not torch.cuda.is_available():
        raise EngineFault(
            "no GPU, but the setting asks for one", remedy="Install the GPU's driver, or set MOUTHPIECE_DEVICE=auto."
        )
    if wanted == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    return torch.device(wanted)
