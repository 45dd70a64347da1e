"""All that rendering needs of each speaker, and its form as named arrays."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from contracts.errors import EngineFault
from contracts.jobs import Side
from engines.articulate.life import Life
from engines.articulate.sway import Reach
from engines.people.bank import Bank
from engines.people.watch import Watched


@dataclass(frozen=True, slots=True, kw_only=True)
class Performance:
    """What every output frame shows of one speaker.

    Attributes:
        watched: the source as it was seen.
        shown: int32 (T,), the source frame of each output frame.
        poses: float32 (T, 9), see `motion.commands`.
        choices: int32 (T,), see `retrieval.choose`.
        light: float32 (N, 8), steadied.
        presence: float32 (T,), 0 without a face, see `watch.fading`.
        life: what a still picture's face does beside speaking; None in a video.
    """

    watched: Watched
    shown: NDArray[np.int32]
    poses: NDArray[np.float32]
    choices: NDArray[np.int32]
    light: NDArray[np.float32]
    presence: NDArray[np.float32]
    life: Life | None = None


def pack(performances: Mapping[Side, Performance]) -> dict[str, NDArray[np.generic]]:
    """Name the arrays of each speaker."""
    return {
        f"{side}.{name}": array
        for side, performance in performances.items()
        for name, array in _arrays(performance).items()
    }


def unpack(tensors: Mapping[str, NDArray[np.generic]]) -> dict[Side, Performance]:
    """Undo `pack`; the speakers come from left to right.

    Raises:
        EngineFault: when arrays are missing.
    """
    present = {name.partition(".")[0] for name in tensors}
    sides = [side for side in Side if side in present]
    if not sides:
        raise EngineFault("the analysis lacks a speaker")
    return {side: _performance(_of(side, tensors)) for side in sides}


def _arrays(performance: Performance) -> dict[str, NDArray[np.generic]]:
    watched = performance.watched
    life = {} if performance.life is None else _arrays_of_life(performance.life)
    return {
        "points": watched.points,
        "shots": watched.shots,
        "contrast": watched.contrast,
        "clear": watched.clear,
        "fps": np.array([watched.fps]),
        "bank_number": watched.bank.number,
        "bank_place": watched.bank.place,
        "bank_pixels": watched.bank.pixels,
        "shown": performance.shown,
        "poses": performance.poses,
        "choices": performance.choices,
        "light": performance.light,
        "presence": performance.presence,
        **life,
    }


def _arrays_of_life(life: Life) -> dict[str, NDArray[np.generic]]:
    return {
        "lids": life.lids,
        "sway": life.sway,
        "reach_weights": life.reach.weights,
        "reach_scale": np.array([life.reach.step, life.reach.crispness]),
    }


def _life(tensors: Mapping[str, NDArray[np.generic]]) -> Life | None:
    if "lids" not in tensors:
        return None
    step, crispness = tensors["reach_scale"].tolist()
    return Life(
        lids=tensors["lids"].astype(np.float32, copy=False),
        sway=tensors["sway"].astype(np.float32, copy=False),
        reach=Reach(tensors["reach_weights"].astype(np.float32, copy=False), step, crispness),
    )


def _of(side: Side, tensors: Mapping[str, NDArray[np.generic]]) -> dict[str, NDArray[np.generic]]:
    prefix = f"{side}."
    return {name.removeprefix(prefix): array for name, array in tensors.items() if name.startswith(prefix)}


def _performance(tensors: Mapping[str, NDArray[np.generic]]) -> Performance:
    try:
        bank = Bank(
            number=tensors["bank_number"].astype(np.int32, copy=False),
            place=tensors["bank_place"].astype(np.int32, copy=False),
            pixels=tensors["bank_pixels"].astype(np.uint8, copy=False),
        )
        light = tensors["light"].astype(np.float32, copy=False)
        watched = Watched(
            points=tensors["points"].astype(np.float32, copy=False),
            shots=tensors["shots"].astype(np.int32, copy=False),
            light=light,
            contrast=tensors["contrast"].astype(np.float32, copy=False),
            clear=tensors["clear"].astype(np.float32, copy=False),
            bank=bank,
            fps=float(tensors["fps"].astype(np.float64)[0]),
        )
        return Performance(
            watched=watched,
            shown=tensors["shown"].astype(np.int32, copy=False),
            poses=tensors["poses"].astype(np.float32, copy=False),
            choices=tensors["choices"].astype(np.int32, copy=False),
            light=light,
            presence=tensors["presence"].astype(np.float32, copy=False),
            life=_life(tensors),
        )
    except KeyError as error:
        raise EngineFault(f"the analysis lacks {error}") from error
