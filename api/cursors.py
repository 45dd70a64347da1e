"""Cursors: opaque texts that say where the next page of a list begins."""

import base64
from collections.abc import Callable
from typing import TypeVar

from contracts.errors import InvalidRequest

T = TypeVar("T")


def write(place: str) -> str:
    """Make an opaque cursor of a place in a list."""
    return base64.urlsafe_b64encode(place.encode()).decode().rstrip("=")


def read(text: str, parse: Callable[[str], T]) -> T:
    """Undo `write`.

    Args:
        text: what the client sent.
        parse: reads the place; raises ValueError when it is none.

    Raises:
        InvalidRequest: when the text is no cursor.
    """
    try:
        place = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True).decode()
        return parse(place)
    except (ValueError, RecursionError) as fault:
        remedy = "Send the next_cursor of an earlier page, or none."
        raise InvalidRequest("is no cursor", field="cursor", remedy=remedy) from fault
