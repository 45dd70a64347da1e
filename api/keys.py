"""API keys over HTTP, for keys that may manage keys: made, listed, changed and revoked."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import TypedDict

from flask import Response, jsonify
from marshmallow import Schema, fields, post_load, validate

from api.blueprint import ApiBlueprint
from api.fields import RequestSchema, Text, one_of
from api.idempotency import reserved_id
from api.problem import PROBLEM
from api.services import services, utc_text
from contracts.errors import NotFound
from contracts.plans import Plan
from contracts.scopes import USUAL, Scope, in_order
from storage.keys import ApiKey
from storage.secrets import derived_key, server_secret

#: Longest name, in characters.
NAME_LIMIT = 100


class ScopesField(fields.List[str]):
    """What a key may do: one scope or more."""

    default_error_messages = {"null": "must not be null", "invalid": "must be a list"}  # noqa: RUF012

    def __init__(self) -> None:
        super().__init__(
            Text(validate=one_of(*Scope)),
            validate=validate.Length(min=1, error="must name a scope: " + ", ".join(Scope)),
            metadata={"description": "What the key may do; a new one submit and read if nothing is said."},
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyChange:
    """What is said of a key; None leaves it as it is."""

    name: str | None = None
    plan: Plan | None = None
    scopes: frozenset[Scope] | None = None


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
    scopes = ScopesField()

    @post_load
    def change(self, body: dict[str, str | list[str]], **options: object) -> KeyChange:
        """Hand on what was said."""
        return KeyChange(
            name=str(body["name"]) if "name" in body else None,
            plan=Plan(str(body["plan"])) if "plan" in body else None,
            scopes=frozenset(map(Scope, body["scopes"])) if "scopes" in body else None,
        )


class KeySchema(Schema):
    """A key, without its secret."""

    id = fields.String(required=True)
    name = fields.String(required=True)
    plan = fields.String(required=True, validate=one_of(*Plan))
    scopes = fields.List(fields.String(validate=one_of(*Scope)), required=True)
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
    scopes: list[str]
    created_at: str
    revoked_at: str | None


class Keys(TypedDict):
    """All keys."""

    keys: list[Key]


blueprint = ApiBlueprint("keys", PROBLEM)


@blueprint.get("/v1/keys")
@blueprint.needs(Scope.ADMIN)
@blueprint.answer(HTTPStatus.OK, KeysSchema)
def list_keys() -> Keys:
    """List all keys, revoked ones too, oldest first."""
    return Keys(keys=[_shown(key) for key in services().records.keys.list()])


@blueprint.post("/v1/keys")
@blueprint.needs(Scope.ADMIN)
@blueprint.body(KeyBody)
@blueprint.answer(HTTPStatus.CREATED, NewKeySchema)
def create_key(wanted: KeyChange) -> Response:
    """Make a key; its secrets are shown in this answer and never again."""
    records, now = services().records.keys, utc_text(services().clock())
    # Derived, so that the same request sent again under an idempotency key gets the same key without it being stored.
    text = derived_key(server_secret(services().settings), f"key:{reserved_id()}")
    key = records.add(text, wanted.name or "", now, wanted.plan or Plan.ENTERPRISE, wanted.scopes or USUAL)
    shown = {**_shown(key), "key": text, "webhook_secret": records.webhook_secret(key.key_id)}
    response = jsonify(shown)
    response.status_code = HTTPStatus.CREATED
    response.cache_control.no_store = True
    return response


@blueprint.patch("/v1/keys/<key_id>")
@blueprint.needs(Scope.ADMIN)
@blueprint.body(KeyBody)
@blueprint.answer(HTTPStatus.OK, KeySchema)
def change_key(wanted: KeyChange, key_id: str) -> Key:
    """Change a key's name, plan or rights; what is left out stays as it is."""
    key = services().records.keys.change(key_id, name=wanted.name, plan=wanted.plan, scopes=wanted.scopes)
    return _shown(_found(key))


@blueprint.delete("/v1/keys/<key_id>")
@blueprint.needs(Scope.ADMIN)
@blueprint.answer(HTTPStatus.OK, KeySchema)
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
        scopes=[scope.value for scope in in_order(key.scopes)],
        created_at=key.created_at,
        revoked_at=key.revoked_at or None,
    )
