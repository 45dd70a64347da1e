"""A key's own webhooks: the secret that signs them, the endpoints that take no more, and a test event."""

import json
import uuid
from datetime import timedelta
from http import HTTPStatus
from typing import TypedDict

from flask import Response, jsonify
from marshmallow import Schema, fields, post_load

from api.auth import current_key
from api.blueprint import ApiBlueprint
from api.fields import RequestSchema, WebAddress, Whole, between
from api.idempotency import reserved_id
from api.problem import PROBLEM
from api.services import services, utc_text
from contracts.errors import Unavailable
from contracts.scopes import Scope
from contracts.steps import Delivery
from storage.secrets import server_secret
from storage.signing import LONGEST_OVERLAP, USUAL_OVERLAP, derived_signing_secret

_MOMENT = {"format": "date-time"}
_DAY_S, _WEEK_S = int(USUAL_OVERLAP.total_seconds()), int(LONGEST_OVERLAP.total_seconds())


class OldSecretSchema(Schema):
    """An old secret, which is not shown, and when it ends."""

    ends_at = fields.String(required=True, metadata=_MOMENT)


class DisabledSchema(Schema):
    """An endpoint that answered 410 to a webhook, and gets none since."""

    url = fields.String(required=True)
    disabled_at = fields.String(required=True, metadata=_MOMENT)
    delivery_id = fields.String(required=True)


class WebhooksSchema(Schema):
    """What a key's webhooks are signed with besides its newest secret, and where they are not sent."""

    old_secrets = fields.List(fields.Nested(OldSecretSchema), required=True)
    disabled_endpoints = fields.List(fields.Nested(DisabledSchema), required=True)


class RotateBody(RequestSchema):
    """How long the old secret is to sign beside the new one."""

    overlap_s = Whole(
        load_default=_DAY_S,
        validate=between(0, _WEEK_S),
        metadata={"description": f"seconds, 0 to {_WEEK_S}; 0 ends every old secret at once."},
    )

    @post_load
    def overlap(self, body: dict[str, int], **options: object) -> timedelta:
        """Hand on the time alone."""
        return timedelta(seconds=body["overlap_s"])


class RotatedSchema(Schema):
    """The new secret, shown this once."""

    webhook_secret = fields.String(required=True)
    old_secrets = fields.List(fields.Nested(OldSecretSchema), required=True)


class EndpointBody(RequestSchema):
    """One endpoint."""

    url = WebAddress(required=True, metadata={"description": "The endpoint, spelt as in `webhook`."})

    @post_load
    def address(self, body: dict[str, str], **options: object) -> str:
        """Hand on the address alone."""
        return body["url"]


class EnabledSchema(Schema):
    """An endpoint that webhooks are sent to, and whether they were not before."""

    url = fields.String(required=True)
    was_disabled = fields.Boolean(required=True)


class ProbedSchema(Schema):
    """What came of a test event; `http_status` is null when no answer came, and `answer` then says why."""

    id = fields.String(required=True, metadata={"description": "Its webhook-id header."})
    delivered = fields.Boolean(required=True)
    http_status = fields.Integer(required=True, allow_none=True)
    latency_ms = fields.Integer(required=True)
    answer = fields.String(required=True, metadata={"description": "The beginning of the receiver's answer."})


class OldSecret(TypedDict):
    """An old secret's end."""

    ends_at: str


class Disabled(TypedDict):
    """A disabled endpoint."""

    url: str
    disabled_at: str
    delivery_id: str


class Webhooks(TypedDict):
    """A key's old secrets and disabled endpoints."""

    old_secrets: list[OldSecret]
    disabled_endpoints: list[Disabled]


class Enabled(TypedDict):
    """An enabled endpoint."""

    url: str
    was_disabled: bool


class Probed(TypedDict):
    """What came of a test event."""

    id: str
    delivered: bool
    http_status: int | None
    latency_ms: int
    answer: str


blueprint = ApiBlueprint("webhooks", PROBLEM)


@blueprint.get("/v1/webhooks")
@blueprint.needs(Scope.READ)
@blueprint.answer(HTTPStatus.OK, WebhooksSchema)
def show_webhooks() -> Webhooks:
    """Show how long the key's old secrets sign, and which of its endpoints are disabled."""
    disabled = services().records.endpoints.disabled(current_key().key_id)
    return Webhooks(
        old_secrets=_old_secrets(),
        disabled_endpoints=[
            Disabled(url=each.url, disabled_at=each.disabled_at, delivery_id=each.delivery_id) for each in disabled
        ],
    )


@blueprint.post("/v1/webhooks/secret")
@blueprint.needs(Scope.SUBMIT)
@blueprint.body(RotateBody)
@blueprint.answer(HTTPStatus.CREATED, RotatedSchema)
@blueprint.also_answers(HTTPStatus.CONFLICT, PROBLEM.schema, PROBLEM.media_type)
def rotate_secret(overlap: timedelta) -> Response:
    """Give the key a new webhook secret, shown in this answer alone; the old one signs too while they overlap."""
    key_id = current_key().key_id
    # Derived, so that a request repeated under its idempotency key gets the same secret without it being stored.
    secret = derived_signing_secret(server_secret(services().settings), f"webhooks:{key_id}:{reserved_id()}")
    services().records.signing.rotate(key_id, secret, services().clock(), overlap)
    response = jsonify({"webhook_secret": secret, "old_secrets": _old_secrets()})
    response.status_code = HTTPStatus.CREATED
    response.cache_control.no_store = True
    return response


@blueprint.post("/v1/webhooks/enable")
@blueprint.needs(Scope.SUBMIT)
@blueprint.body(EndpointBody)
@blueprint.answer(HTTPStatus.OK, EnabledSchema)
def enable_endpoint(url: str) -> Enabled:
    """Send webhooks to an endpoint again that answered 410; what was kept meanwhile can be sent again."""
    return Enabled(url=url, was_disabled=services().records.endpoints.enable(current_key().key_id, url))


@blueprint.post("/v1/webhooks/test")
@blueprint.needs(Scope.SUBMIT)
@blueprint.body(EndpointBody)
@blueprint.answer(HTTPStatus.OK, ProbedSchema)
def send_test_event(url: str) -> Probed:
    """Post a test event to an endpoint and say what it answered; 2xx enables an endpoint that was disabled."""
    event = a_test_event(current_key().key_id, url, utc_text(services().clock()))
    with services().waiting_room.place(event.key_id) as has_place:
        if not has_place:
            raise Unavailable("too many requests are waiting", remedy="Send the same request again shortly.")
        found = services().gateway.probe(event)
    if found.is_accepted:
        services().records.endpoints.enable(event.key_id, url)
    return Probed(
        id=found.delivery_id,
        delivered=found.is_accepted,
        http_status=found.http_status or None,
        latency_ms=found.latency_ms,
        answer=found.answer,
    )


def a_test_event(key_id: str, url: str, now: str) -> Delivery:
    """Make a test event: it belongs to no job, and its body has the shape that Standard Webhooks recommends."""
    body = {"type": "webhook.test", "timestamp": now, "data": {"url": url}}
    return Delivery(
        delivery_id=f"msg_test_{uuid.uuid4().hex}",
        job_id="",
        key_id=key_id,
        url=url,
        body=json.dumps(body, ensure_ascii=False, separators=(",", ":")),
    )


def _old_secrets() -> list[OldSecret]:
    old = services().records.signing.old(current_key().key_id, services().clock())
    return [OldSecret(ends_at=each.ends_at) for each in old]
