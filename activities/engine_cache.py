"""Engines by name, each loaded once in a process."""

import threading
from collections.abc import Callable

from engines.base import Engine


class EngineCache:
    """Loads an engine at its first use and keeps it.

    Args:
        load: makes an engine from its name; raises EngineUnknown or WeightsMissing.
    """

    def __init__(self, load: Callable[[str], Engine]) -> None:
        self._load = load
        self._lock = threading.Lock()
        self._engines: dict[str, Engine] = {}

    def get(self, name: str) -> Engine:
        """Return the engine of this name."""
        with self._lock:
            if name not in self._engines:
                self._engines[name] = self._load(name)
            return self._engines[name]
