"""Webhooks: the log of what was sent and what came back, lists of them by state, and sending them again."""

from collections.abc import Sequence
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TypedDict

from marshmallow import Schema, fields

from api import job_moves
from api.auth import current_key
from api.blueprint import ApiBlueprint
from api.delivery_object import (
    DeliveryObject,
    DeliveryRow,
    DeliveryRowSchema,
    DeliverySchema,
    delivery_object,
    delivery_row,
    read_cursor,
    write_cursor,
)
from api.error_table import JsonObject
from api.fields import RequestSchema, Text, Whole, between, one_of
from api.lookup import find_job
from api.problem import PROBLEM
from api.query import LONGEST_PAGE, Moment, PageQuery
from api.services import services
from contracts.errors import NotFound
from contracts.scopes import Scope
from storage.deliveries import Webhook, WebhookFilter, WebhookState

#: How long one request sends webhooks off, in seconds; what it does not come to is left to the next.
LONGEST_SENDING_S = 2.0


class DeliveriesSchema(Schema):
    """A job's webhooks, oldest first: one for each time it ended."""

    deliveries = fields.List(fields.Nested(DeliverySchema), required=True)


class DeliveriesQuery(PageQuery):
    """Which webhooks to list."""

    state = Text(
        load_default="",
        validate=one_of(*(state.value for state in WebhookState)),
        metadata={"description": "only webhooks in this state."},
    )
    since = Moment(
        load_default=None, metadata={"format": "date-time", "description": "only those made at this time or later."}
    )


class DeliveryPageSchema(Schema):
    """Webhooks, newest first."""

    deliveries = fields.List(fields.Nested(DeliveryRowSchema), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class RedeliveredSchema(Schema):
    """The webhooks that are sent again."""

    ids = fields.List(fields.String(), required=True)
    count = fields.Integer(required=True)


class RedeliveredPageSchema(RedeliveredSchema):
    """The webhooks that are sent again by one request."""

    skipped = fields.Integer(required=True, metadata={"description": "Those whose endpoint is disabled."})
    next_cursor = fields.String(
        required=True, allow_none=True, metadata={"description": "What to send with the next request; null at the end."}
    )


class RedeliverBody(RequestSchema):
    """Which webhooks are to be sent again."""

    since = Moment(required=True, metadata={"format": "date-time", "description": "a time like 2026-01-02T03:04:05Z."})
    state = Text(
        load_default=WebhookState.FAILED.value,
        validate=one_of(WebhookState.FAILED.value, WebhookState.DISABLED.value),
        metadata={"description": "failed (default), or disabled: kept while their endpoint was."},
    )
    limit = Whole(
        load_default=LONGEST_PAGE,
        validate=between(1, LONGEST_PAGE),
        metadata={"description": f"most webhooks that this request sends off, 1 to {LONGEST_PAGE}."},
    )
    cursor = Text(load_default="", metadata={"description": "next_cursor of the answer before."})


class DeliveryList(TypedDict):
    """A job's webhooks."""

    deliveries: list[DeliveryObject]


class DeliveryPage(TypedDict):
    """Webhooks, newest first."""

    deliveries: list[DeliveryRow]
    next_cursor: str | None


class Redelivered(TypedDict):
    """The webhooks that are sent again."""

    ids: list[str]
    count: int


class RedeliveredPage(Redelivered):
    """The webhooks that are sent again by one request."""

    skipped: int
    next_cursor: str | None


blueprint = ApiBlueprint("deliveries", PROBLEM)


@blueprint.get("/v1/jobs/<job_id>/deliveries")
@blueprint.needs(Scope.READ)
@blueprint.answer(HTTPStatus.OK, DeliveriesSchema)
def list_deliveries(job_id: str) -> DeliveryList:
    """List a job's webhooks with every attempt to deliver them."""
    webhooks = services().records.deliveries.of_job(find_job(job_id, "id").job_id, services().clock())
    return DeliveryList(deliveries=[delivery_object(webhook) for webhook in webhooks])


@blueprint.get("/v1/deliveries")
@blueprint.needs(Scope.READ)
@blueprint.query(DeliveriesQuery)
@blueprint.answer(HTTPStatus.OK, DeliveryPageSchema)
def list_by_state(query: JsonObject) -> DeliveryPage:
    """List the key's webhooks; those that are failed are the dead ones."""
    webhooks, has_more = _page(query)
    return DeliveryPage(
        deliveries=[delivery_row(webhook) for webhook in webhooks],
        next_cursor=write_cursor(webhooks[-1]) if has_more else None,
    )


@blueprint.get("/v1/deliveries/<delivery_id>/attempts")
@blueprint.needs(Scope.READ)
@blueprint.answer(HTTPStatus.OK, DeliverySchema)
def show_delivery(delivery_id: str) -> DeliveryObject:
    """Show a webhook with every attempt to deliver it."""
    return delivery_object(_found(delivery_id))


@blueprint.post("/v1/deliveries/<delivery_id>/redeliver")
@blueprint.needs(Scope.SUBMIT)
@blueprint.answer(HTTPStatus.ACCEPTED, RedeliveredSchema)
@blueprint.also_answers(HTTPStatus.CONFLICT, PROBLEM.schema, PROBLEM.media_type)
def redeliver(delivery_id: str) -> Redelivered:
    """Send a webhook again at once, whatever became of it: the same bytes under the same id."""
    webhook = _found(delivery_id)
    job_moves.redeliver(services().records, services().gateway, webhook, services().clock())
    return Redelivered(ids=[webhook.delivery.delivery_id], count=1)


@blueprint.post("/v1/deliveries/redeliver")
@blueprint.needs(Scope.SUBMIT)
@blueprint.body(RedeliverBody)
@blueprint.answer(HTTPStatus.ACCEPTED, RedeliveredPageSchema)
def redeliver_failed(body: JsonObject) -> RedeliveredPage:
    """Send again webhooks that were made since a time and have failed, oldest first, a page a request."""
    webhooks, has_more = _page(body, oldest_first=True)
    found = services()
    done = job_moves.redeliver_all(found.records, found.gateway, webhooks, found.clock(), most_s=LONGEST_SENDING_S)
    return RedeliveredPage(
        ids=done.sent,
        count=len(done.sent),
        skipped=done.looked_at - len(done.sent),
        next_cursor=write_cursor(webhooks[done.looked_at - 1]) if has_more or done.looked_at < len(webhooks) else None,
    )


def _found(delivery_id: str) -> Webhook:
    webhook = services().records.deliveries.find(delivery_id, services().clock())
    if webhook is None or webhook.delivery.key_id != current_key().key_id:
        raise NotFound("no such webhook for this key", field="id", remedy="A job's deliveries show their ids.")
    return webhook


def _page(wanted: JsonObject, *, oldest_first: bool = False) -> tuple[Sequence[Webhook], bool]:
    """Return a page, and whether there is more after it."""
    since, limit = wanted["since"], int(str(wanted["limit"]))
    which = WebhookFilter(
        key_id=current_key().key_id,
        state=WebhookState(str(wanted["state"])) if wanted["state"] else None,
        since=_text(since) if isinstance(since, datetime) else None,
        after=read_cursor(str(wanted["cursor"])),
    )
    now = services().clock()
    found = services().records.deliveries.list_by(which, now, limit + 1, oldest_first=oldest_first)
    return found[:limit], len(found) > limit


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
