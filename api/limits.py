"""The request rate of a key: how many requests a minute its plan admits, told in the headers of every answer."""

import math

from flask import Response, g

from api.auth import current_key
from api.services import services
from contracts.errors import RateLimited
from contracts.plans import requests_per_minute
from storage.requests import Admission

#: Length of the window in which requests are counted, in seconds.
WINDOW_S = 60


def admit() -> None:
    """Count the request of an authenticated key, or refuse it.

    Raises:
        RateLimited: when the key has used up its minute.
    """
    key = current_key()
    per_minute = requests_per_minute(key.plan, services().settings)
    admission = services().requests.admit(key.key_id, per_minute)
    g.admission = admission
    if admission is not None and not admission.is_admitted:
        raise RateLimited(
            f"more than {per_minute} requests in a minute",
            remedy=f"Wait {_seconds_left(admission)} s, or ask for a larger plan than {key.plan}.",
        )


def add_headers(response: Response) -> Response:
    """Say how many requests are left, as of draft-ietf-httpapi-ratelimit-headers-11 and in the older X- headers."""
    admission: Admission | None = g.get("admission")
    if admission is None:
        return response
    plan, left_s = current_key().plan, _seconds_left(admission)
    response.headers["RateLimit-Policy"] = f'"{plan}";q={admission.limit};w={WINDOW_S}'
    response.headers["RateLimit"] = f'"{plan}";r={admission.remaining};t={left_s}'
    response.headers["X-RateLimit-Limit"] = str(admission.limit)
    response.headers["X-RateLimit-Remaining"] = str(admission.remaining)
    response.headers["X-RateLimit-Reset"] = str(math.ceil(admission.reset_at))
    if not admission.is_admitted:
        response.headers["Retry-After"] = str(left_s)
    return response


def _seconds_left(admission: Admission) -> int:
    return max(1, math.ceil(admission.reset_at - services().clock().timestamp()))
