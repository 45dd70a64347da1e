"""Enters the outcome into the records, charges it, writes the webhook and clears away what is no longer needed."""

import json
import logging
import time
from dataclasses import dataclass

from temporalio import activity

from activities.boundary import at_boundary
from activities.workplace import Workplace
from contracts.credits import cost
from contracts.jobs import JobView, Stage, Status
from contracts.settings import Settings
from contracts.steps import Delivery, SettleInput, SettleResult
from contracts.studio import studio_job
from storage.deliveries import WebhookState
from storage.jobs import JobRecord
from storage.links import Links
from storage.records import Records
from telemetry.catalogue import JOB_SECONDS, JOBS_ENDED, OUTPUT_SECONDS
from telemetry.meter import meter

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Settle:
    """The step `settle`."""

    workplace: Workplace
    records: Records
    links: Links

    @activity.defn(name="settle", no_thread_cancel_exception=True)
    @at_boundary
    def settle(self, step: SettleInput) -> SettleResult:
        """Record and charge the outcome; doing it again changes nothing."""
        charged = _credits(step, self.workplace.settings)
        record = self.records.jobs.find(step.job_id)
        if record is None:
            self._forget(step)
            return SettleResult(credits=charged)
        self.records.jobs.settle(step, charged)
        if not record.status.is_terminal:
            _count(step, record.engine)
        self._clear(step)
        logger.info("settled status=%s credits=%d execution_ms=%d", step.status, charged, step.execution_ms)
        delivery = self._delivery(step, record)
        if delivery and self.records.deliveries.open(delivery, step.finished_at) is WebhookState.DISABLED:
            logger.info("webhook_kept delivery=%s", delivery.delivery_id)
            delivery = None
        return SettleResult(credits=charged, delivery=delivery)

    def _forget(self, step: SettleInput) -> None:
        """Remove all of a job that was deleted while a retry of it began: nobody can ask for it any more."""
        logger.warning("job_unrecorded status=%s", step.status)
        self.workplace.blobs.delete_prefix(f"jobs/{step.job_id}")
        self.workplace.sweep(step.job_id)

    def _clear(self, step: SettleInput) -> None:
        """Remove the work; a failed job keeps it, so that it can be retried from the stage that failed."""
        blobs, home = self.workplace.blobs, f"jobs/{step.job_id}"
        if step.status is not Status.FAILED:
            blobs.delete_prefix(f"{home}/work")
        if step.status is Status.CANCELLED:
            blobs.delete(f"{home}/output.mp4")
        self.workplace.sweep(step.job_id)

    def _delivery(self, step: SettleInput, record: JobRecord) -> Delivery | None:
        """Write the webhook once: every attempt sends these bytes under this id."""
        if not record.webhook_url:
            return None
        url = self.links.url(step.output, time.time()) if step.output else ""
        return Delivery(
            # One id for each outcome: a retried job has a new run, and so a new webhook.
            delivery_id=f"msg_{activity.info().workflow_run_id}",
            job_id=step.job_id,
            key_id=record.key_id,
            url=record.webhook_url,
            body=json.dumps(studio_job(_view(step), record.model, url), ensure_ascii=False),
        )


def _count(step: SettleInput, engine: str) -> None:
    code = step.error.code if step.error and step.status is Status.FAILED else ""
    meter.add(JOBS_ENDED, 1, step.status, engine, code)
    meter.observe(JOB_SECONDS, step.execution_ms / 1000, step.status, engine)
    if step.status is Status.SUCCEEDED:
        meter.add(OUTPUT_SECONDS, step.duration_s, engine)


def _credits(step: SettleInput, settings: Settings) -> int:
    if step.status is not Status.SUCCEEDED:
        return 0
    return cost(
        step.duration_s,
        step.short_side_px,
        per_s_480p=settings.credits_per_s_480p,
        per_s_720p=settings.credits_per_s_720p,
        minimum_s=settings.credits_min_s,
    )


def _view(step: SettleInput) -> JobView:
    return JobView(
        job_id=step.job_id,
        status=step.status,
        stage=Stage.SETTLE,
        execution_ms=step.execution_ms,
        output=step.output,
        error=step.error,
    )
