"""What tests ask of other processes."""

import os


def lives(pid: int) -> bool:
    """Whether a process of this id is there, if only as a zombie."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
