"""What can be done to a job after it was submitted, for clients and operators alike: the records follow each move."""

import logging
import math
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from api.reset import Retried
from api.services import utc_text
from api.temporal import Gateway
from contracts.errors import Conflict, MouthpieceError, NotFound
from contracts.jobs import JobView
from contracts.steps import SettleInput
from storage.blobs import BlobStore
from storage.deliveries import Webhook, WebhookState
from storage.jobs import JobRecord
from storage.records import Records

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Redeliveries:
    """Ids of the webhooks that were sent off again, and how many were looked at, those to disabled endpoints too."""

    sent: list[str]
    looked_at: int


def retry(records: Records, gateway: Gateway, record: JobRecord, now: datetime, *, from_start: bool = False) -> Retried:
    """Run an ended job again, from the step that failed unless told otherwise; its credits are reserved again.

    Raises:
        NotFound: when Temporal no longer has the job.
        Conflict: when the job has not ended, or never began, or its files are being removed at this moment.
        Unavailable: when Temporal cannot be reached, or the job's end is being entered; it stays as it was.
    """
    record = _settled(records, gateway, record, now)
    if not records.jobs.reopen(record.job_id, utc_text(now)):
        raise _not_reopened(records, record)
    try:
        # Of inputs that were removed for their age those that have an address are fetched again.
        retried = gateway.retry(record.job_id, from_start or bool(record.inputs_expired_at))
    except MouthpieceError:
        # A reset that was not heard of may have ended it anew meanwhile.
        records.jobs.revert(record.job_id)
        raise
    records.jobs.confirm(record.job_id)
    return retried


def _not_reopened(records: Records, record: JobRecord) -> Conflict:
    found = records.jobs.find(record.job_id)
    if found and found.status.is_terminal:
        return Conflict(
            f"files of job {record.job_id} are being removed for their age", remedy="Ask again in a minute."
        )
    return Conflict(f"job {record.job_id} is still running", remedy="Cancel it first, or wait for its end.")


def settle_from_outside(records: Records, record: JobRecord, view: JobView, now: datetime) -> None:
    """Enter the end of a job whose workflow was closed from outside, before it could do so itself; it costs nothing."""
    outcome = SettleInput(
        job_id=record.job_id,
        status=view.status,
        started_at=view.started_at,
        finished_at=view.finished_at or utc_text(now),
        execution_ms=view.execution_ms,
        error=view.error,
        warnings=view.warnings,
        source=view.source,
    )
    if records.jobs.close(outcome, credits=0):
        logger.info("job settled from outside job_id=%s status=%s", record.job_id, view.status)


def redeliver(records: Records, gateway: Gateway, webhook: Webhook, now: datetime) -> None:
    """Start a webhook's delivery over. The records are told first, as its first attempt may be over in no time.

    Raises:
        Conflict: when its endpoint is disabled.
        Unavailable: when Temporal cannot be reached; the webhook stays as it was.
    """
    delivery = webhook.delivery
    if records.endpoints.is_disabled(delivery.key_id, delivery.url):
        raise Conflict(
            "the webhook's endpoint is disabled: it answered 410",
            field="id",
            remedy="Enable it with POST /api/v1/webhooks/enable, or `mouthpiece webhooks enable` on the server.",
        )
    records.deliveries.mark(delivery.delivery_id, WebhookState.PENDING, utc_text(now))
    try:
        gateway.redeliver(delivery)
    except MouthpieceError:
        records.deliveries.mark(delivery.delivery_id, webhook.state, webhook.sent_at)
        raise


def redeliver_all(
    records: Records, gateway: Gateway, webhooks: Sequence[Webhook], now: datetime, most_s: float = math.inf
) -> Redeliveries:
    """Start webhooks' deliveries over, one after the other, but for those whose endpoint is disabled.

    Args:
        records: where they are.
        gateway: the way to Temporal.
        webhooks: which.
        now: the time.
        most_s: after so many seconds the rest is left; at least one is sent off.

    Raises:
        Unavailable: when Temporal cannot be reached; webhooks that were not sent off by then stay as they were.
    """
    begun, sent, looked_at = time.monotonic(), list[str](), 0
    for webhook in webhooks:
        with suppress(Conflict):
            redeliver(records, gateway, webhook, now)
            sent.append(webhook.delivery.delivery_id)
        looked_at += 1
        if time.monotonic() - begun >= most_s:
            break
    return Redeliveries(sent=sent, looked_at=looked_at)


def delete(records: Records, gateway: Gateway, blobs: BlobStore, record: JobRecord, now: datetime) -> None:
    """Remove an ended job: its runs and deliveries, its files, and last its record; it can be done again if it breaks.

    Raises:
        Unavailable: when Temporal cannot be reached.
        StorageBusy: when the files or the records cannot be changed at the moment.
    """
    webhooks = records.deliveries.of_job(record.job_id, now)
    gateway.forget(record.job_id, [webhook.delivery.delivery_id for webhook in webhooks])
    blobs.delete_prefix(f"jobs/{record.job_id}")
    records.jobs.remove(record.job_id)
    logger.info("job deleted job_id=%s key_id=%s", record.job_id, record.key_id)


def _settled(records: Records, gateway: Gateway, record: JobRecord, now: datetime) -> JobRecord:
    """Enter the end of a job that only Temporal knows to have ended.

    Raises:
        NotFound: when neither knows its end.
    """
    if record.status.is_terminal:
        return records.jobs.find(record.job_id) or record
    view = gateway.view(record.job_id)
    if view is None:
        raise NotFound(f"the queue no longer has job {record.job_id}", remedy="Submit it again.")
    # An end may be the one before a retry that Temporal never heard of.
    if view.status.is_terminal and not records.jobs.revert(record.job_id):
        settle_from_outside(records, record, view, now)
    return records.jobs.find(record.job_id) or record
