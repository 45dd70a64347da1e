"""A small MuseTalk, loaded from a folder as the real one is."""

from pathlib import Path

import pytest
import torch

from engines.musetalk.engine import MuseTalkEngine
from tests.engines.musetalk.folders import write_folder


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as it is published; not to be written to."""
    return write_folder(tmp_path_factory.mktemp("musetalk"))


@pytest.fixture(scope="session")
def engine(folder: Path) -> MuseTalkEngine:
    return MuseTalkEngine.load(torch.device("cpu"), folder)
