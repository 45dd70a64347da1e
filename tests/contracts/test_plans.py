"""Plans."""

import pytest

from contracts.plans import Plan, requests_per_minute
from contracts.settings import Settings

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(("plan", "requests"), [(Plan.FREE, 60), (Plan.PRO, 300), (Plan.ENTERPRISE, 1000)])
def test_a_plan_admits_what_its_setting_says(plan: Plan, requests: int) -> None:
    assert requests_per_minute(plan, Settings()) == requests
    assert requests_per_minute(plan, Settings.from_env({f"MOUTHPIECE_REQUESTS_PER_MIN_{plan.upper()}": "0"})) == 0
