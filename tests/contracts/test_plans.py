"""Plans."""

import pytest

from contracts.plans import Plan, requests_per_minute, weight
from contracts.settings import Settings, SettingsError

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(("plan", "requests"), [(Plan.FREE, 60), (Plan.PRO, 300), (Plan.ENTERPRISE, 1000)])
def test_a_plan_admits_what_its_setting_says(plan: Plan, requests: int) -> None:
    assert requests_per_minute(plan, Settings()) == requests
    assert requests_per_minute(plan, Settings.from_env({f"MOUTHPIECE_REQUESTS_PER_MIN_{plan.upper()}": "0"})) == 0


@pytest.mark.parametrize(("plan", "turns"), [(Plan.FREE, 1), (Plan.PRO, 3), (Plan.ENTERPRISE, 10)])
def test_a_plan_weighs_what_its_setting_says(plan: Plan, turns: float) -> None:
    assert weight(plan, Settings()) == turns
    assert weight(plan, Settings.from_env({f"MOUTHPIECE_WEIGHT_{plan.upper()}": "0.5"})) == 0.5


@pytest.mark.parametrize("text", ["0", "-1", "0.0009", "1001", "inf", "nan", "much"])
def test_a_weight_that_temporal_would_take_for_another_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match="MOUTHPIECE_WEIGHT_PRO: must be"):
        Settings.from_env({"MOUTHPIECE_WEIGHT_PRO": text})
