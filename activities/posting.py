"""Posts one webhook, signed as Standard Webhooks 1.0 says, and reads what the receiver answers."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import requests
from standardwebhooks import Webhook
from urllib3.exceptions import HTTPError

from activities.exchange import exchange
from activities.turns import HostTurns
from contracts.errors import FetchFailed, InternalError, MouthpieceError
from contracts.settings import Settings
from contracts.steps import Delivery
from contracts.webhooks import is_accepted
from storage.records import Records

#: Longest part of a receiver's answer that is read, in characters.
_ANSWER_CHARACTERS = 500
#: How long the beginning of a receiver's answer is waited for once its status is known, in seconds.
_BODY_S = 5.0
_GONE = 410


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """One attempt and what came of it. `http_status` is 0 when no answer came, and `text` then says why."""

    http_status: int
    text: str
    latency_ms: int
    request_headers: Mapping[str, str]
    #: What the receiver's Retry-After asks for.
    asked: timedelta = field(default=timedelta(0))
    #: Whether no other attempt can come to more.
    is_hopeless: bool = False

    @property
    def is_accepted(self) -> bool:
        """Whether the receiver took it."""
        return is_accepted(self.http_status)

    @property
    def is_gone(self) -> bool:
        """Whether the receiver wants no more."""
        return self.http_status == _GONE

    def __str__(self) -> str:
        if self.is_gone:
            return "the receiver answered 410: it wants no more"
        return f"the receiver answered {self.http_status}" if self.http_status else self.text


@dataclass(frozen=True, slots=True)
class Poster:
    """Posts, a few at a time to one host."""

    settings: Settings
    records: Records
    turns: HostTurns

    def post(self, delivery: Delivery) -> Posted:
        """Post a delivery's bytes as they were written; a redirect is an answer like any other.

        Raises:
            RetryLater: when too many other attempts to the same host, or of the same key, are in flight.
        """
        with self.turns.taken(urlsplit(delivery.url).hostname or "", delivery.key_id):
            begun = time.monotonic()
            headers: dict[str, str] = {}
            try:
                headers = self._headers(delivery, datetime.now(UTC))
                return self._exchanged(delivery, headers, begun)
            except MouthpieceError as fault:
                return Posted(
                    http_status=0,
                    text=str(fault),
                    latency_ms=_since(begun),
                    request_headers=headers,
                    is_hopeless=not (fault.retryable or isinstance(fault, FetchFailed)),
                )

    def _exchanged(self, delivery: Delivery, headers: Mapping[str, str], begun: float) -> Posted:
        with exchange(
            "POST",
            delivery.url,
            "",
            self.settings.fetch_allow,
            headers=headers,
            body=delivery.body.encode(),
            answer_s=self.settings.webhook_timeout_s,
            body_s=_BODY_S,
        ) as response:
            return Posted(
                http_status=response.status_code,
                text=_start_of(response),
                latency_ms=_since(begun),
                request_headers=headers,
                asked=asked_pause(response.headers.get("Retry-After", ""), datetime.now(UTC)),
            )

    def _headers(self, delivery: Delivery, now: datetime) -> dict[str, str]:
        """Sign with every secret that is in force, so that a receiver may know the old or the new one."""
        try:
            secrets = self.records.signing.in_force(delivery.key_id, now)
        except KeyError:
            raise InternalError(f"the API key {delivery.key_id} is no longer there to sign with") from None
        signatures = [Webhook(str(secret)).sign(delivery.delivery_id, now, delivery.body) for secret in secrets]
        return {
            "Content-Type": "application/json",
            "webhook-id": delivery.delivery_id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": " ".join(signatures),
        }


def asked_pause(retry_after: str, now: datetime) -> timedelta:
    """Read a Retry-After header, in seconds or as a date (RFC 9110 section 10.2.3); 0 when it makes no sense."""
    try:
        if retry_after.isdecimal():
            return timedelta(seconds=int(retry_after))
        date = parsedate_to_datetime(retry_after)
        # RFC 9110 dates are UTC, also those whose zone Python takes for unknown.
        asked = (date if date.tzinfo else date.replace(tzinfo=UTC)) - now
    except (ValueError, OverflowError):
        return timedelta(0)
    return max(asked, timedelta(0))


def _start_of(response: requests.Response) -> str:
    """The beginning of the answer's body; a receiver that breaks off has answered all the same."""
    try:
        start = response.raw.read1(4 * _ANSWER_CHARACTERS)
    except HTTPError:
        return ""
    return bytes(start or b"").decode(errors="replace")[:_ANSWER_CHARACTERS]


def _since(begun: float) -> int:
    return round((time.monotonic() - begun) * 1000)
