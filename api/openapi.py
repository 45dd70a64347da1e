"""The OpenAPI document: what the blueprints say of themselves, and what the service adds to every call."""

from http import HTTPStatus
from importlib.metadata import PackageNotFoundError, version

from apispec import APISpec, BasePlugin
from apispec.ext.marshmallow import MarshmallowPlugin
from apispec.ext.marshmallow.openapi import OpenAPIConverter
from flask import Flask
from flask_smorest import Api
from marshmallow import Schema
from marshmallow.fields import Field, String

from api.error_table import JsonObject
from api.fields import URL_PATTERN, RequestSchema, WebAddress
from api.speech_fields import SpeechSchema
from contracts.settings import Settings
from contracts.web_addresses import URL_LIMIT

_METHODS = ("get", "post", "put", "patch", "delete")

_TEXT: JsonObject = {"type": "string"}
_COUNT: JsonObject = {"type": "integer", "minimum": 0}

#: Headers of answers, by the name that operations refer to.
HEADERS: dict[str, JsonObject] = {
    "X-Request-Id": {"description": "The request's id: the client's own, or a new one.", "schema": _TEXT},
    "Idempotency-Replayed": {
        "description": "Present when this is the stored answer to an earlier request with the same Idempotency-Key.",
        "schema": {"type": "string", "enum": ["true"]},
    },
    "RateLimit-Policy": {
        "description": 'The limit in force: "NAME";q=QUOTA;w=SECONDS. Absent when there is none.',
        "schema": _TEXT,
    },
    "RateLimit": {
        "description": 'What is left of it: "NAME";r=REQUESTS;t=SECONDS. Absent when there is no limit.',
        "schema": _TEXT,
    },
    "X-RateLimit-Limit": {"description": "Requests admitted in a minute.", "schema": _COUNT},
    "X-RateLimit-Remaining": {"description": "Requests left in this minute.", "schema": _COUNT},
    "X-RateLimit-Reset": {"description": "When the minute ends, in seconds since 1970.", "schema": _COUNT},
    "Retry-After": {"description": "Seconds after which to ask again.", "schema": {"type": "integer", "minimum": 1}},
    "WWW-Authenticate": {"description": "How to authenticate.", "schema": _TEXT},
    "Allow": {"description": "The methods that are possible here.", "schema": _TEXT},
}

_RATE_HEADERS = ("RateLimit-Policy", "RateLimit", "X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset")

#: Headers that a status brings with it, and whether it always does.
_OF_STATUS: dict[HTTPStatus, tuple[str, bool]] = {
    HTTPStatus.UNAUTHORIZED: ("WWW-Authenticate", True),
    HTTPStatus.METHOD_NOT_ALLOWED: ("Allow", True),
    HTTPStatus.CONFLICT: ("Retry-After", False),
    HTTPStatus.TOO_MANY_REQUESTS: ("Retry-After", True),
    HTTPStatus.SERVICE_UNAVAILABLE: ("Retry-After", True),
}

#: Headers of requests, by the name that operations refer to.
PARAMETERS: dict[str, JsonObject] = {
    "RequestId": {
        "name": "X-Request-Id",
        "description": "An id to find the request by: up to 64 letters, digits, '.', '_' and '-'; others are replaced.",
        "schema": _TEXT,
    },
    "IdempotencyKey": {
        "name": "Idempotency-Key",
        "description": "Makes it safe to send the request again: the first one's answer is then repeated.",
        "schema": {"type": "string", "pattern": "^[!-~]{1,255}$"},
    },
}


#: How the blueprints are named where they answer without "/api", and the heading under which the document puts them.
BARE, BARE_TAG = "_bare", "the same without /api"

#: From what a call makes to the calls that take it: (method, path) to (method, path, parameter, where it is answered).
LINKS: dict[tuple[str, str], tuple[tuple[str, str, str, str], ...]] = {
    ("post", "/v1/lipsync-image"): (("get", "/v1/jobs/{job_id}", "job_id", "/id"),),
    ("post", "/v1/lipsync-image-multi"): (("get", "/v1/jobs/{job_id}", "job_id", "/id"),),
    ("post", "/v1/lipsync-video"): (
        ("get", "/v1/jobs/{job_id}", "job_id", "/id"),
        ("delete", "/v1/jobs/{job_id}", "job_id", "/id"),
    ),
    ("post", "/v1/lipsync/submit"): (("get", "/v1/lipsync/status/{job_id}", "job_id", "/jobId"),),
    ("post", "/v1/generate"): (("get", "/v1/lipsync/status/{job_id}", "job_id", "/job_id"),),
    ("post", "/v1/batches"): (("get", "/v1/batches/{batch_id}", "batch_id", "/id"),),
    ("post", "/v1/inspect"): (("get", "/v1/inspect/{inspection_id}", "inspection_id", "/id"),),
    ("get", "/v1/jobs/{job_id}/deliveries"): (
        ("post", "/v1/deliveries/{delivery_id}/redeliver", "delivery_id", "/deliveries/0/id"),
    ),
    ("get", "/v1/deliveries"): (("get", "/v1/deliveries/{delivery_id}/attempts", "delivery_id", "/deliveries/0/id"),),
    ("post", "/v1/keys"): (
        ("patch", "/v1/keys/{key_id}", "key_id", "/id"),
        ("delete", "/v1/keys/{key_id}", "key_id", "/id"),
    ),
}


class Service(Api):
    """The OpenAPI document alone: errors are answered by `ErrorAnswers`.

    A field's metadata may hold `limits`, a function that makes JSON Schema keywords of the settings.
    """

    DEFAULT_ERROR_RESPONSE_NAME = ""

    def __init__(self, app: Flask, settings: Settings) -> None:
        plugins = {"extra_plugins": [_EveryCall()], "marshmallow_plugin": _Schemas()}
        super().__init__(app, spec_kwargs=plugins)  # type: ignore[no-untyped-call]

        def limits(converter: object, field: Field[object], ret: JsonObject) -> JsonObject:
            set_by_operator = field.metadata.get("limits")
            return set_by_operator(settings) if callable(set_by_operator) else {}

        if self.ma_plugin.converter:
            self.ma_plugin.converter.add_attribute_function(limits)
            self.ma_plugin.converter.add_attribute_function(_text_of_request)

    def _register_error_handlers(self) -> None:
        """Leave the application's handlers alone."""

    def _register_responses(self) -> None:
        """Leave the library's error format, which no path uses, out of the document."""

    def _register_pagination_header(self) -> None:
        """Leave the library's pagination out of the document."""


def config(settings: Settings) -> JsonObject:
    """Return what the library reads from the application's configuration."""
    return {
        "API_TITLE": "Mouthpiece",
        "API_VERSION": _version(),
        "OPENAPI_VERSION": "3.1.0",
        "OPENAPI_URL_PREFIX": "/",
        "API_SPEC_OPTIONS": {
            "info": {
                "description": "Lip-synced videos from a portrait or a video, and speech.",
                "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
            },
            "servers": [{"url": settings.public_url}],
            "security": [{"bearer": []}, {"apiKey": []}],
            "components": {
                "securitySchemes": {
                    "bearer": {"type": "http", "scheme": "bearer"},
                    "apiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
                }
            },
        },
    }


class _Converter(OpenAPIConverter):
    """Writes schemas, and of those that have alternatives that one of them is to be met."""

    def schema2jsonschema(self, schema: Schema | type[Schema]) -> JsonObject:
        described: JsonObject = super().schema2jsonschema(schema)  # type: ignore[no-untyped-call]
        is_one_of = isinstance(schema, SpeechSchema) or (isinstance(schema, type) and issubclass(schema, SpeechSchema))
        return described | ({"oneOf": schema.alternatives()} if is_one_of else {})  # type: ignore[union-attr]


class _Schemas(MarshmallowPlugin):
    Converter = _Converter


class _EveryCall(BasePlugin):
    """Adds the headers of every call to each operation, and an id."""

    def init_spec(self, spec: APISpec) -> None:
        for name, header in HEADERS.items():
            spec.components.header(name, header)
        for name, parameter in PARAMETERS.items():
            spec.components.parameter(name, "header", parameter)

    def operation_helper(
        self, path: str | None = None, operations: dict[str, JsonObject] | None = None, **options: object
    ) -> None:
        for method in _METHODS:
            if method in (operations or {}):
                _complete(path or "", method, (operations or {})[method])


def _complete(path: str, method: str, operation: JsonObject) -> None:
    is_public, is_post = operation.get("security") == [], method == "post"
    operation.setdefault("operationId", _operation_id(method, path))
    if any(str(tag).endswith(BARE) for tag in operation.get("tags", ())):  # type: ignore[attr-defined]
        operation["tags"] = [BARE_TAG]
    parameters = operation.setdefault("parameters", [])
    if isinstance(parameters, list):
        parameters += ["RequestId"] + (["IdempotencyKey"] if is_post and not is_public else [])
    responses = operation["responses"]
    if not isinstance(responses, dict):
        return
    for code, response in responses.items():
        status = HTTPStatus(int(code))
        headers = response.setdefault("headers", {})
        for name in _names(status, is_limited=not is_public, is_post=is_post):
            headers.setdefault(name, name)
        headers.setdefault("X-Request-Id", "X-Request-Id")
        if links := _links(method, path) if 200 <= status < 300 else {}:
            response["links"] = links


def _operation_id(method: str, path: str) -> str:
    return method + path.translate(str.maketrans("/-", "__", "{}"))


def _links(method: str, path: str) -> JsonObject:
    prefix = "/api" if path.startswith("/api/") else ""
    linked = LINKS.get((method, path.removeprefix("/api")), ())
    return {
        _operation_id(verb, target): {
            "operationId": _operation_id(verb, prefix + target),
            "parameters": {parameter: f"$response.body#{pointer}"},
        }
        for verb, target, parameter, pointer in linked
    }


def _names(status: HTTPStatus, *, is_limited: bool, is_post: bool) -> tuple[str, ...]:
    """Name the headers that an answer can have, X-Request-Id aside."""
    has_limit = is_limited and status is not HTTPStatus.UNAUTHORIZED
    replayed = ("Idempotency-Replayed",) if is_limited and is_post and 200 <= status < 300 else ()
    own = (_OF_STATUS[status][0],) if status in _OF_STATUS else ()
    return (*own, *replayed, *(_RATE_HEADERS if has_limit else ()))


def _text_of_request(converter: object, field: Field[object], ret: JsonObject) -> JsonObject:
    """Say what addresses look like, and that an optional text may be "": `RequestSchema` then leaves it out."""
    if not isinstance(field.parent, RequestSchema) or not isinstance(field, String):
        return {}
    address: JsonObject = {"pattern": URL_PATTERN, "maxLength": URL_LIMIT} if isinstance(field, WebAddress) else {}
    return address if field.required or "format" in ret else _or_empty(ret | address)


def _or_empty(text: JsonObject) -> JsonObject:
    if "pattern" in text:
        return text | {"pattern": f"^$|{text['pattern']}"}
    if isinstance(text.get("enum"), list):
        return text | {"enum": ["", *text["enum"]]}  # type: ignore[misc]
    return {}


def _version() -> str:
    try:
        return version("mouthpiece")
    except PackageNotFoundError:
        return "0"
