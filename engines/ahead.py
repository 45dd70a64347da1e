"""Two threads at work on one stream: one makes items, the other takes them, at most a few lie between them.

Codecs let go of Python's lock while they work, so that decoding, drawing and encoding run at once on several cores. The
order of the items stays, and so does what is made of them. Only the calling thread reports: heartbeats and
cancellation belong to it.
"""

import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, TypeVar

from engines.base import Waiting

T = TypeVar("T")
R = TypeVar("R")

#: Items that lie between two threads: enough to even out frames that take longer, few enough to cost little memory.
DEPTH = 4
#: How often a thread that waits for an item looks whether the other is alive, in seconds.
_LOOK_S = 0.2


class _Closed(Exception):
    """The other side has gone."""


class _Channel(Generic[T]):
    """A bounded queue that either side can close; what was put in before is still taken out."""

    def __init__(self) -> None:
        self._items: deque[T] = deque()
        self._changed = threading.Condition()
        self._closed = False

    @property
    def is_closed(self) -> bool:
        return self._closed

    def put(self, item: T) -> None:
        """Hand over an item once there is room; raises _Closed when nobody takes it."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or len(self._items) < DEPTH)
            if self._closed:
                raise _Closed
            self._items.append(item)
            self._changed.notify_all()

    def has_item(self, patience_s: float | None = None) -> bool:
        """Wait for an item; False when none came in time. Raises _Closed when none will come."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._items, patience_s)
            if self._closed and not self._items:
                raise _Closed
            return bool(self._items)

    def take(self) -> T:
        """The item that `has_item` told of."""
        with self._changed:
            item = self._items.popleft()
            self._changed.notify_all()
            return item

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify_all()


def made_ahead(make: Callable[[Waiting], Iterable[T]], waiting: Waiting) -> Generator[T, None, None]:
    """Yield what another thread makes while this one works on what came before.

    The thread has ended once the iterator is exhausted or closed.

    Args:
        make: makes the items, in the other thread; it is to call what it is given at least every second of work, from
            which a stop may be raised.
        waiting: called in this thread whenever the other showed a sign of life while this one waited for it.

    Raises:
        Exception: what `make` or its items raised, in their place.
    """
    channel = _Channel[T]()
    beats = _Beats(channel)

    def produce() -> None:
        try:
            for item in make(beats):
                channel.put(item)
        except _Closed:
            pass
        finally:
            channel.close()

    with ThreadPoolExecutor(1, thread_name_prefix="ahead") as threads:
        producer = threads.submit(produce)
        try:
            yield from _taken(channel, beats, waiting)
        finally:
            channel.close()
        producer.result()


class _Beats:
    """Signs of life of a producer, and the way to stop it."""

    def __init__(self, channel: _Channel[T]) -> None:
        self._channel = channel
        self._beats = 0
        self._told = 0

    def __call__(self) -> None:
        self._beats += 1
        if self._channel.is_closed:
            raise _Closed

    def any_new(self) -> bool:
        """Whether there were some since this was last asked."""
        told, self._told = self._told, self._beats
        return told != self._told


def _taken(channel: _Channel[T], beats: _Beats, waiting: Waiting) -> Iterator[T]:
    while True:
        try:
            while not channel.has_item(_LOOK_S):
                if beats.any_new():
                    waiting()
        except _Closed:
            return
        if beats.any_new():
            waiting()
        yield channel.take()


def taken_behind(items: Iterable[T], take: Callable[[Iterator[T]], R]) -> R:
    """Make items in this thread while another takes those that came before.

    Args:
        items: iterated here.
        take: takes them all, in the other thread.

    Returns:
        What `take` returned.

    Raises:
        Exception: what the items or `take` raised.
    """
    channel = _Channel[T]()
    is_whole = False

    def received() -> Iterator[T]:
        while True:
            try:
                channel.has_item()
            except _Closed:
                if not is_whole:
                    raise
                return
            yield channel.take()

    def consume() -> R:
        try:
            return take(received())
        finally:
            channel.close()

    with ThreadPoolExecutor(1, thread_name_prefix="behind") as threads:
        consumer = threads.submit(consume)
        try:
            is_whole = _all_put(items, channel)
        finally:
            channel.close()
        return consumer.result()


def _all_put(items: Iterable[T], channel: _Channel[T]) -> bool:
    """Whether all were handed over; not so when the taker ended before."""
    try:
        for item in items:
            channel.put(item)
    except _Closed:
        return False
    return True
