"""Posts a webhook once, signed as Standard Webhooks 1.0 says; Temporal decides about the next attempt."""

import logging
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import requests
from standardwebhooks import Webhook
from temporalio import activity
from urllib3.exceptions import HTTPError

from activities.boundary import RetryLater, at_boundary
from activities.exchange import exchange
from contracts.errors import FetchFailed, FetchRefused, InternalError, MouthpieceError, Unavailable
from contracts.settings import Settings
from contracts.steps import Delivery, NotifyResult
from storage.deliveries import WebhookState
from storage.records import Records

logger = logging.getLogger(__name__)

#: Longest part of a receiver's answer that is read, in characters.
_ANSWER_CHARACTERS = 500
#: How long the beginning of a receiver's answer is waited for once its status is known, in seconds.
_BODY_S = 5.0
#: Longest pause a receiver may ask for.
_LONGEST_PAUSE = timedelta(hours=4)
_GONE = 410


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    """What a receiver said. `retry_after` is its header as it came."""

    http_status: int
    text: str
    retry_after: str

    @property
    def is_accepted(self) -> bool:
        """Whether the receiver took it."""
        return 200 <= self.http_status < 300


@dataclass(frozen=True, slots=True)
class Notify:
    """The step `notify`."""

    settings: Settings
    records: Records

    @activity.defn(name="notify", no_thread_cancel_exception=True)
    @at_boundary
    def notify(self, step: Delivery) -> NotifyResult:
        """Post the delivery, enter the attempt into the log, and accept any 2xx answer."""
        now, begun = datetime.now(UTC), time.monotonic()
        try:
            answer = self._post(step, now)
        except MouthpieceError as fault:
            is_for_good = not (fault.retryable or isinstance(fault, FetchFailed))
            unsent = _Answer(http_status=0, text=str(fault), retry_after="")
            self._log(step, now, begun, unsent, WebhookState.FAILED if is_for_good else WebhookState.PENDING)
            if isinstance(fault, FetchFailed):
                raise Unavailable(fault.message) from fault
            raise
        self._log(step, now, begun, answer, _state(answer))
        _check(answer, now)
        return NotifyResult(http_status=answer.http_status)

    def _post(self, step: Delivery, now: datetime) -> _Answer:
        """Send the body's bytes as they were written; a redirect is an answer like any other."""
        with exchange(
            "POST",
            step.url,
            "",
            self.settings.fetch_allow,
            headers={"Content-Type": "application/json", **self._signature(step, now)},
            body=step.body.encode(),
            answer_s=self.settings.webhook_timeout_s,
            body_s=_BODY_S,
        ) as response:
            return _Answer(
                http_status=response.status_code,
                text=_start_of(response),
                retry_after=response.headers.get("Retry-After", ""),
            )

    def _signature(self, step: Delivery, now: datetime) -> dict[str, str]:
        try:
            secret = self.records.keys.webhook_secret(step.key_id)
        except KeyError:
            raise InternalError(f"the API key {step.key_id} is no longer there to sign with") from None
        return {
            "webhook-id": step.delivery_id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": Webhook(str(secret)).sign(step.delivery_id, now, step.body),
        }

    def _log(self, step: Delivery, now: datetime, begun: float, answer: _Answer, state: WebhookState) -> None:
        latency_ms = round((time.monotonic() - begun) * 1000)
        at = now.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        attempt = self.records.deliveries.log(step, at, answer.http_status, latency_ms, answer.text, state)
        logger.info(
            "webhook_attempted delivery=%s host=%s attempt=%d http_status=%d latency_ms=%d state=%s",
            *(step.delivery_id, urlsplit(step.url).hostname, attempt, answer.http_status, latency_ms, state),
        )


def _state(answer: _Answer) -> WebhookState:
    """How the webhook stands after an answer."""
    if answer.is_accepted:
        return WebhookState.DELIVERED
    return WebhookState.FAILED if answer.http_status == _GONE else WebhookState.PENDING


def _start_of(response: requests.Response) -> str:
    """The beginning of the answer's body; a receiver that breaks off has answered all the same."""
    try:
        start = response.raw.read1(4 * _ANSWER_CHARACTERS)
    except HTTPError:
        return ""
    return bytes(start or b"").decode(errors="replace")[:_ANSWER_CHARACTERS]


def _check(answer: _Answer, now: datetime) -> None:
    if answer.is_accepted:
        return
    if answer.http_status == _GONE:
        raise FetchRefused("the receiver answered 410: it wants no more")
    said = f"the receiver answered {answer.http_status}"
    pause = _pause(answer.retry_after, now)
    raise RetryLater(said, pause=pause) if pause else Unavailable(said)


def _pause(retry_after: str, now: datetime) -> timedelta | None:
    """Read a Retry-After header, in seconds or as a date (RFC 9110 section 10.2.3)."""
    try:
        asked = (
            timedelta(seconds=int(retry_after))
            if retry_after.isdecimal()
            else parsedate_to_datetime(retry_after).astimezone(UTC) - now
        )
    except (ValueError, OverflowError):
        return None
    return min(asked, _LONGEST_PAUSE) if asked > timedelta(0) else None
