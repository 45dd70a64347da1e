"""Every engine there is, ready to be loaded: its class, and a folder with the files that it needs.

Weights are generated, so mouths are noise; all that the contract asks for is seen all the same.
"""

import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import torch

from engines.articulate.engine import Articulate
from engines.base import Engine
from engines.musetalk.engine import MuseTalkEngine
from engines.wav2lip.engine import Wav2LipEngine
from engines.wav2lip.network import Layout, Wav2Lip
from tests.engines.generated_weights import fill
from tests.engines.musetalk.folders import write_folder
from tests.engines.tutorial import write_package
from tests.trivial_engine.trivial_engine import TrivialEngine

#: Makes a folder ready and gives the engine that is loaded from it.
Prepare = Callable[[Path], type[Engine]]


def _nothing(engine: type[Engine]) -> Prepare:
    return lambda folder: engine


def _wav2lip(folder: Path) -> type[Engine]:
    fill(network := Wav2Lip(Layout.SMALL))
    torch.save(network.state_dict(), folder / "any.pth")
    return Wav2LipEngine


def _flap(folder: Path) -> type[Engine]:
    sys.path.append(str(write_package(folder)))
    try:
        engine: type[Engine] = import_module("flap").Flap
    finally:
        sys.path.pop()
    return engine


def _musetalk(folder: Path) -> type[Engine]:
    write_folder(folder)
    return MuseTalkEngine


#: By name; what comes with the project, and what others may write.
ENGINES: dict[str, Prepare] = {
    "articulate": _nothing(Articulate),
    "flap": _flap,
    "musetalk": _musetalk,
    "trivial": _nothing(TrivialEngine),
    "wav2lip": _wav2lip,
}
