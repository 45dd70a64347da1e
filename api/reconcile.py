"""After a crash between recording a job and starting it: decide each job in doubt by asking Temporal."""

import logging
import threading
import time
from dataclasses import dataclass
from datetime import datetime, timedelta

from api.services import Services, utc_text
from api.temporal import Gateway
from contracts.errors import MouthpieceError
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


def keep_reconciling(services: Services) -> threading.Thread:
    """Reconcile now and every minute from now on, in a thread of its own; several API processes may all do it."""

    def work() -> None:
        while True:
            try:
                reconcile(services.records, services.gateway, services.clock())
            except MouthpieceError as fault:
                logger.warning("jobs in doubt stay so for now fault=%s", fault)
            time.sleep(GRACE.total_seconds())

    thread = threading.Thread(target=work, name="reconcile", daemon=True)
    thread.start()
    return thread
