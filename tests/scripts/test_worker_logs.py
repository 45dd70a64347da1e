import logging

import pytest

from scripts.worker_logs import ToldAlready

pytestmark = pytest.mark.unit


def _record(**extra: object) -> logging.LogRecord:
    return logging.getLogger("test").makeRecord("test", logging.INFO, "", 0, "failed %d", (7,), None, extra=extra)


def test_what_the_boundary_has_reported_is_not_reported_again() -> None:
    assert not ToldAlready().filter(_record(__temporal_error_identifier="ActivityFailure"))
    assert ToldAlready().filter(_record())
