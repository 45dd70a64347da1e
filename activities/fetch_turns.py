"""How many inputs are brought in at once, and whose: downloads that trickle leave room for others' and other steps."""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from contracts.shares import may_have_another


class FetchTurns:
    """Places of one process, of which a key has its share (`contracts.shares`).

    Args:
        places: for all keys together.
    """

    def __init__(self, places: int) -> None:
        self._places = places
        self._lock = threading.Lock()
        self._held: Counter[str] = Counter()

    @contextmanager
    def taken(self, key_id: str) -> Iterator[bool]:
        """Hold a place for the length of a block; yields whether there was one."""
        with self._lock:
            is_held = may_have_another(self._held[key_id], self._places - self._held.total())
            self._held[key_id] += is_held
        try:
            yield is_held
        finally:
            with self._lock:
                self._held[key_id] -= is_held
                # Memory is not to grow with the keys that ever came.
                self._held = +self._held
