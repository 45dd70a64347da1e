from collections import Counter

import pytest

from scripts.chaos.plan import Act, Fault, Plan, draw
from scripts.chaos.recipes import BY_NAME, RECIPES

pytestmark = pytest.mark.unit


@pytest.fixture(scope="module")
def plan() -> Plan:
    return draw(1, 300, 60)


def _kills(plan: Plan) -> Counter[Fault]:
    return Counter(strike.fault for strike in plan.strikes if strike.fault.is_kill)


def test_the_same_seed_draws_the_same_plan(plan: Plan) -> None:
    assert draw(1, 300, 60) == plan
    assert draw(2, 300, 60) != plan


def test_there_are_as_many_orders_and_kills_as_were_asked_for(plan: Plan) -> None:
    assert len(plan.orders) == 300
    assert _kills(plan).total() == 60


def test_kills_are_spread_evenly_over_all_parts(plan: Plan) -> None:
    counts = _kills(plan)

    assert set(counts) == {fault for fault in Fault if fault.is_kill}
    assert max(counts.values()) - min(counts.values()) <= 1


def test_a_long_run_has_every_fault_every_recipe_and_every_act(plan: Plan) -> None:
    assert {strike.fault for strike in plan.strikes} == set(Fault)
    assert {order.recipe for order in plan.orders} == {recipe.name for recipe in RECIPES}
    assert {order.act for order in plan.orders} == set(Act)


def test_strikes_fall_while_there_are_jobs_to_strike(plan: Plan) -> None:
    after = [strike.after for strike in plan.strikes]

    assert after == sorted(after)
    assert after[-1] < 300


def test_faults_that_cannot_be_caused_are_not_drawn() -> None:
    without = frozenset({Fault.FULL_DISK, Fault.STORE_DOWN})

    assert without.isdisjoint(strike.fault for strike in draw(1, 300, 60, without).strikes)


def test_what_needs_no_sound_is_never_without_it(plan: Plan) -> None:
    silent = [order for order in plan.orders if not BY_NAME[order.recipe].needs_sound]

    assert {order.act for order in silent} <= {Act.WAIT, Act.CANCEL}
