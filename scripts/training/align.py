"""Say when each phone of a text is spoken: the likeliest course through its phones, by what a network heard."""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from engines.articulate.phones import RATE_HZ, SILENCE, TimedPhone

#: What a silence between two phones costs, in nats.
_PAUSE = 6.0
_LEAST = 1e-4
#: Below this mean probability of its own phones a text is not what is said.
_SURE = 0.3


def align(phones: list[int], presence: NDArray[np.float32]) -> tuple[TimedPhone, ...]:
    """Time the phones of a text.

    Args:
        phones: what is said, in order, without silences.
        presence: probability of each phone at each frame of `RATE_HZ`, (N, phones).

    Returns:
        Phones and the silences between them, without overlap; () where the text is not what is heard.
    """
    states = [SILENCE]
    for phone in phones:
        states += [phone, SILENCE]
    course = _course(np.array(states), np.log(np.maximum(presence, _LEAST)))
    if course is None:
        return ()
    named = np.array(states)[course]
    spoken = named != SILENCE
    if not spoken.any() or presence[np.arange(len(named)), named][spoken].mean() < _SURE:
        return ()
    edges = np.flatnonzero(np.diff(course, prepend=-1, append=-1))
    return tuple(
        TimedPhone(phone=states[course[start]], start_s=start / RATE_HZ, end_s=end / RATE_HZ)
        for start, end in pairwise(edges.tolist())
    )


def _course(states: NDArray[np.int64], heard: NDArray[np.float32]) -> NDArray[np.int64] | None:
    """The state at each frame, by Viterbi's algorithm: states follow one another, and silences may be left out."""
    if len(heard) < len(states) // 2 * 2:
        return None
    silent = states == SILENCE
    emitted = heard[:, states]  # (N, S)
    best = np.full(len(states), -np.inf)
    best[:2] = emitted[0, :2]
    came = np.zeros(emitted.shape, np.int8)  # how many states back
    entering = np.where(silent, -_PAUSE, 0.0)
    for frame in range(1, len(emitted)):
        step = np.concatenate([[-np.inf], best[:-1]]) + entering
        skip = np.concatenate([[-np.inf, -np.inf], best[:-2]])
        skip[silent] = -np.inf
        options = np.stack([best, step, skip])
        came[frame] = options.argmax(0)
        best = options.max(0) + emitted[frame]
    at = len(states) - (1 if best[-1] >= best[-2] else 2)
    if not np.isfinite(best[at]):
        return None
    course = np.empty(len(emitted), np.int64)
    for frame in range(len(emitted) - 1, -1, -1):
        course[frame] = at
        at -= int(came[frame, at])
    return course
