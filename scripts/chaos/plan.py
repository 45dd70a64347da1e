"""What a run will do: its orders and its strikes, from a seed alone."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from scripts.chaos.recipes import RECIPES, Recipe


class Act(StrEnum):
    """What becomes of an order, by its client's doing.

    LATE: its sound is not there at first, so that it fails and is retried; HOPELESS: its sound is none.
    """

    WAIT = "wait"
    CANCEL = "cancel"
    LATE = "late"
    HOPELESS = "hopeless"


class Fault(StrEnum):
    """What a strike does."""

    KILL_GPU = "kill_gpu"
    KILL_FLOW = "kill_flow"
    KILL_IO = "kill_io"
    KILL_NOTIFY = "kill_notify"
    KILL_API = "kill_api"
    KILL_TEMPORAL = "kill_temporal"
    KILL_PARTS = "kill_parts"
    KILL_UP = "kill_up"
    FREEZE_GPU = "freeze_gpu"
    FREEZE_FLOW = "freeze_flow"
    FREEZE_API = "freeze_api"
    FREEZE_TEMPORAL = "freeze_temporal"
    FULL_DISK = "full_disk"
    STORE_DOWN = "store_down"
    STORE_SLOW = "store_slow"
    OUT_OF_MEMORY = "out_of_memory"
    INPUTS_SLOW = "inputs_slow"
    INPUTS_CUT = "inputs_cut"
    INPUTS_BROKEN = "inputs_broken"
    INPUTS_CHANGING = "inputs_changing"
    RECEIVER_BROKEN = "receiver_broken"

    @property
    def is_kill(self) -> bool:
        """Whether processes die of it."""
        return self.name.startswith("KILL_")


#: Of a hundred orders so many are cancelled, late and hopeless.
_ACTS = {Act.WAIT: 76, Act.CANCEL: 8, Act.LATE: 8, Act.HOPELESS: 8}
_DOUBLED_SHARE = 0.2
#: To so many kills there is one strike that kills nothing.
_KILLS_PER_OTHER = 2
#: Strikes begin and end while there is still something to strike.
_FIRST_SHARE, _LAST_SHARE = 0.03, 0.92
_SHORTEST_S, _LONGEST_S = 2.0, 8.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A job to be ordered. `is_doubled`: it is sent a second time with the same idempotency key."""

    number: int
    recipe: str
    act: Act
    is_doubled: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Strike:
    """A fault to be caused once so many jobs have ended.

    Attributes:
        after: jobs that have ended before it.
        fault: what is done.
        pick: from 0 to 1: which of several processes.
        delay_s: how much later it comes.
        lasts_s: after how long it is taken back, if it can be.
    """

    after: int
    fault: Fault
    pick: float
    delay_s: float
    lasts_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """All that a run does."""

    orders: tuple[Order, ...]
    strikes: tuple[Strike, ...]


def draw(seed: int, jobs: int, kills: int, without: frozenset[Fault] = frozenset()) -> Plan:
    """Draw a plan; the same arguments give the same one.

    Args:
        seed: of all that is random.
        jobs: orders.
        kills: strikes that kill, spread evenly over the parts.
        without: faults that cannot be caused here.
    """
    dice = random.Random(seed)
    orders = tuple(_order(dice, number, dice.choice(RECIPES)) for number in range(jobs))
    deadly = [fault for fault in Fault if fault.is_kill and fault not in without]
    others = [fault for fault in Fault if not fault.is_kill and fault not in without]
    faults = _rounds(dice, deadly, kills) + _rounds(dice, others, kills // _KILLS_PER_OTHER)
    dice.shuffle(faults)
    return Plan(orders=orders, strikes=tuple(_strike(dice, fault, place, jobs) for place, fault in _spread(faults)))


def _order(dice: random.Random, number: int, recipe: Recipe) -> Order:
    (act,) = dice.choices(list(_ACTS), list(_ACTS.values()))
    if not recipe.needs_sound and act in (Act.LATE, Act.HOPELESS):
        act = Act.WAIT
    return Order(number=number, recipe=recipe.name, act=act, is_doubled=dice.random() < _DOUBLED_SHARE)


def _rounds(dice: random.Random, faults: Sequence[Fault], count: int) -> list[Fault]:
    """So many faults, each as often as the others or once more."""
    drawn: list[Fault] = []
    while len(drawn) < count:
        drawn += dice.sample(faults, len(faults))
    return drawn[:count]


def _spread(faults: Sequence[Fault]) -> list[tuple[float, Fault]]:
    step = (_LAST_SHARE - _FIRST_SHARE) / max(1, len(faults) - 1)
    return [(_FIRST_SHARE + number * step, fault) for number, fault in enumerate(faults)]


def _strike(dice: random.Random, fault: Fault, place: float, jobs: int) -> Strike:
    return Strike(
        after=int(place * jobs),
        fault=fault,
        pick=dice.random(),
        delay_s=dice.uniform(0.0, 2.0),
        lasts_s=dice.uniform(_SHORTEST_S, _LONGEST_S),
    )
