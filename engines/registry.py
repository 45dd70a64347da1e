"""Engines by name, over the `mouthpiece.engines` entry points, so that an installed package can add one.

An entry point names a class that follows `engines.base.Engine`; it is imported only when its engine is asked for.
"""

from importlib.metadata import entry_points
from pathlib import Path

import torch

from contracts.engines import EngineInfo, EngineState, read_states, write_states
from contracts.errors import EngineFault, EngineUnknown, MouthpieceError, WeightsMissing
from contracts.settings import Device, Settings
from engines.base import Engine
from engines.memory import give_back
from engines.needs import require_files

GROUP = "mouthpiece.engines"


def names() -> list[str]:
    """Names of all installed engines, sorted."""
    return sorted(entry_points(group=GROUP).names)


def load(name: str, settings: Settings) -> Engine:
    """Load an engine and its weights.

    Args:
        name: of an installed engine.
        settings: where files of engines are, whose terms are accepted, and where engines compute.

    Raises:
        EngineUnknown: when no installed package offers the name.
        WeightsMissing: when its files are absent or damaged, or their terms are not accepted.
        EngineFault: when a GPU is asked for and there is none, or the package offers something else than an engine.
    """
    engine = _class(name)
    folder = settings.models_dir / name
    _require_usable(engine.info, folder, settings)
    loaded = engine.load(choose_device(settings.device), folder)
    # What a file was read through is not needed again.
    give_back()
    return loaded


def state(name: str, settings: Settings) -> EngineState:
    """How an engine stands on this machine, as far as can be told without reading its weights."""
    info = None
    try:
        info = _class(name).info
        _require_usable(info, settings.models_dir / name, settings)
    except MouthpieceError as fault:
        return EngineState(name=name, info=info, fault=str(fault), remedy=fault.remedy)
    return EngineState(name=name, info=info)


def _class(name: str) -> type[Engine]:
    found = entry_points(group=GROUP, name=name)
    if not found:
        raise EngineUnknown(f"no engine named {name!r}", remedy=f"Installed engines: {', '.join(names())}.")
    try:
        engine: type[Engine] = next(iter(found)).load()
    except Exception as fault:
        # Somebody else's package may fail in any way, and is to be named; its words may tell of paths.
        raise EngineFault(
            f"the engine {name!r} does not load: {type(fault).__name__}",
            remedy=f"It says: {fault}. Install its package again, with all that it depends on.",
        ) from fault
    if not isinstance(getattr(engine, "info", None), EngineInfo) or not isinstance(engine, type):
        raise EngineFault(
            f"the engine {name!r} does not load: its entry point is no class with an `info`",
            remedy="Have its package follow engines/base.py.",
        )
    _require_told(name, engine.info)
    return engine


def _require_told(name: str, info: EngineInfo) -> None:
    """See that the API can be told of an engine: one package's slip would hide all other engines of this host."""
    state = EngineState(name=name, info=info)
    try:
        is_same = read_states(write_states([state])) == (state,)
    except (TypeError, ValueError):
        is_same = False
    if not is_same:
        raise EngineFault(
            f"the engine {name!r} does not load: a field of its `info` is of another type than it should be",
            remedy="Have its package follow contracts/engines.py, where lists are tuples.",
        )


def _require_usable(info: EngineInfo, folder: Path, settings: Settings) -> None:
    if info.notice and info.name not in settings.accept_licences:
        raise WeightsMissing(
            f"the terms of the weights of {info.name!r} are not accepted: {info.notice.rstrip('.')}",
            remedy=f"If you may use them so, set MOUTHPIECE_ACCEPT_LICENCES={_accepting(info.name, settings)}.",
        )
    require_files(info.needs, folder)


def _accepting(name: str, settings: Settings) -> str:
    return ",".join(sorted({*settings.accept_licences, name}))


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
