"""How many requests may wait at once, so that those that do not always find a thread."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class WaitingRoom:
    """Places for requests that wait; the other threads of the process stay free for those that do not.

    Args:
        places: how many may wait at once.
    """

    def __init__(self, places: int) -> None:
        self._places = threading.Semaphore(places)

    def enter(self) -> bool:
        """Take a place, if there is one."""
        return self._places.acquire(blocking=False)

    def leave(self) -> None:
        """Give a place back."""
        self._places.release()

    @contextmanager
    def place(self) -> Iterator[bool]:
        """Hold a place for the length of a block, which gets whether there was one."""
        has_place = self.enter()
        try:
            yield has_place
        finally:
            if has_place:
                self.leave()
