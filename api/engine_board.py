"""The engines of all workers, as one service has them, and who may use which."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace

from contracts.engines import EngineState
from contracts.errors import Forbidden, InvalidRequest
from contracts.settings import Settings
from storage.announcements import Announcements

#: How long what the workers said is not asked for again, and how long it serves while it is, in seconds.
_HELD_S, _SERVES_S = 5.0, 60.0


class EngineBoard:
    """What engines there are.

    Args:
        announcements: what the workers say.
        settings: the default engine, and which keys may use which.
        now: tells the time, in seconds since 1970.
    """

    def __init__(self, announcements: Announcements, settings: Settings, now: Callable[[], float]) -> None:
        self._announcements = announcements
        self._settings = settings
        self._now = now
        self._lock = threading.Lock()
        self._held: dict[str, EngineState] = {}
        self._read_at = float("-inf")

    def states(self) -> dict[str, EngineState]:
        """Each engine as the service has it: ready where every worker can run it, as any may get the job.

        Empty while no gpu worker was heard of. Where the store is slow one caller waits for it; others take what
        was said last.

        Raises:
            StorageBusy: when it cannot be told at the moment.
        """
        now = self._now()
        if self._was_read(now, _HELD_S):
            return self._held
        if not self._lock.acquire(blocking=not self._was_read(now, _SERVES_S)):
            return self._held
        try:
            if not self._was_read(now, _HELD_S):
                self._held = dict(_merged(self._announcements.fresh(now)))
                self._read_at = now
            return self._held
        finally:
            self._lock.release()

    def _was_read(self, now: float, within_s: float) -> bool:
        return 0 <= now - self._read_at < within_s

    def usable_by(self, key_id: str) -> list[EngineState]:
        """The engines that a key may use, ready or not, sorted by name."""
        may_use = self._settings.engine_keys.may_use
        return [state for name, state in sorted(self.states().items()) if may_use(key_id, name)]

    def choose(self, wanted: str, key_id: str, field: str) -> str:
        """The engine of a key's request.

        Args:
            wanted: its name; "" for the default.
            key_id: the key.
            field: the request's field that names it.

        Raises:
            Forbidden: when it is not the key's to use.
            InvalidRequest: when no worker has an engine of this name, or it is not ready.
        """
        name = wanted or self._settings.engine
        self.require_allowed(name, key_id, field)
        if not wanted or not self.states():
            return name
        state = self.states().get(name)
        if state is None:
            installed = ", ".join(each.name for each in self.usable_by(key_id))
            raise InvalidRequest(f"no engine named {name!r}", field=field, remedy=f"Installed: {installed}.")
        if state.fault:
            remedy = "Ask the operator, or name an engine that GET /api/v1/models lists as ready."
            raise InvalidRequest(f"the engine {name!r} is not ready: {state.fault}", field=field, remedy=remedy)
        return name

    def require_allowed(self, name: str, key_id: str, field: str) -> None:
        """See that an engine is a key's to use.

        Raises:
            Forbidden: when it is not.
        """
        if not self._settings.engine_keys.may_use(key_id, name):
            raise Forbidden(
                f"this key may not use the engine {name!r}",
                field=field,
                remedy="Name an engine that GET /api/v1/models lists for this key, or ask the operator.",
            )


def _merged(hosts: list[tuple[EngineState, ...]]) -> Iterator[tuple[str, EngineState]]:
    by_host = [{state.name: state for state in states} for states in hosts]
    for name in {name for states in by_host for name in states}:
        found = [states[name] for states in by_host if name in states]
        worst = next((state for state in found if state.fault), found[0])
        if len(found) < len(by_host) and not worst.fault:
            worst = replace(worst, fault=f"the engine {name!r} is not installed on every gpu worker")
        yield name, worst
