"""Log lines of a worker: each fault of a step is told once."""

import logging
from collections.abc import Iterable

_SDK_MARK = "__temporal_error_identifier"


class ToldAlready(logging.Filter):
    """Leaves out the SDK's own report of a failed step: the boundary has reported it already, in our words."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Keep a record, or drop it."""
        return record.__dict__.get(_SDK_MARK) != "ActivityFailure"


def tell_once(handlers: Iterable[logging.Handler]) -> None:
    """Let the handlers write no step's fault twice."""
    for handler in handlers:
        handler.addFilter(ToldAlready())
