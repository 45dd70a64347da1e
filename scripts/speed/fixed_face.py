"""A face that is always at one place, for measuring what is left of a job when nobody looks for faces."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from engines.analysis import load_analysis, save_analysis
from engines.base import Engine, Frame
from engines.people.faces import ALONE, Admit, Aim, Bystanders, Face, FaceFinder, Landmarks, Pick, anyone

_FINDER = "_finder"


class FixedFace(FaceFinder):
    """Sees one face at the same place in every frame, without looking.

    Args:
        face: what it says it sees.
    """

    def __init__(self, face: Face) -> None:
        self._face = face

    def find(self, frame: Frame) -> list[Face]:
        """The face."""
        return [self._face]

    def follow(
        self,
        frames: Iterable[Frame],
        picks: Sequence[Pick],
        admit: Admit = anyone,
        bystanders: Bystanders = ALONE,
        aim: Aim | None = None,
    ) -> Iterator[tuple[Face | None, ...]]:
        """The face for the first speaker, nobody for the others, in each frame."""
        nobody = (None,) * (len(picks) + bystanders.most - 1)
        for _ in frames:
            yield (self._face, *nobody)


def keep(face: Face, path: Path) -> None:
    """Write a face to a file."""
    np.savez(path, box=face.box, score=face.score, landmarks=face.landmarks, relief=_relief(face))


def _relief(face: Face) -> Landmarks:
    if face.relief is None:
        raise ValueError("the face has no relief, by which people are known again")
    return face.relief


def look_nowhere(engine: Engine, path: Path) -> None:
    """Have an engine see the face of a file in every frame.

    Raises:
        AttributeError: when the engine has no finder of faces.
    """
    with np.load(path) as kept:
        x0, y0, x1, y1 = kept["box"].tolist()
        face = Face(
            box=(x0, y0, x1, y1),
            score=float(kept["score"]),
            landmarks=kept["landmarks"],
            relief=kept["relief"],
        )
    getattr(engine, _FINDER)
    setattr(engine, _FINDER, FixedFace(face))


def drive_always(path: Path) -> None:
    """Have an analysis drive its face in every frame: what passes behind a face that stands still looks like a hand."""
    saved = load_analysis(path)
    tensors = {
        name: np.ones_like(array) if name.endswith(".strength") else array
        for name, array in saved.analysis.tensors.items()
    }
    save_analysis(replace(saved, analysis=replace(saved.analysis, tensors=tensors)), path)
