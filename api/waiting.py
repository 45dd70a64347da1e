"""Requests that wait for a job, and how they notice that nobody listens any more."""

import socket
import time

from flask import request

from api.auth import check_still_works
from api.lookup import view_of
from api.services import services
from contracts.jobs import JobView
from storage.jobs import JobRecord

#: How often a waiting request looks, in seconds.
LOOK_EVERY_S = 0.25


def waited_view(record: JobRecord, wait_s: int) -> JobView:
    """Return how a job stands once it has ended, or after `wait_s` seconds, or at once when too many wait already.

    Raises:
        Unavailable: when Temporal cannot be reached.
        Unauthorized: when the key was revoked meanwhile.
    """
    view, deadline = view_of(record), time.monotonic() + wait_s
    if view.status.is_terminal or not wait_s:
        return view
    with services().waiting_room.place(record.key_id) as has_place:
        while has_place and not view.status.is_terminal and not is_client_gone():
            left_s = deadline - time.monotonic()
            if left_s <= 0:
                break
            time.sleep(min(LOOK_EVERY_S, left_s))
            check_still_works()
            view = view_of(record)
    return view


def is_client_gone() -> bool:
    """Whether the other side of the request's connection has closed it; False where the server does not show it."""
    line = request.environ.get("gunicorn.socket")
    if not isinstance(line, socket.socket):
        return False
    try:
        return not line.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
    except BlockingIOError:
        return False
    except ValueError:
        # An encrypted socket cannot be peeked into.
        return False
    except OSError:
        return True
