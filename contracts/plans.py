"""The plans of API keys: how many requests a minute each admits, and its weight where keys wait for each other."""

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


def weight(plan: Plan, settings: Settings) -> float:
    """How many turns a key of the plan has, where several keys wait, for one turn of a key whose weight is 1."""
    weights = {
        Plan.FREE: settings.weight_free,
        Plan.PRO: settings.weight_pro,
        Plan.ENTERPRISE: settings.weight_enterprise,
    }
    return weights[plan]
