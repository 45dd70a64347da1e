"""Lips as tracks: how far apart and how wide, frame by frame."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engines.base import Frame
from engines.people.casting import admit_by
from engines.people.faces import Face, FaceFinder, inter_ocular_px, most_prominent
from scripts.quality.measures import Flags, Track

_INNER_LIPS = ((82, 87), (13, 14), (312, 317))
_CORNERS = (61, 291)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lips:
    """One mouth in T frames, in each frame's own inter-ocular distance, as poses are.

    Values of frames without a face do not matter.

    Attributes:
        gap: between the inner lips.
        width: between the corners.
        seen: where there is a face.
    """

    gap: Track
    width: Track
    seen: Flags


def lips_of(faces: Sequence[NDArray[np.float32] | None]) -> Lips:
    """Measure the landmarks (468, 2) of each frame; None without a face."""
    seen = np.array([face is not None for face in faces], dtype=bool)
    nothing = np.zeros((468, 2), np.float32)
    marks = np.stack([nothing if face is None else face for face in faces])
    unit = np.where(seen, inter_ocular_px(marks), 1.0)
    gaps = [np.linalg.norm(marks[:, upper] - marks[:, lower], axis=-1) for upper, lower in _INNER_LIPS]
    width = np.linalg.norm(marks[:, _CORNERS[0]] - marks[:, _CORNERS[1]], axis=-1)
    return Lips(gap=np.mean(gaps, axis=0) / unit, width=width / unit, seen=seen)


def followed(
    finder: FaceFinder, frames: Iterable[Frame], mask: NDArray[np.uint8] | None
) -> Iterator[tuple[Frame, NDArray[np.float32] | None]]:
    """Each frame with its speaker's landmarks (468, 2); the finder reads ahead, so frames wait for it."""
    waiting: deque[Frame] = deque()

    def passed_on() -> Iterator[Frame]:
        for frame in frames:
            waiting.append(frame)
            yield frame

    for (face,) in finder.follow(passed_on(), [most_prominent], admit_by(mask)):
        yield waiting.popleft(), _landmarks(face)


def _landmarks(face: Face | None) -> NDArray[np.float32] | None:
    return None if face is None else face.landmarks
