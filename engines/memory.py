"""Giving freed memory back to the system, so that a long video takes no more of it than a short one."""

import ctypes
from collections.abc import Callable


def _trimmer() -> Callable[[int], int]:
    try:
        trim: Callable[[int], int] = ctypes.CDLL(None).malloc_trim
    except AttributeError:
        # Only the GNU C library keeps what was freed and can be asked for it.
        return lambda pad: 0
    return trim


_trim = _trimmer()


def give_back() -> None:
    """Return what this process has freed: pictures of many sizes leave gaps that would add up from step to step."""
    _trim(0)
