"""What makes faces clearer, as engines call it."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from engines.base import Frame, Waiting


def unwatched() -> None:
    """Nobody asks for signs of life."""


class Enhancer(Protocol):
    """Makes one face of one frame clearer; depends on nothing but its arguments, so that reruns are equal."""

    #: What it is and under which licence, in a line.
    summary: str

    def enhance(
        self,
        frame: Frame,
        points: NDArray[np.float64],
        grain: float,
        share: float = 1.0,
        alive: Waiting = unwatched,
    ) -> Frame:
        """Make a face clearer.

        Args:
            frame: uint8 RGB (H, W, 3); not changed.
            points: the face's kept points (P, 2), steadied, in pixels.
            grain: standard deviation of the picture's noise, 0..1.
            share: 0..1, how much of the change is made.
            alive: called at least every second of work; raises to stop it.

        Returns:
            A new picture, the same as `frame` in every pixel outside the face's oval; `frame` itself where there is
            nothing to change.
        """
        ...
