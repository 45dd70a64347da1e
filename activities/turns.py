"""How many webhook attempts may be in flight: few to one host, so that one that hangs leaves the others their slots."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta

from activities.boundary import RetryLater

#: Attempts in flight to one host.
PER_HOST = 4
#: A host whose attempts take longer than this, in seconds, is slow, until one of them is quicker.
SLOW_S = 2.0
#: What an attempt is taken to last before the first one is over, in seconds.
_USUAL_S = 0.5
#: The longest that an attempt is sent away for, in seconds: a host may mend meanwhile.
_LONGEST_S = 300.0
_SHORTEST_S = 1.0


@dataclass(slots=True)
class _Host:
    """One host's attempts: when those in flight began, how long the last one took, when the next may come."""

    begun: list[float] = field(default_factory=list)
    lasted_s: float = _USUAL_S
    next_turn: float = 0.0
    ended_at: float = 0.0

    def lasts_s(self, now: float) -> float:
        """How long its attempts take, as far as is known."""
        return max(self.lasted_s, now - min(self.begun, default=now))

    def is_slow(self, now: float) -> bool:
        return self.lasts_s(now) > SLOW_S


class HostTurns:
    """Turns of the attempts of one process.

    Slow hosts together have half of the slots, so that however many of them there are, quick ones find one.

    Args:
        slots: attempts in flight at once, to all hosts.
        clock: monotonic seconds.
    """

    def __init__(self, slots: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._slots = slots
        self._clock = clock
        self._lock = threading.Lock()
        self._hosts: dict[str, _Host] = {}

    @contextmanager
    def taken(self, name: str) -> Iterator[None]:
        """Hold one of a host's turns for the length of a block.

        Raises:
            RetryLater: when it has none left; its pause is when this attempt's turn is likely to come.
        """
        begun = self._begin(name)
        try:
            yield
        finally:
            self._end(name, begun)

    def _begin(self, name: str) -> float:
        with self._lock:
            now = self._clock()
            self._forget_the_idle(now)
            host = self._hosts.setdefault(name, _Host(ended_at=now))
            if not self._is_free(host, now):
                pause = _turn(host, now) - now
                raise RetryLater(f"{name} is busy with other webhooks", pause=timedelta(seconds=pause))
            host.begun.append(now)
            return now

    def _end(self, name: str, begun: float) -> None:
        with self._lock:
            host = self._hosts[name]
            host.begun.remove(begun)
            host.ended_at = self._clock()
            host.lasted_s = host.ended_at - begun

    def _is_free(self, host: _Host, now: float) -> bool:
        hosts = self._hosts.values()
        if len(host.begun) >= PER_HOST or sum(len(each.begun) for each in hosts) >= self._slots:
            return False
        slow = sum(len(each.begun) for each in hosts if each.is_slow(now))
        return not host.is_slow(now) or slow < max(1, self._slots // 2)

    def _forget_the_idle(self, now: float) -> None:
        """Keep what is known of a host for a while only: there are ever new ones, and memory is not to grow."""
        for name, host in list(self._hosts.items()):
            if not host.begun and max(host.ended_at, host.next_turn) + _LONGEST_S < now:
                del self._hosts[name]


def _turn(host: _Host, now: float) -> float:
    """Give away the host's next turn: one after the other, as its attempts end."""
    turn = min(max(host.next_turn, now + _SHORTEST_S), now + _LONGEST_S)
    host.next_turn = turn + host.lasts_s(now) / PER_HOST
    return turn
