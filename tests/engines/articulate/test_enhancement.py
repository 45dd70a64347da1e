"""Which enhancement the engine draws with."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from contracts.errors import WeightsMissing
from engines.articulate.engine import Articulate
from engines.audio import read_speech
from engines.base import Direction, Frame, Timeline, Waiting
from engines.restoration.base import unwatched
from tests.engines.people.portrait import VOICE, picture, points

pytestmark = pytest.mark.unit

CPU = torch.device("cpu")


class Blackening:
    """Tells what it was given by what it draws."""

    summary = "blackens"

    def enhance(
        self,
        frame: Frame,
        points: NDArray[np.float64],
        grain: float,
        share: float = 1.0,
        alive: Waiting = unwatched,
    ) -> Frame:
        alive()
        drawn = frame.copy()
        x, y = points.mean(0).astype(int)
        drawn[y, x] = 0 if 0 < grain < 0.1 and share == 1 else 255
        return drawn


def test_the_enhancement_draws_on_the_speakers_face() -> None:
    engine = Articulate(CPU, Blackening())
    timeline = Timeline(
        fps=Fraction(25),
        source_fps=Fraction(25),
        width=512,
        height=512,
        source_index=np.zeros(25, np.int32),
        is_portrait=True,
    )
    said: list[float] = []

    analysis = engine.analyse([picture()], [read_speech(VOICE)], timeline, Direction(enhance=True), said.append)
    said.clear()
    (frame,) = engine.render_segment([picture()], analysis, 12, said.append)

    x, y = points().mean(0).astype(int)
    assert frame[y - 8 : y + 9, x - 8 : x + 9].max(axis=-1).min() < 90
    assert picture()[y - 8 : y + 9, x - 8 : x + 9].max(axis=-1).min() > 120
    assert said


def test_a_checkpoint_beside_the_engines_folder_is_looked_for(tmp_path: Path) -> None:
    (tmp_path / "restoration").mkdir()
    (tmp_path / "restoration" / "GFPGANv1.4.pth").write_text("<html>")

    with pytest.raises(WeightsMissing, match="is a web page, not a checkpoint"):
        Articulate.load(CPU, tmp_path / "articulate")
