"""Where records and Temporal may part: a crash between recording and starting a job, a workflow that was terminated."""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from api.job_moves import redeliver, settle_from_outside
from api.services import Services, utc_text
from api.temporal import Gateway
from contracts.errors import Conflict, InternalError, MouthpieceError
from storage.deliveries import WebhookState
from storage.records import Records

logger = logging.getLogger(__name__)

#: A job younger than this may still be on its way to Temporal.
GRACE = timedelta(seconds=60)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciled:
    """How many jobs in doubt had started after all or were dropped, and how many had ended without a word."""

    started: int
    dropped: int
    settled: int


def reconcile(records: Records, gateway: Gateway, now: datetime) -> Reconciled:
    """Mark or drop every job older than a minute of which it is unknown whether it started; settle those stopped.

    The same for retries.

    Jobs and webhooks that a restored copy of the records owes are started first.

    Raises:
        Unavailable: when Temporal cannot be reached; jobs not yet decided stay in doubt.
    """
    _start_owed(records, gateway, now)
    started = dropped = 0
    before = utc_text(now - GRACE)
    for record in records.jobs.unstarted(before):
        with _by_itself(record.job_id):
            if gateway.view(record.job_id) is None:
                # Not one that was submitted again meanwhile.
                dropped += records.jobs.drop(record.job_id, before)
            else:
                records.jobs.mark_started(record.job_id)
                started += 1
            logger.info("job in doubt decided job_id=%s", record.job_id)
    _decide_retries(records, gateway, before)
    return Reconciled(started=started, dropped=dropped, settled=_settle(records, gateway, now))


def _decide_retries(records: Records, gateway: Gateway, before: str) -> None:
    """A retry that broke off before Temporal heard of it was never answered for: the job is what it was."""
    for job_id in records.jobs.unconfirmed(before):
        with _by_itself(job_id):
            view = gateway.view(job_id)
            if view and not view.status.is_terminal:
                records.jobs.confirm(job_id)
            elif records.jobs.revert(job_id):
                logger.info("retry that was never begun is undone job_id=%s", job_id)


def _start_owed(records: Records, gateway: Gateway, now: datetime) -> None:
    """Start what was accepted before the records were restored; a job that runs already goes on as it is."""
    while owed := records.owed.jobs():
        for record in filter(None, map(records.jobs.find, owed)):
            gateway.start(record.request)
            records.jobs.mark_started(record.job_id)
            logger.info("job owed was started job_id=%s", record.job_id)
    while unsent := records.owed.webhooks():
        for delivery_id in unsent:
            webhook = records.deliveries.find(delivery_id, now)
            if webhook and webhook.state is WebhookState.PENDING:
                # One whose endpoint is disabled is not to be sent.
                with suppress(Conflict):
                    redeliver(records, gateway, webhook, now)
            records.owed.forget_webhook(delivery_id)


def _settle(records: Records, gateway: Gateway, now: datetime) -> int:
    """Enter the end of every job whose workflow was closed from outside; its reserved credits are given back."""
    settled = 0
    for job_id in gateway.unsettled():
        record = records.jobs.find(job_id)
        # Temporal goes on listing it for as long as it keeps it.
        if record is None or record.status.is_terminal:
            continue
        with _by_itself(job_id):
            view = gateway.view(job_id)
            # A retried job has an earlier run that was closed so, and goes on.
            if view and view.status.is_terminal:
                settle_from_outside(records, record, view, now)
                settled += 1
    return settled


@contextmanager
def _by_itself(job_id: str) -> Iterator[None]:
    """Let what is wrong with one job, such as a key for its payloads that is gone, hold up no other."""
    try:
        yield
    except InternalError as fault:
        logger.warning("job in doubt stays so for now job_id=%s fault=%s", job_id, fault)


def keep_reconciling(services: Services) -> Callable[[], None]:
    """Reconcile now and every minute from now on, in a thread of its own; several API processes may all do it.

    Returns:
        A function that ends it, and returns once the records are not used any more.
    """
    is_over = threading.Event()

    def work() -> None:
        while not is_over.is_set():
            try:
                reconcile(services.records, services.gateway, services.clock())
            except MouthpieceError as fault:
                logger.warning("jobs in doubt stay so for now fault=%s", fault)
            except Exception:
                # Nobody would start this thread again, and every later job in doubt would stay so.
                logger.exception("jobs in doubt stay so for now")
            is_over.wait(GRACE.total_seconds())

    def end() -> None:
        is_over.set()
        thread.join()

    thread = threading.Thread(target=work, name="reconcile", daemon=True)
    thread.start()
    return end
