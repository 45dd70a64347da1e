"""The plans of API keys: how many requests a minute each admits."""

from enum import StrEnum

from contracts.settings import Settings


class Plan(StrEnum):
    """What a key may ask for, and how often."""

    FREE = "free"
    PRO = "pro"
    ENTERPRISE = "enterprise"


def requests_per_minute(plan: Plan, settings: Settings) -> int:
    """Requests a minute that a plan admits; 0 is any number."""
    limits = {
        Plan.FREE: settings.requests_per_min_free,
        Plan.PRO: settings.requests_per_min_pro,
        Plan.ENTERPRISE: settings.requests_per_min_enterprise,
    }
    return limits[plan]
