"""Webhooks as clients see them, whole or as rows of a list, and the cursors of such lists."""

import json
from typing import TypedDict

from marshmallow import Schema, fields

from api import cursors
from api.fields import one_of
from storage.deliveries import Attempt, Webhook, WebhookState

_MOMENT = {"format": "date-time"}


class AttemptSchema(Schema):
    """One try; `http_status` is null when no answer came, and `answer` then says why."""

    attempt = fields.Integer(required=True)
    at = fields.String(required=True, metadata=_MOMENT)
    request_headers = fields.Dict(
        keys=fields.String(), values=fields.String(), required=True, metadata={"description": "What was sent."}
    )
    http_status = fields.Integer(required=True, allow_none=True)
    latency_ms = fields.Integer(required=True)
    answer = fields.String(required=True, metadata={"description": "The beginning of the receiver's answer."})


class DeliveryRowSchema(Schema):
    """A webhook in a list: `id` is its `webhook-id` header."""

    id = fields.String(required=True)
    job_id = fields.UUID(required=True)
    url = fields.String(required=True)
    state = fields.String(required=True, validate=one_of(*(state.value for state in WebhookState)))
    created_at = fields.String(required=True, metadata=_MOMENT)
    sent_at = fields.String(
        required=True, metadata={**_MOMENT, "description": "When its three days began: it was made, or sent again."}
    )
    next_attempt_at = fields.String(
        required=True, allow_none=True, metadata={**_MOMENT, "description": "When it is tried again, once it failed."}
    )
    attempts_made = fields.Integer(required=True)


class DeliverySchema(DeliveryRowSchema):
    """A webhook with its `body`, the bytes that every attempt sends, and every attempt."""

    body = fields.String(required=True)
    attempts = fields.List(fields.Nested(AttemptSchema), required=True)


class AttemptObject(TypedDict):
    """One try."""

    attempt: int
    at: str
    request_headers: dict[str, str]
    http_status: int | None
    latency_ms: int
    answer: str


class DeliveryRow(TypedDict):
    """A webhook in a list."""

    id: str
    job_id: str
    url: str
    state: str
    created_at: str
    sent_at: str
    next_attempt_at: str | None
    attempts_made: int


class DeliveryObject(DeliveryRow):
    """A webhook with every attempt."""

    body: str
    attempts: list[AttemptObject]


def delivery_row(webhook: Webhook) -> DeliveryRow:
    """Show a webhook in a list."""
    return DeliveryRow(
        id=webhook.delivery.delivery_id,
        job_id=webhook.delivery.job_id,
        url=webhook.delivery.url,
        state=webhook.state,
        created_at=webhook.created_at,
        sent_at=webhook.sent_at,
        next_attempt_at=webhook.next_at or None,
        attempts_made=webhook.tried,
    )


def delivery_object(webhook: Webhook) -> DeliveryObject:
    """Show all of a webhook."""
    attempts = [_attempt(attempt) for attempt in webhook.attempts]
    return DeliveryObject(**delivery_row(webhook), body=webhook.delivery.body, attempts=attempts)


def write_cursor(webhook: Webhook) -> str:
    """Make an opaque cursor that goes on after a webhook."""
    return cursors.write(json.dumps(webhook.place))


def read_cursor(text: str) -> tuple[str, str] | None:
    """Undo `write_cursor`; None for "".

    Raises:
        InvalidRequest: when the text is no cursor.
    """
    return cursors.read(text, _place) if text else None


def _place(text: str) -> tuple[str, str]:
    match json.loads(text):
        case [str(created_at), str(delivery_id)]:
            return created_at, delivery_id
    raise ValueError("is no place among webhooks")


def _attempt(attempt: Attempt) -> AttemptObject:
    return AttemptObject(
        attempt=attempt.attempt,
        at=attempt.at,
        request_headers=dict(attempt.request_headers),
        http_status=attempt.http_status or None,
        latency_ms=attempt.latency_ms,
        answer=attempt.answer,
    )
