"""Spans where work is done. Without traces a span is nothing, and OpenTelemetry is not even loaded."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext

#: Called with what came of the work.
Note = Callable[[Mapping[str, str | int]], None]
Opener = Callable[[str, Mapping[str, str | int]], AbstractContextManager[Note]]


def _ignore(attributes: Mapping[str, str | int]) -> None:
    """Note nothing."""


def _open_nothing(name: str, attributes: Mapping[str, str | int]) -> AbstractContextManager[Note]:
    return nullcontext(_ignore)


_open: Opener = _open_nothing


def span(name: str, attributes: Mapping[str, str | int]) -> AbstractContextManager[Note]:
    """Trace the work of a block that calls another service.

    Args:
        name: of a few kinds: no ids, no addresses.
        attributes: without anything that is a right in itself.

    Returns:
        A context that yields a function to add attributes by.
    """
    return _open(name, attributes)


def open_with(opener: Opener) -> None:
    """Make spans by this function from now on."""
    global _open
    _open = opener
