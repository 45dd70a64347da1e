"""Which mouth to show between the lips of each frame: the cheapest way through all frames, so that teeth do not jump.

Viterbi's algorithm (Forney, "The Viterbi Algorithm", 1973) within each unbroken stretch of one shot.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engines.people.shape import Floats
from engines.people.stretches import stretches

#: Choices other than a bank entry.
DRAWN, OWN = -1, -2

_DRAWN_COST = 4.0
_OWN_BONUS = 0.3
_SWITCH_COST = 6.0
#: From this gap on, a mouth counts as fully visible.
_VISIBLE = 0.04
_LEAST_OWN_GAP = 0.03
#: A mouth seen this far open shows its upper teeth, below which more can be drawn.
_TEETH_GAP, _MOST_FOR_STRETCH = 0.05, 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Looks:
    """What makes one mouth pass for another, each (N,): gap, width, yaw, pitch as in `shape.Measures`."""

    gap: Floats
    width: Floats
    yaw: Floats
    pitch: Floats

    def __getitem__(self, index: NDArray[np.signedinteger] | slice) -> "Looks":
        return Looks(gap=self.gap[index], width=self.width[index], yaw=self.yaw[index], pitch=self.pitch[index])


def choose_still(own_gap: float, frames: int) -> NDArray[np.int32]:
    """Choose for a still picture, whose mouth opens by `own_gap`: its own mouth in all frames, or the drawn one in all.

    A mouth is seen to change when teeth do: own teeth that show are kept, and what they do not fill is drawn.
    """
    return np.full(frames, OWN if own_gap >= _LEAST_OWN_GAP else DRAWN, dtype=np.int32)


def choose(
    wanted: Looks, own: Looks, shots: NDArray[np.int32], bank: Looks, bank_shots: NDArray[np.int32]
) -> NDArray[np.int32]:
    """Choose a mouth for each output frame.

    Args:
        wanted: what each of T frames is to show; turn and width those of its own face.
        own: what each frame's own mouth shows.
        shots: int32 (T,), the shot each frame is from, -1 without a face.
        bank: the K mouths at hand.
        bank_shots: int32 (K,), the shot each is from; only the same shot's are shown.

    Returns:
        int32 (T,), a bank index, `DRAWN` or `OWN`.
    """
    choice = np.full(len(shots), DRAWN, dtype=np.int32)
    for start, end in stretches(shots):
        if shots[start] >= 0:
            entries = np.flatnonzero(bank_shots == shots[start])
            stretch = slice(start, end)
            costs = _costs(wanted[stretch], own[stretch], bank[entries])
            path = _cheapest(costs, np.clip(wanted.gap[stretch] / _VISIBLE, 0, 1))
            choice[stretch] = np.array([*entries, OWN, DRAWN], dtype=np.int32)[path]
    return choice


def _costs(wanted: Looks, own: Looks, bank: Looks) -> Floats:
    """How badly each choice suits each frame: (T, K + 2), the last two its own mouth and the drawn one."""
    of_bank = _gap_cost(wanted.gap[:, None], bank.gap[None])
    for ours, theirs, tolerance in (
        (own.yaw, bank.yaw, 0.12),
        (own.pitch, bank.pitch, 0.05),
        (wanted.width, bank.width, 0.08),
    ):
        of_bank = of_bank + ((ours[:, None] - theirs[None]) / tolerance) ** 2
    of_own = _gap_cost(wanted.gap, own.gap) - _OWN_BONUS + 100.0 * (own.gap < _LEAST_OWN_GAP)
    drawn = np.full(len(wanted.gap), _DRAWN_COST)
    visible = np.clip(wanted.gap / _VISIBLE, 0, 1)[:, None]
    return np.asarray(np.column_stack([of_bank, of_own, drawn]) * visible)


def _gap_cost(wanted: Floats, seen: Floats) -> Floats:
    """Skipping the dark between the teeth is cheaper than stretching it, but one's own teeth are worth much."""
    ratio = np.log((seen + 0.01) / (wanted + 0.01))
    cost = (ratio / np.where(ratio < 0, 0.25, 0.6)) ** 2
    return np.asarray(np.where((ratio < 0) & (seen >= _TEETH_GAP), np.minimum(cost, _MOST_FOR_STRETCH), cost))


def _cheapest(costs: Floats, visible: Floats) -> NDArray[np.intp]:
    """The cheapest path (T,) through costs (T, S) where a switch costs more the more it is seen."""
    length, states = costs.shape
    came_from = np.zeros((length, states), dtype=np.intp)
    total = costs[0]
    stay = np.arange(states)
    for t in range(1, length):
        best = int(total.argmin())
        switched = total[best] + _SWITCH_COST * min(visible[t], visible[t - 1])
        came_from[t] = np.where(total <= switched, stay, best)
        total = np.minimum(total, switched) + costs[t]
    path = np.zeros(length, dtype=np.intp)
    path[-1] = total.argmin()
    for t in range(length - 1, 0, -1):
        path[t - 1] = came_from[t, path[t]]
    return path
