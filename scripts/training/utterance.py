"""A spoken sentence whose phones are known."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engines.articulate.phones import SILENCE, TimedPhone


@dataclass(frozen=True, slots=True, kw_only=True)
class Utterance:
    """Speech as float32 mono (N,) at `rate` Hz, and its phones in order of time."""

    samples: NDArray[np.float32]
    rate: int
    phones: tuple[TimedPhone, ...]


def split_evenly(phones: Sequence[int], start_s: float, end_s: float) -> Iterable[TimedPhone]:
    """The phones of one symbol (a diphthong, an affricate) share its time; none means silence."""
    parts = tuple(phones) or (SILENCE,)
    edges = np.linspace(start_s, end_s, len(parts) + 1)
    for phone, start, end in zip(parts, edges[:-1], edges[1:], strict=True):
        yield TimedPhone(phone=phone, start_s=float(start), end_s=float(end))
