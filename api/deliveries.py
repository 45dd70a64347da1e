"""Webhooks as their owner sees them: every attempt and what came back, and sending them again."""

from collections.abc import Sequence
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TypedDict

from marshmallow import Schema, fields, post_load

from api import job_moves
from api.auth import current_key
from api.blueprint import ApiBlueprint
from api.fields import RequestSchema, one_of
from api.lookup import find_job
from api.problem import PROBLEM
from api.query import Moment
from api.services import services
from contracts.errors import NotFound
from contracts.scopes import Scope
from storage.deliveries import Attempt, Webhook, WebhookState

_MOMENT = {"format": "date-time"}


class AttemptSchema(Schema):
    """One try; `http_status` is null when no answer came, and `answer` then says why."""

    attempt = fields.Integer(required=True)
    at = fields.String(required=True, metadata=_MOMENT)
    http_status = fields.Integer(required=True, allow_none=True)
    latency_ms = fields.Integer(required=True)
    answer = fields.String(required=True, metadata={"description": "The beginning of the receiver's answer."})


class DeliverySchema(Schema):
    """A webhook: `id` is its `webhook-id` header, `body` the bytes that every attempt sends."""

    id = fields.String(required=True)
    job_id = fields.UUID(required=True)
    url = fields.String(required=True)
    body = fields.String(required=True)
    state = fields.String(required=True, validate=one_of(*(state.value for state in WebhookState)))
    created_at = fields.String(required=True, metadata=_MOMENT)
    attempts = fields.List(fields.Nested(AttemptSchema), required=True)


class DeliveriesSchema(Schema):
    """A job's webhooks, oldest first: one for each time it ended."""

    deliveries = fields.List(fields.Nested(DeliverySchema), required=True)


class RedeliveredSchema(Schema):
    """The webhooks that are sent again."""

    ids = fields.List(fields.String(), required=True)
    count = fields.Integer(required=True)


class SinceBody(RequestSchema):
    """From when on failed webhooks are to be sent again."""

    since = Moment(required=True, metadata={"format": "date-time", "description": "a time like 2026-01-02T03:04:05Z."})

    @post_load
    def moment(self, body: dict[str, datetime], **options: object) -> datetime:
        """Hand on the time alone."""
        return body["since"]


class AttemptObject(TypedDict):
    """One try."""

    attempt: int
    at: str
    http_status: int | None
    latency_ms: int
    answer: str


class DeliveryObject(TypedDict):
    """A webhook."""

    id: str
    job_id: str
    url: str
    body: str
    state: str
    created_at: str
    attempts: list[AttemptObject]


class DeliveryList(TypedDict):
    """A job's webhooks."""

    deliveries: list[DeliveryObject]


class Redelivered(TypedDict):
    """The webhooks that are sent again."""

    ids: list[str]
    count: int


blueprint = ApiBlueprint("deliveries", PROBLEM)


@blueprint.get("/v1/jobs/<job_id>/deliveries")
@blueprint.needs(Scope.READ)
@blueprint.answer(HTTPStatus.OK, DeliveriesSchema)
def list_deliveries(job_id: str) -> DeliveryList:
    """List a job's webhooks with every attempt to deliver them."""
    webhooks = services().records.deliveries.of_job(find_job(job_id, "id").job_id, services().clock())
    return DeliveryList(deliveries=[_delivery(webhook) for webhook in webhooks])


@blueprint.post("/v1/deliveries/<delivery_id>/redeliver")
@blueprint.needs(Scope.SUBMIT)
@blueprint.answer(HTTPStatus.ACCEPTED, RedeliveredSchema)
def redeliver(delivery_id: str) -> Redelivered:
    """Send a webhook again at once, whatever became of it: the same bytes under the same id."""
    webhook = services().records.deliveries.find(delivery_id, services().clock())
    if webhook is None or webhook.delivery.key_id != current_key().key_id:
        raise NotFound("no such webhook for this key", field="id", remedy="A job's deliveries show their ids.")
    return _sent_off([webhook])


@blueprint.post("/v1/deliveries/redeliver")
@blueprint.needs(Scope.SUBMIT)
@blueprint.body(SinceBody)
@blueprint.answer(HTTPStatus.ACCEPTED, RedeliveredSchema)
def redeliver_failed(since: datetime) -> Redelivered:
    """Send again all webhooks that were made since a time and have failed."""
    deliveries = services().records.deliveries
    return _sent_off(deliveries.failed(current_key().key_id, _text(since), services().clock()))


def _sent_off(webhooks: Sequence[Webhook]) -> Redelivered:
    for webhook in webhooks:
        job_moves.redeliver(services().records, services().gateway, webhook, services().clock())
    return Redelivered(ids=[webhook.delivery.delivery_id for webhook in webhooks], count=len(webhooks))


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _delivery(webhook: Webhook) -> DeliveryObject:
    return DeliveryObject(
        id=webhook.delivery.delivery_id,
        job_id=webhook.delivery.job_id,
        url=webhook.delivery.url,
        body=webhook.delivery.body,
        state=webhook.state,
        created_at=webhook.created_at,
        attempts=[_attempt(attempt) for attempt in webhook.attempts],
    )


def _attempt(attempt: Attempt) -> AttemptObject:
    return AttemptObject(
        attempt=attempt.attempt,
        at=attempt.at,
        http_status=attempt.http_status or None,
        latency_ms=attempt.latency_ms,
        answer=attempt.answer,
    )
