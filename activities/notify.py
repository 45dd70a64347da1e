"""Makes one attempt to deliver a webhook, and says when the next one is due; Temporal sees to it that it comes."""

import logging
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from temporalio import activity

from activities.boundary import RetryLater, at_boundary
from activities.posting import Posted, Poster
from contracts.errors import FetchRefused
from contracts.steps import Delivery
from contracts.webhooks import MOMENTS, NotifyResult, next_pause
from storage.deliveries import WebhookState
from storage.records import Records
from telemetry.catalogue import WEBHOOK_SECONDS
from telemetry.meter import meter

logger = logging.getLogger(__name__)


class GivenUp(FetchRefused):
    """No other attempt is made."""


@dataclass(frozen=True, slots=True)
class Notify:
    """The step `notify`."""

    records: Records
    poster: Poster

    @activity.defn(name="notify", no_thread_cancel_exception=True)
    @at_boundary
    def notify(self, step: Delivery) -> NotifyResult:
        """Post the delivery, enter the attempt into the log, and accept any 2xx answer."""
        self._check_endpoint(step)
        posted = self.poster.post(step)
        pause = _pause(step, posted)
        if posted.is_gone:
            self.records.endpoints.disable(step.key_id, step.url, step.delivery_id, _text(_begun()))
        self._log(step, posted, pause)
        if posted.is_accepted:
            return NotifyResult(http_status=posted.http_status)
        if pause is None:
            raise GivenUp(str(posted) if posted.is_gone or posted.is_hopeless else _exhausted(posted))
        raise RetryLater(str(posted), pause=pause)

    def _check_endpoint(self, step: Delivery) -> None:
        """Keep what was on its way to an endpoint when that was disabled.

        Raises:
            GivenUp: when it is.
        """
        if self.records.endpoints.is_disabled(step.key_id, step.url):
            self.records.deliveries.settle(step.delivery_id, WebhookState.DISABLED)
            raise GivenUp("the endpoint is disabled: it answered 410 to another webhook")

    def _log(self, step: Delivery, posted: Posted, pause: timedelta | None) -> None:
        latency = timedelta(milliseconds=posted.latency_ms)
        meter.observe(WEBHOOK_SECONDS, latency.total_seconds(), _outcome(posted, pause))
        attempt = self.records.deliveries.log(
            step,
            _text(_begun()),
            posted.http_status,
            posted.latency_ms,
            posted.text,
            _state(posted, pause),
            request_headers=posted.request_headers,
            next_at=_text(_begun() + latency + pause) if pause else "",
        )
        logger.info(
            "webhook_attempted delivery=%s host=%s attempt=%d http_status=%d latency_ms=%d next_in_s=%s",
            *(step.delivery_id, urlsplit(step.url).hostname, attempt, posted.http_status, posted.latency_ms),
            f"{pause.total_seconds():.0f}" if pause else "-",
        )


def _pause(step: Delivery, posted: Posted) -> timedelta | None:
    """How long to wait for the next attempt; None when there is to be none."""
    if posted.is_accepted or posted.is_gone or posted.is_hopeless:
        return None
    # The server's clock on both sides: nothing depends on what this machine takes the time for.
    elapsed = _begun() - activity.info().scheduled_time + timedelta(milliseconds=posted.latency_ms)
    return next_pause(step.delivery_id, elapsed, posted.asked)


def _outcome(posted: Posted, pause: timedelta | None) -> str:
    if posted.is_accepted:
        return "delivered"
    return "again" if pause else "given_up"


def _state(posted: Posted, pause: timedelta | None) -> WebhookState:
    """How the webhook stands after an attempt."""
    if posted.is_accepted:
        return WebhookState.DELIVERED
    return WebhookState.PENDING if pause else WebhookState.FAILED


def _exhausted(posted: Posted) -> str:
    return f"{posted}; given up after {MOMENTS[-1].days} days of attempts"


def _begun() -> datetime:
    return activity.info().started_time.astimezone(UTC)


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
