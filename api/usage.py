"""What a key has asked for and what it cost, in the LipSync.dev dialect."""

import calendar
from datetime import date
from http import HTTPStatus
from typing import TypedDict

from marshmallow import Schema, fields

from api.auth import current_key
from api.blueprint import ApiBlueprint
from api.fields import one_of
from api.lipsync_dev import ERRORS
from api.services import services
from contracts.plans import Plan, requests_per_minute
from contracts.scopes import Scope

#: What stands for "any number" of requests.
UNLIMITED = 2**31 - 1

_MINUTES_A_DAY = 24 * 60


class PeriodSchema(Schema):
    """A calendar month (UTC)."""

    start_date = fields.Date(required=True)
    end_date = fields.Date(required=True)
    requests_used = fields.Integer(required=True)
    requests_limit = fields.Integer(
        required=True, metadata={"description": f"What the plan's rate admits in the month; {UNLIMITED}: any number."}
    )


class UsageSchema(Schema):
    """Requests and credits of a key. Refused requests (401, 429) are not counted."""

    current_period = fields.Nested(PeriodSchema, required=True)
    total_requests = fields.Integer(required=True)
    credits_used = fields.Integer(required=True, metadata={"description": "Charged for all jobs that succeeded."})
    credits_reserved = fields.Integer(required=True, metadata={"description": "For jobs that have not ended."})
    plan = fields.String(required=True, validate=one_of(*Plan))


class Period(TypedDict):
    """A calendar month (UTC)."""

    start_date: date
    end_date: date
    requests_used: int
    requests_limit: int


class Usage(TypedDict):
    """Requests and credits of a key."""

    current_period: Period
    total_requests: int
    credits_used: int
    credits_reserved: int
    plan: str


blueprint = ApiBlueprint("usage", ERRORS)


@blueprint.get("/v1/usage")
@blueprint.needs(Scope.READ)
@blueprint.answer(HTTPStatus.OK, UsageSchema)
def usage() -> Usage:
    """Ask what the key has used, this request included."""
    key = current_key()
    balance = services().records.ledger.balance(key.key_id)
    return Usage(
        current_period=_period(services().clock().date()),
        total_requests=services().requests.used(key.key_id),
        credits_used=balance.used,
        credits_reserved=balance.reserved,
        plan=key.plan,
    )


def _period(today: date) -> Period:
    key = current_key()
    days = calendar.monthrange(today.year, today.month)[1]
    start, end = today.replace(day=1), today.replace(day=days)
    limit = requests_per_minute(key.plan, services().settings) * days * _MINUTES_A_DAY
    return Period(
        start_date=start,
        end_date=end,
        requests_used=services().requests.used(key.key_id, start.isoformat(), end.isoformat()),
        requests_limit=min(limit or UNLIMITED, UNLIMITED),
    )
