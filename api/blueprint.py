"""Blueprints of this API: authenticated, validated and documented the same way in every dialect."""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import TypeVar

from apispec import APISpec
from flask import request
from flask_smorest.blueprint import Blueprint
from marshmallow import Schema

from api import idempotency, limits
from api.auth import authenticate, require
from api.error_table import ErrorTable, JsonObject
from api.json_body import JsonBody
from contracts.errors import ErrorCode
from contracts.scopes import Scope

View = TypeVar("View", bound=Callable[..., object])

#: What any call can be answered with.
_DOCUMENTED = (
    ErrorCode.INVALID_REQUEST,
    ErrorCode.NOT_FOUND,
    ErrorCode.METHOD_NOT_ALLOWED,
    ErrorCode.PAYLOAD_TOO_LARGE,
    ErrorCode.UNAVAILABLE,
    ErrorCode.INTERNAL,
)
#: And any that asks for a key; and of those any POST.
_DOCUMENTED_WITH_KEY = (ErrorCode.UNAUTHORIZED, ErrorCode.FORBIDDEN, ErrorCode.RATE_LIMITED)
_DOCUMENTED_ON_POST = (ErrorCode.IDEMPOTENCY_MISMATCH, ErrorCode.IDEMPOTENCY_IN_FLIGHT)


#: How a key is sent, as the OpenAPI document names it.
_SCHEMES = ("bearer", "apiKey")


class ApiBlueprint(Blueprint):
    """A group of routes with one way of wording errors.

    Args:
        name: what the routes are called in the OpenAPI document.
        errors: how they answer faults.
        is_public: whether they work without an API key.
        max_body_bytes: largest JSON body; None: as everywhere.
    """

    ARGUMENTS_PARSER = JsonBody()

    def __init__(
        self, name: str, errors: ErrorTable, *, is_public: bool = False, max_body_bytes: int | None = None
    ) -> None:
        super().__init__(name, __name__)  # type: ignore[no-untyped-call]
        self.errors = errors
        self._max_body_bytes = max_body_bytes
        self._is_public = is_public
        self._scopes: dict[str, Scope] = {}
        self._prepare_doc_cbks.append(self._describe)
        self.before_request(self._allow_body)
        if not is_public:
            self.before_request(authenticate)
            self.before_request(limits.admit)
            self.before_request(self._authorise)
            self.before_request(idempotency.begin)
            self.after_request(idempotency.finish)
            self.after_request(limits.add_headers)

    def needs(self, scope: Scope) -> Callable[[View], View]:
        """Answer keys with a scope alone. A view that names none is answered to admins."""
        documented = self.doc(security=[{scheme: [scope.value]} for scheme in _SCHEMES])  # type: ignore[no-untyped-call]

        def note(view: View) -> View:
            self._scopes[view.__name__] = scope
            return documented(view)  # type: ignore[no-any-return]

        return note

    def body(self, schema: type[Schema]) -> Callable[[View], View]:
        """Load the JSON body by a schema and pass the result to the view."""
        return super().arguments(schema)  # type: ignore[no-untyped-call,no-any-return]

    def query(self, schema: type[Schema]) -> Callable[[View], View]:
        """Load the query string by a schema and pass the result to the view."""
        return super().arguments(schema, location="query")  # type: ignore[no-untyped-call,no-any-return]

    def answer(
        self, status: HTTPStatus, schema: type[Schema] | Mapping[str, object], media_type: str = "application/json"
    ) -> Callable[[View], View]:
        """Write the view's result by a schema."""
        return super().response(status.value, schema, content_type=media_type)  # type: ignore[no-untyped-call,no-any-return]

    def answers_nothing(self) -> Callable[[View], View]:
        """Answer 204 without a body."""
        return super().response(HTTPStatus.NO_CONTENT.value)  # type: ignore[no-untyped-call,no-any-return]

    def also_answers(
        self, status: HTTPStatus, schema: type[Schema] | Mapping[str, object], media_type: str = "application/json"
    ) -> Callable[[View], View]:
        """Document another answer that the view makes itself."""
        return super().alt_response(status.value, schema=schema, content_type=media_type)  # type: ignore[no-untyped-call,no-any-return]

    def takes(self, media: Mapping[str, JsonObject | type[Schema]]) -> Callable[[View], View]:
        """Document a body that the view reads itself: media type to schema."""
        content = {media_type: {"schema": schema} for media_type, schema in media.items()}
        return super().doc(requestBody={"required": True, "content": content})  # type: ignore[no-untyped-call,no-any-return]

    def scope_of(self, endpoint: str) -> Scope | None:
        """The scope that a key needs for an endpoint of this blueprint; None when no key is needed."""
        return None if self._is_public else self._scopes.get(endpoint.rpartition(".")[2], Scope.ADMIN)

    def _authorise(self) -> None:
        if scope := self.scope_of(request.endpoint or ""):
            require(scope)

    def _allow_body(self) -> None:
        if self._max_body_bytes is not None:
            request.max_content_length = self._max_body_bytes

    def _describe(
        self, doc: JsonObject, doc_info: JsonObject, *, api: object, spec: APISpec, method: str, **kwargs: object
    ) -> JsonObject:
        """Add the dialect's errors, and that no key is needed, to an operation of the OpenAPI document."""
        responses = doc.setdefault("responses", {})
        if not isinstance(responses, dict):
            return doc
        responses.pop(JsonBody.DEFAULT_VALIDATION_STATUS, None)
        for status in sorted({self.errors.entries[code].status for code in self._faults(method)}):
            responses.setdefault(
                status.value,
                {
                    "description": status.phrase,
                    "content": {self.errors.media_type: {"schema": self.errors.schema}},
                },
            )
        return doc | {"security": []} if self._is_public else doc

    def _faults(self, method: str) -> tuple[ErrorCode, ...]:
        if self._is_public:
            return _DOCUMENTED
        return _DOCUMENTED + _DOCUMENTED_WITH_KEY + (_DOCUMENTED_ON_POST if method.lower() == "post" else ())
