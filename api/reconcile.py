"""After a crash between recording a job and starting it: decide each job in doubt by asking Temporal."""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from api.services import utc_text
from api.temporal import Gateway
from storage.records import Records

logger = logging.getLogger(__name__)

#: A job younger than this may still be on its way to Temporal.
GRACE = timedelta(seconds=60)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciled:
    """How many jobs in doubt had started after all, and how many were dropped."""

    started: int
    dropped: int


def reconcile(records: Records, gateway: Gateway, now: datetime) -> Reconciled:
    """Mark or drop every job older than a minute of which it is unknown whether it started.

    Raises:
        Unavailable: when Temporal cannot be reached; jobs not yet decided stay in doubt.
    """
    started = dropped = 0
    for record in records.jobs.unstarted(utc_text(now - GRACE)):
        if gateway.view(record.job_id) is None:
            records.jobs.drop(record.job_id)
            dropped += 1
        else:
            records.jobs.mark_started(record.job_id)
            started += 1
        logger.info("job in doubt decided job_id=%s", record.job_id)
    return Reconciled(started=started, dropped=dropped)
