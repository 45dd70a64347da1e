"""Ends exchanges that trickle: a socket's own timeout begins anew with each byte, and could hold a thread for ever."""

import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import cast

from urllib3.connection import HTTPConnection

from contracts.errors import MouthpieceError


def tracked(kind: type[HTTPConnection], opened: list[socket.socket]) -> type[HTTPConnection]:
    """Make a kind of connection that enters a second handle on each socket it opens, before any TLS, into `opened`."""

    def new_conn(self: HTTPConnection) -> socket.socket:
        made = kind._new_conn(self)
        opened.append(made.dup())
        return made

    return cast(type[HTTPConnection], type(kind.__name__, (kind,), {"_new_conn": new_conn}))


@contextmanager
def cut_off(opened: Sequence[socket.socket], after_s: float, fault: MouthpieceError | None = None) -> Iterator[None]:
    """Shut the sockets down once the time is over, whatever the block is waiting for then.

    Raises:
        MouthpieceError: `fault`, when there is one, in place of whatever came of the block.
    """
    is_over = threading.Event()

    def shut() -> None:
        is_over.set()
        for each in opened:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(after_s, shut)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        # What was cut short can look like a whole answer: headers may end where the connection does.
        if fault and is_over.is_set():
            # Without what came of the block: its text may hold a whole URL.
            raise fault from None
