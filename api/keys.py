"""API keys over HTTP, for keys that may manage keys: made, listed, changed and revoked."""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import TypedDict

from flask import Response, jsonify
from marshmallow import Schema, fields, post_load, validate

from api.auth import current_key
from api.blueprint import ApiBlueprint
from api.fields import RequestSchema, Text, one_of
from api.idempotency import reserved_id
from api.problem import PROBLEM
from api.services import services, utc_text
from contracts.errors import Forbidden, NotFound
from contracts.plans import Plan
from storage.keys import ApiKey
from storage.secrets import derived_key, server_secret

#: Longest name, in characters.
NAME_LIMIT = 100


class Flag(fields.Boolean):
    """True or false; never made from a number or a word."""

    default_error_messages = {"invalid": "must be true or false", "null": "must not be null"}  # noqa: RUF012

    def _deserialize(
        self, value: object, attr: str | None, data: Mapping[str, object] | None, **options: object
    ) -> bool:
        if not isinstance(value, bool):
            raise self.make_error("invalid", input=value)
        return value


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyChange:
    """What is said of a key; None leaves it as it is."""

    name: str | None = None
    plan: Plan | None = None
    is_admin: bool | None = None


class KeyBody(RequestSchema):
    """A key as its maker wants it."""

    name = Text(
        validate=[
            validate.Length(max=NAME_LIMIT, error="must not be longer than {max} characters"),
            validate.ContainsNoneOf("\r\n", error="must be one line"),
        ],
        metadata={"description": "What the key is called in lists.", "pattern": r"^[^\r\n]*$"},
    )
    plan = Text(validate=one_of(*Plan), metadata={"description": "How many requests a minute the key may make."})
    admin = Flag(metadata={"description": "Whether the key may manage keys."})

    @post_load
    def change(self, body: dict[str, str | bool], **options: object) -> KeyChange:
        """Hand on what was said."""
        return KeyChange(
            name=str(body["name"]) if "name" in body else None,
            plan=Plan(str(body["plan"])) if "plan" in body else None,
            is_admin=bool(body["admin"]) if "admin" in body else None,
        )


class KeySchema(Schema):
    """A key, without its secret."""

    id = fields.String(required=True)
    name = fields.String(required=True)
    plan = fields.String(required=True, validate=one_of(*Plan))
    admin = fields.Boolean(required=True)
    created_at = fields.String(required=True, metadata={"format": "date-time"})
    revoked_at = fields.String(required=True, allow_none=True, metadata={"format": "date-time"})


class NewKeySchema(KeySchema):
    """A key with what is shown this once."""

    key = fields.String(required=True, metadata={"description": "What requests carry."})
    webhook_secret = fields.String(required=True, metadata={"description": "What the key's webhooks are signed with."})


class KeysSchema(Schema):
    """All keys."""

    keys = fields.List(fields.Nested(KeySchema), required=True)


class Key(TypedDict):
    """A key, without its secret."""

    id: str
    name: str
    plan: str
    admin: bool
    created_at: str
    revoked_at: str | None


class Keys(TypedDict):
    """All keys."""

    keys: list[Key]


def _admins_only() -> None:
    if not current_key().is_admin:
        raise Forbidden(
            "this key may not manage keys", remedy="Use an admin's key, or `mouthpiece keys` on the server."
        )


blueprint = ApiBlueprint("keys", PROBLEM)
blueprint.before_request(_admins_only)


@blueprint.get("/v1/keys")
@blueprint.answer(HTTPStatus.OK, KeysSchema)
@blueprint.also_answers(HTTPStatus.FORBIDDEN, PROBLEM.schema, PROBLEM.media_type)
def list_keys() -> Keys:
    """List all keys, revoked ones too, oldest first."""
    return Keys(keys=[_shown(key) for key in services().records.keys.list()])


@blueprint.post("/v1/keys")
@blueprint.body(KeyBody)
@blueprint.answer(HTTPStatus.CREATED, NewKeySchema)
@blueprint.also_answers(HTTPStatus.FORBIDDEN, PROBLEM.schema, PROBLEM.media_type)
def create_key(wanted: KeyChange) -> Response:
    """Make a key; its secrets are shown in this answer and never again."""
    records, now = services().records.keys, utc_text(services().clock())
    # Derived, so that the same request sent again under an idempotency key gets the same key without it being stored.
    text = derived_key(server_secret(services().settings), f"key:{reserved_id()}")
    key = records.add(text, wanted.name or "", now, wanted.plan or Plan.ENTERPRISE, bool(wanted.is_admin))
    shown = {**_shown(key), "key": text, "webhook_secret": records.webhook_secret(key.key_id)}
    response = jsonify(shown)
    response.status_code = HTTPStatus.CREATED
    response.cache_control.no_store = True
    return response


@blueprint.patch("/v1/keys/<key_id>")
@blueprint.body(KeyBody)
@blueprint.answer(HTTPStatus.OK, KeySchema)
@blueprint.also_answers(HTTPStatus.FORBIDDEN, PROBLEM.schema, PROBLEM.media_type)
def change_key(wanted: KeyChange, key_id: str) -> Key:
    """Change a key's name, plan or rights; what is left out stays as it is."""
    key = services().records.keys.change(key_id, name=wanted.name, plan=wanted.plan, is_admin=wanted.is_admin)
    return _shown(_found(key))


@blueprint.delete("/v1/keys/<key_id>")
@blueprint.answer(HTTPStatus.OK, KeySchema)
@blueprint.also_answers(HTTPStatus.FORBIDDEN, PROBLEM.schema, PROBLEM.media_type)
def revoke_key(key_id: str) -> Key:
    """Stop a key from working, at once; its jobs stay."""
    records = services().records.keys
    records.revoke(key_id, utc_text(services().clock()))
    return _shown(_found(records.get(key_id)))


def _found(key: ApiKey | None) -> ApiKey:
    if key is None:
        raise NotFound("no such key", field="id", remedy="GET /api/v1/keys lists them.")
    return key


def _shown(key: ApiKey) -> Key:
    return Key(
        id=key.key_id,
        name=key.name,
        plan=key.plan,
        admin=key.is_admin,
        created_at=key.created_at,
        revoked_at=key.revoked_at or None,
    )
