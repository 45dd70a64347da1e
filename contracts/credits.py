"""What a job costs: credits per second of output, by resolution, with a shortest billed length."""

import math

from contracts.jobs import OutputOptions, Script
from contracts.settings import Settings

#: Above this shorter side, in pixels, an output is billed at the 720p rate.
SMALL_SHORT_SIDE_PX = 480

#: How fast a script is taken to be spoken.
CHARACTERS_PER_S = 15.0


def cost(duration_s: float, short_side_px: int, *, per_s_480p: int, per_s_720p: int, minimum_s: int) -> int:
    """Credits for `duration_s` seconds of output whose shorter side is `short_side_px`; whole seconds, rounded up."""
    seconds = max(minimum_s, math.ceil(duration_s))
    return seconds * (per_s_480p if short_side_px <= SMALL_SHORT_SIDE_PX else per_s_720p)


def estimate(duration_s: float, options: OutputOptions, settings: Settings) -> int:
    """Credits that an output is likely to cost, before its source has been looked at.

    Args:
        duration_s: its length as far as it is known; 0 gives the shortest billed length.
        options: its size; one that follows from the source is billed as a large one.
        settings: the prices.
    """
    short_side_px = options.short_side_px or min(options.width_px, options.height_px) or SMALL_SHORT_SIDE_PX + 1
    return cost(
        duration_s,
        short_side_px,
        per_s_480p=settings.credits_per_s_480p,
        per_s_720p=settings.credits_per_s_720p,
        minimum_s=settings.credits_min_s,
    )


def spoken_s(script: Script | None) -> float:
    """About how long a script takes to be spoken, in seconds; 0 without one."""
    return len(script.text) / CHARACTERS_PER_S if script else 0.0
