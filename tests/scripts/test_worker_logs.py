import logging

import pytest

from activities.boundary import current_job
from scripts.worker_logs import JobMark

pytestmark = pytest.mark.unit


def _record(message: str, **extra: object) -> logging.LogRecord:
    return logging.getLogger("test").makeRecord("test", logging.INFO, "", 0, message, (7,), None, extra=extra)


def test_a_line_written_during_a_step_ends_with_its_job() -> None:
    record = _record("fetched bytes=%d")
    token = current_job.set("job7")

    try:
        kept = JobMark().filter(record)
    finally:
        current_job.reset(token)

    assert kept
    assert record.getMessage() == "fetched bytes=7 job_id=job7"


def test_a_line_written_between_steps_stays_as_it_is() -> None:
    record = _record("worker_polls queues=%d")

    assert JobMark().filter(record)
    assert record.getMessage() == "worker_polls queues=7"


def test_what_the_boundary_has_reported_is_not_reported_again() -> None:
    assert not JobMark().filter(_record("failed %d", __temporal_error_identifier="ActivityFailure"))
