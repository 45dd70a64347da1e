"""All that drawing one speaker needs beside the frames, and its form as named arrays."""

from collections.abc import Mapping
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from contracts.errors import EngineFault
from contracts.jobs import Side


@dataclass(frozen=True, slots=True, kw_only=True)
class FacePlan:
    """One speaker: where the face is in N source frames, and what it says in T output frames.

    Attributes:
        shown: int32 (T,), the source frame of each output frame.
        boxes: int32 (N, 4), left, top, right and bottom in pixels, within the picture; what is cut out and put back.
        outlines: float32 (N, K, 2), corners of what may change within the box, in pixels; see `paste.paste`.
        strength: float32 (N,), 0..1, how fully each source frame is driven; 0 where no face is.
        grain: float32 (N,), standard deviation of the picture's noise, 0..1.
        speech: what is heard, as the engine has it; of any shape and dtype.
        begins: int64 (T,), where in `speech` the window of each output frame begins.
        points: float32 (N, P, 2), kept mesh points in pixels, where the face is to be enhanced; else (N, 0, 2).
        presence: float32 (N,), 0..1, how fully the face is enhanced in each source frame.
    """

    shown: NDArray[np.int32]
    boxes: NDArray[np.int32]
    outlines: NDArray[np.float32]
    strength: NDArray[np.float32]
    grain: NDArray[np.float32]
    speech: NDArray[np.generic]
    begins: NDArray[np.int64]
    points: NDArray[np.float32]
    presence: NDArray[np.float32]


_DTYPES = {
    "shown": np.int32,
    "boxes": np.int32,
    "outlines": np.float32,
    "strength": np.float32,
    "grain": np.float32,
    "begins": np.int64,
    "points": np.float32,
    "presence": np.float32,
}


def pack(plans: Mapping[Side, FacePlan]) -> dict[str, NDArray[np.generic]]:
    """Name the arrays of each speaker."""
    return {
        f"{side}.{field.name}": getattr(plan, field.name) for side, plan in plans.items() for field in fields(FacePlan)
    }


def unpack(tensors: Mapping[str, NDArray[np.generic]]) -> dict[Side, FacePlan]:
    """Undo `pack`; the speakers come from left to right.

    Raises:
        EngineFault: when arrays are missing.
    """
    present = {name.partition(".")[0] for name in tensors}
    sides = [side for side in Side if side in present]
    if not sides:
        raise EngineFault("the analysis lacks a speaker")
    return {side: _plan(side, tensors) for side in sides}


def _plan(side: Side, tensors: Mapping[str, NDArray[np.generic]]) -> FacePlan:
    try:
        found = {field.name: tensors[f"{side}.{field.name}"] for field in fields(FacePlan)}
    except KeyError as error:
        raise EngineFault(f"the analysis lacks {error}") from error
    typed = {name: array.astype(_DTYPES.get(name, array.dtype), copy=False) for name, array in found.items()}
    return FacePlan(**typed)
