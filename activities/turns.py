"""How many webhook attempts may be in flight: few to one host, so that one that hangs leaves the others their slots.

And not all of one key, which may name as many hosts as it likes.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta

from activities.boundary import RetryLater
from contracts.shares import may_have_another

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
class _Party:
    """Attempts to a host, or of a key: when those in flight began, how long the last took, when the next may come."""

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

    Slow hosts together have half of the slots, so that however many of them there are, quick ones find one. A key has
    its share of them: a host that nobody knows counts as quick, and there is no end to names.

    Args:
        slots: attempts in flight at once, to all hosts.
        clock: monotonic seconds.
    """

    def __init__(self, slots: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._slots = slots
        self._clock = clock
        self._lock = threading.Lock()
        self._hosts: dict[str, _Party] = {}
        self._keys: dict[str, _Party] = {}

    @contextmanager
    def taken(self, name: str, key_id: str) -> Iterator[None]:
        """Hold one of a host's turns, and one of a key's, for the length of a block.

        Raises:
            RetryLater: when either has none left; its pause is when this attempt's turn is likely to come.
        """
        parties, begun = self._begin(name, key_id)
        try:
            yield
        finally:
            self._end(parties, begun)

    def _begin(self, name: str, key_id: str) -> tuple[tuple[_Party, _Party], float]:
        with self._lock:
            now = self._clock()
            for known in (self._hosts, self._keys):
                _forget_the_idle(known, now)
            host = self._hosts.setdefault(name, _Party(ended_at=now))
            key = self._keys.setdefault(key_id, _Party(ended_at=now))
            if not self._is_free(host, now):
                raise _later(f"{name} is busy with other webhooks", host, PER_HOST, now)
            if not may_have_another(len(key.begun), self._slots - self._in_flight()):
                raise _later("too many webhooks of this key are on their way", key, len(key.begun), now)
            for party in (host, key):
                party.begun.append(now)
            return (host, key), now

    def _end(self, parties: tuple[_Party, _Party], begun: float) -> None:
        with self._lock:
            for party in parties:
                party.begun.remove(begun)
                party.ended_at = self._clock()
                party.lasted_s = party.ended_at - begun

    def _in_flight(self) -> int:
        return sum(len(each.begun) for each in self._hosts.values())

    def _is_free(self, host: _Party, now: float) -> bool:
        if len(host.begun) >= PER_HOST or self._in_flight() >= self._slots:
            return False
        slow = sum(len(each.begun) for each in self._hosts.values() if each.is_slow(now))
        return not host.is_slow(now) or slow < max(1, self._slots // 2)


def _forget_the_idle(known: dict[str, _Party], now: float) -> None:
    """Keep what is known of a host for a while only: there are ever new ones, and memory is not to grow."""
    for name, party in list(known.items()):
        if not party.begun and max(party.ended_at, party.next_turn) + _LONGEST_S < now:
            del known[name]


def _later(reason: str, party: _Party, at_once: int, now: float) -> RetryLater:
    """Send an attempt away until a party's next turn: they come one after the other, as its attempts end."""
    turn = min(max(party.next_turn, now + _SHORTEST_S), now + _LONGEST_S)
    party.next_turn = turn + party.lasts_s(now) / max(1, at_once)
    return RetryLater(reason, pause=timedelta(seconds=turn - now))
