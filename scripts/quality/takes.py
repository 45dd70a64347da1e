"""One run of frames as the judge sees it: its lips, its looks, and what was changed of another run."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from engines.base import Frame
from engines.people.faces import FaceFinder, Landmarks, inter_ocular_px
from engines.people.shape import Floats
from scripts.quality.lips import Lips, followed, lips_of
from scripts.quality.pixels import OPEN_GAP, Look, changed_outside, look_at

#: Side of what is shown of a face, in inter-ocular distances.
_REACH = 2.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The square about a face, in pixels: its middle and its side."""

    middle: tuple[float, float]
    side: float


@dataclass(slots=True)
class Take:
    """What was seen in T frames; grows while they pass.

    Attributes:
        faces: landmarks (468, 2) of each frame, None without a face.
        looks: of each frame, None likewise.
        changed_outside: pixels, over all frames, that differ from the source beyond mouth, jaw and neck.
    """

    faces: list[Landmarks | None] = field(default_factory=list)
    looks: list[Look | None] = field(default_factory=list)
    changed_outside: int = 0

    @property
    def lips(self) -> Lips:
        """The mouth's tracks."""
        return lips_of(self.faces)

    @property
    def place(self) -> Place:
        """The square in which the face mostly is."""
        marks = np.stack([face for face in self.faces if face is not None])
        x, y = np.median(marks.mean(1), axis=0).tolist()
        return Place(middle=(x, y), side=_REACH * float(np.median(inter_ocular_px(marks))))

    def patches(self) -> NDArray[np.float32]:
        """float32 (T, h, w); 0 where no face is."""
        shape = next(look.patch.shape for look in self.looks if look is not None)
        return np.stack([np.zeros(shape, np.float32) if look is None else look.patch for look in self.looks])

    def lip_sharpness(self) -> float:
        """The median frame's."""
        return _median([look.lips for look in self.looks if look is not None])

    def inside_sharpness(self) -> list[float]:
        """Of every frame in which the mouth is open."""
        gaps = self.lips.gap
        return [look.inside for look, gap in zip(self.looks, gaps, strict=True) if look is not None and gap > OPEN_GAP]


def watch_take(
    finder: FaceFinder, frames: Iterable[Frame], mask: NDArray[np.uint8] | None, take: Take
) -> Iterator[Frame]:
    """Pass frames on, and note in `take` what they show."""
    for frame, face in followed(finder, frames, mask):
        take.faces.append(face)
        take.looks.append(None if face is None else look_at(frame, face))
        yield frame


def compare(
    drawn: Iterable[Frame], sources: Iterable[Frame], faces: Iterable[Floats | None], take: Take
) -> Iterator[Frame]:
    """Pass drawn frames on, and count in `take` what differs from their sources where nothing may.

    Args:
        drawn: frames, passed on.
        sources: what each of them was drawn from.
        faces: kept points (P, 2) of the face that the engine drove in each, None where it saw none.
        take: grows.
    """
    for frame, source, points in zip(drawn, sources, faces, strict=True):
        take.changed_outside += changed_outside(source, frame, points)
        yield frame


def _median(values: list[float]) -> float:
    return float(np.median(values)) if values else float("nan")
