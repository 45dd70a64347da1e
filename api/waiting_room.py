"""How many requests may wait at once, so that those that do not always find a thread."""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from contracts.shares import may_have_another


class WaitingRoom:
    """Places for requests that wait; the other threads of the process stay free for those that do not.

    No key has all of them while others may come: see `contracts.shares`.

    Args:
        places: how many may wait at once.
    """

    def __init__(self, places: int) -> None:
        self._places = places
        self._lock = threading.Lock()
        self._held: Counter[str] = Counter()

    def enter(self, key_id: str) -> bool:
        """Take a place for a key's request, if there is one for it."""
        with self._lock:
            has_place = may_have_another(self._held[key_id], self._places - self._held.total())
            if has_place:
                self._held[key_id] += 1
        return has_place

    def leave(self, key_id: str) -> None:
        """Give a place back."""
        with self._lock:
            self._held[key_id] -= 1
            if not self._held[key_id]:
                del self._held[key_id]

    @contextmanager
    def place(self, key_id: str) -> Iterator[bool]:
        """Hold a place for the length of a block, which gets whether there was one."""
        has_place = self.enter(key_id)
        try:
            yield has_place
        finally:
            if has_place:
                self.leave(key_id)
