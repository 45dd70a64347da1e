"""Webhooks: the moments of their attempts, written down here alone, and what an attempt comes to."""

import hashlib
from dataclasses import dataclass
from datetime import timedelta


def _hours(*hours: int) -> tuple[timedelta, ...]:
    return tuple(timedelta(hours=each) for each in hours)


#: When attempts are due, counted from the moment that the webhook was sent off; a missed one is not made up for.
MOMENTS: tuple[timedelta, ...] = (
    timedelta(0),
    timedelta(seconds=5),
    timedelta(seconds=30),
    timedelta(minutes=2),
    timedelta(minutes=10),
    timedelta(minutes=30),
    *_hours(1, 2, 4),
    *_hours(*range(8, 73, 4)),
)
#: An attempt comes up to this part of the pause before it later than it is due, so that those of many webhooks part.
JITTER = 0.2
#: Longest pause that a receiver may ask for.
LONGEST_ASKED = timedelta(hours=4)
#: How long a webhook is pending at most: the last moment, put off as far as can be, and some hours for waiting workers.
PATIENCE = MOMENTS[-1] + LONGEST_ASKED + timedelta(hours=2)

#: A moment that is nearer than this is the one that is just over: clocks and timers are not exact.
_NEAREST = timedelta(seconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class NotifyResult:
    """The receiver's answer."""

    http_status: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeResult:
    """What a receiver said to a test event. `http_status` is 0 when no answer came, and `answer` then says why."""

    delivery_id: str
    http_status: int
    latency_ms: int
    answer: str

    @property
    def is_accepted(self) -> bool:
        """Whether the receiver took it."""
        return is_accepted(self.http_status)


def is_accepted(http_status: int) -> bool:
    """Whether an answer's status is a receipt: 2xx alone is, as Standard Webhooks 1.0 has it."""
    return 200 <= http_status < 300


def due(delivery_id: str, attempt: int) -> timedelta:
    """When an attempt comes, from the sending off: its moment, and a delay of its own that is always the same.

    Args:
        delivery_id: whose attempt.
        attempt: 0 is the first, which comes at once.
    """
    moment = MOMENTS[attempt]
    before = MOMENTS[attempt - 1] if attempt else moment
    return moment + (moment - before) * JITTER * _chance(delivery_id, attempt)


def next_pause(delivery_id: str, elapsed: timedelta, asked: timedelta = timedelta(0)) -> timedelta | None:
    """How long to wait after an attempt that failed; None after the last one.

    Args:
        delivery_id: whose attempt.
        elapsed: since the webhook was sent off.
        asked: the least that the receiver asked for; at most `LONGEST_ASKED` of it is granted.
    """
    for attempt, moment in enumerate(MOMENTS):
        if moment > elapsed + _NEAREST:
            return max(due(delivery_id, attempt) - elapsed, min(asked, LONGEST_ASKED))
    return None


def _chance(delivery_id: str, attempt: int) -> float:
    """A number from 0 to 1 that every process comes to."""
    digest = hashlib.sha256(f"{delivery_id}:{attempt}".encode()).digest()
    return int.from_bytes(digest[:8]) / 2**64
