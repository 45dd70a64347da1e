"""Log lines of a worker: each one written during a step says for which job."""

import logging
from collections.abc import Iterable

from activities.boundary import current_job

_SDK_MARK = "__temporal_error_identifier"


class JobMark(logging.Filter):
    """Ends each line with the job of the thread that writes it.

    The SDK's own report of a failed step is left out: the boundary has reported it already, in our words.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Mark a record, or drop it."""
        if record.__dict__.get(_SDK_MARK) == "ActivityFailure":
            return False
        if job_id := current_job.get():
            record.msg, record.args = f"{record.getMessage()} job_id={job_id}", ()
        return True


def mark_with_job(handlers: Iterable[logging.Handler]) -> None:
    """Let the handlers mark what they write."""
    for handler in handlers:
        handler.addFilter(JobMark())
