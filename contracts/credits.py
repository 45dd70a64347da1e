"""What a job costs: credits per second of output, by resolution, with a shortest billed length."""

import math

#: Above this shorter side, in pixels, an output is billed at the 720p rate.
SMALL_SHORT_SIDE_PX = 480


def cost(duration_s: float, short_side_px: int, *, per_s_480p: int, per_s_720p: int, minimum_s: int) -> int:
    """Credits for `duration_s` seconds of output whose shorter side is `short_side_px`; whole seconds, rounded up."""
    seconds = max(minimum_s, math.ceil(duration_s))
    return seconds * (per_s_480p if short_side_px <= SMALL_SHORT_SIDE_PX else per_s_720p)
