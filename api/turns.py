"""Whose turn it is where several wait: each key takes turns with the others, by the weight of its plan.

A weight and no priority of Temporal's: its priorities are one ladder for all keys, on which whoever stands higher and
orders on and on keeps a queue from everybody below.
"""

from collections.abc import Callable

from temporalio.common import Priority

from contracts.plans import Plan, weight
from contracts.settings import Settings

#: Says on which plan a key is; None for a key that there is not.
PlanOf = Callable[[str], Plan | None]


class Turns:
    """The keys' places in queues.

    Args:
        plan_of: asked each time, so that a change of plan holds for whatever is started next.
        settings: the weights.
    """

    def __init__(self, plan_of: PlanOf, settings: Settings) -> None:
        self._plan_of = plan_of
        self._settings = settings

    def of(self, key_id: str) -> Priority:
        """The key's place for jobs and webhooks; steps and child workflows have that of the workflow they belong to."""
        return Priority(fairness_key=key_id, fairness_weight=self._weight(key_id))

    def of_inspections(self, key_id: str) -> Priority:
        """Somebody waits for it, so it need not wait for its own key's jobs; for those of others it takes turns.

        A higher priority than jobs have would let one key that inspects and inspects keep the engine from everybody.
        """
        return Priority(fairness_key=f"{key_id}:inspections", fairness_weight=self._weight(key_id))

    def _weight(self, key_id: str) -> float:
        plan = self._plan_of(key_id)
        return weight(plan, self._settings) if plan else 1.0
