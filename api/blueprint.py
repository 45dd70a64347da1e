"""Blueprints of this API: authenticated, validated and documented the same way in every dialect."""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import TypeVar

from apispec import APISpec
from flask_smorest.blueprint import Blueprint
from marshmallow import Schema

from api.auth import authenticate
from api.error_table import ErrorTable, JsonObject
from api.json_body import JsonBody
from contracts.errors import ErrorCode

View = TypeVar("View", bound=Callable[..., object])

#: What any authenticated call can be answered with.
_DOCUMENTED = (
    ErrorCode.INVALID_REQUEST,
    ErrorCode.UNAUTHORIZED,
    ErrorCode.NOT_FOUND,
    ErrorCode.METHOD_NOT_ALLOWED,
    ErrorCode.PAYLOAD_TOO_LARGE,
    ErrorCode.UNAVAILABLE,
    ErrorCode.INTERNAL,
)


class ApiBlueprint(Blueprint):
    """A group of routes with one way of wording errors.

    Args:
        name: what the routes are called in the OpenAPI document.
        errors: how they answer faults.
        is_public: whether they work without an API key.
    """

    ARGUMENTS_PARSER = JsonBody()

    def __init__(self, name: str, errors: ErrorTable, *, is_public: bool = False) -> None:
        super().__init__(name, __name__)  # type: ignore[no-untyped-call]
        self._errors = errors
        self._is_public = is_public
        self._prepare_doc_cbks.append(self._describe)
        if not is_public:
            self.before_request(authenticate)

    def body(self, schema: type[Schema]) -> Callable[[View], View]:
        """Load the JSON body by a schema and pass the result to the view."""
        return super().arguments(schema)  # type: ignore[no-untyped-call,no-any-return]

    def answer(
        self, status: HTTPStatus, schema: type[Schema] | Mapping[str, object], media_type: str = "application/json"
    ) -> Callable[[View], View]:
        """Write the view's result by a schema."""
        return super().response(status.value, schema, content_type=media_type)  # type: ignore[no-untyped-call,no-any-return]

    def also_answers(
        self, status: HTTPStatus, schema: type[Schema] | Mapping[str, object], media_type: str = "application/json"
    ) -> Callable[[View], View]:
        """Document another answer that the view makes itself."""
        return super().alt_response(status.value, schema=schema, content_type=media_type)  # type: ignore[no-untyped-call,no-any-return]

    def takes(self, media: Mapping[str, JsonObject]) -> Callable[[View], View]:
        """Document a body that the view reads itself: media type to schema."""
        content = {media_type: {"schema": schema} for media_type, schema in media.items()}
        return super().doc(requestBody={"required": True, "content": content})  # type: ignore[no-untyped-call,no-any-return]

    def _describe(
        self, doc: JsonObject, doc_info: JsonObject, *, api: object, spec: APISpec, method: str, **kwargs: object
    ) -> JsonObject:
        """Add the dialect's errors, and that no key is needed, to an operation of the OpenAPI document."""
        responses = doc.setdefault("responses", {})
        if not isinstance(responses, dict):
            return doc
        responses.pop(JsonBody.DEFAULT_VALIDATION_STATUS, None)
        for status in sorted({self._errors.entries[code].status for code in _DOCUMENTED}):
            responses.setdefault(
                status.value,
                {
                    "description": status.phrase,
                    "content": {self._errors.media_type: {"schema": self._errors.schema}},
                },
            )
        return doc | {"security": []} if self._is_public else doc
