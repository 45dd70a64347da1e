"""For the eye: the face under every driver side by side, as a sheet of stills and as a video with its sound."""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from engines import join
from engines.base import Frame
from engines.encode import encode_segment
from engines.media import VideoSource
from scripts.quality.takes import Place

_PANEL, _STILL = 288, 176
_STILLS = 10
_WHITE, _BLACK = (255, 255, 255), (0, 0, 0)


class Panel:
    """One video's face in a square.

    Args:
        label: written into its corner.
        path: the video.
        place: where its face is.
    """

    def __init__(self, label: str, path: Path, place: Place) -> None:
        self._label = label
        self._place = place
        self._video = VideoSource(path)

    @property
    def fps(self) -> Fraction:
        """Frames per second."""
        return self._video.fps

    def __len__(self) -> int:
        return len(self._video)

    def frames(self, numbers: NDArray[np.int32], side: int) -> Iterator[Frame]:
        """These frames' squares, uint8 RGB (side, side, 3), labelled."""
        scale = side / self._place.side
        shift = side / 2 - np.array(self._place.middle) * scale
        matrix = np.array([[scale, 0, shift[0]], [0, scale, shift[1]]])
        for frame in self._video.frames_at(numbers, self._video.size):
            square = np.asarray(cv2.warpAffine(frame, matrix, (side, side), flags=cv2.INTER_LINEAR), np.uint8)
            for colour, thickness in ((_BLACK, 3), (_WHITE, 1)):
                cv2.putText(square, self._label, (6, 16), cv2.FONT_HERSHEY_SIMPLEX, 0.45, colour, thickness)
            yield square


def write_sheet(panels: Sequence[Panel], out: Path) -> None:
    """Write a picture with a row for each panel: the same moments, evenly spread."""
    numbers = np.linspace(0, min(map(len, panels)) - 1, _STILLS + 2).round().astype(np.int32)[1:-1]
    rows = [np.hstack(list(panel.frames(numbers, _STILL))) for panel in panels]
    cv2.imwrite(str(out), cv2.cvtColor(np.vstack(rows), cv2.COLOR_RGB2BGR))


def write_side_by_side(panels: Sequence[Panel], voice: Path, out: Path) -> None:
    """Write a video of all panels next to each other, with the sound that drove them."""
    numbers = np.arange(min(map(len, panels)), dtype=np.int32)
    columns = zip(*(panel.frames(numbers, _PANEL) for panel in panels), strict=True)
    silent = out.with_suffix(".silent.mp4")
    fps = panels[0].fps
    encode_segment((np.hstack(squares) for squares in columns), fps, (_PANEL * len(panels), _PANEL), silent)
    join.publish([silent], voice, float(len(numbers) / fps), out, lambda _fraction: None)
    silent.unlink()
