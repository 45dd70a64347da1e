"""Waits for a job to end, through the service's short absences."""

import math
import time
from collections.abc import Callable

from contracts.errors import Unavailable
from scripts.api_client import ApiClient, Sent, Standing

#: How long the service may be away, as when it is restarted.
AWAY_S = 60.0


def until_over(
    client: ApiClient,
    sent: Sent,
    *,
    every_s: float,
    look: Callable[[], None] = lambda: None,
    at_most_s: float = math.inf,
    away_s: float = AWAY_S,
) -> Standing:
    """Ask after a job until it has ended.

    Args:
        client: of the service that has the job.
        sent: the job.
        every_s: pause between two questions.
        look: called after each answer that the job goes on.
        at_most_s: how long to wait in all.
        away_s: how long to go on asking a service that does not answer.

    Raises:
        Unavailable: when the service stays away, or the job takes too long.
    """
    began = heard = time.monotonic()
    while True:
        try:
            standing = client.standing(sent)
            heard = time.monotonic()
            if standing.is_over:
                return standing
        except Unavailable:
            if time.monotonic() - heard > away_s:
                raise
        if time.monotonic() - began > at_most_s:
            raise Unavailable(f"job {sent.reference} has not ended within {at_most_s:g} s")
        look()
        time.sleep(every_s)
