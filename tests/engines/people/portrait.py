"""The sample portrait and its landmarks, found once for all tests."""

from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from engines.people.faces import FaceFinder
from engines.people.shape import KEPT
from engines.stills import read_still

PORTRAIT = Path(__file__).resolve().parents[3] / "samples" / "portrait.png"
VOICE = PORTRAIT.parent / "voice-austen.wav"


@lru_cache
def picture() -> NDArray[np.uint8]:
    """Uint8 RGB (512, 512, 3): a woman who smiles, her teeth seen."""
    return read_still(PORTRAIT)


@lru_cache
def landmarks() -> NDArray[np.float32]:
    """Float32 (468, 2)."""
    return FaceFinder(torch.device("cpu")).find(picture())[0].landmarks


def points() -> NDArray[np.float64]:
    """The points that rendering uses, float64 (P, 2)."""
    return landmarks()[list(KEPT)].astype(np.float64)
