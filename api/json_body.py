"""Reading JSON bodies and queries: what is wrong is said with the field as the client spells it, cause and remedy."""

import json
from collections.abc import Mapping, Sequence
from typing import NoReturn

from flask import Request
from marshmallow import Schema, ValidationError
from marshmallow.fields import Field, Nested
from webargs.flaskparser import FlaskParser

from contracts.errors import InvalidRequest

_REMEDY = "Send a JSON object, with the header 'Content-Type: application/json'."


class JsonBody(FlaskParser):
    """The parser behind `arguments`: raises InvalidRequest for everything."""

    DEFAULT_VALIDATION_STATUS = 400

    def load_json(self, req: Request, schema: Schema) -> object:
        """Decode the body, whatever was sent."""
        if not req.is_json:
            kind = req.mimetype or "nothing"
            raise InvalidRequest(f"the body must be application/json, not {kind}", remedy=_REMEDY)
        sent = req.get_data()
        # A body of undeclared length is cut at the limit in silence; reading on is what says so.
        req.stream.read(1)
        try:
            body = json.loads(sent, parse_constant=_refuse_constant)
            # Half of a surrogate pair is JSON, but no text that can be stored or sent on.
            json.dumps(body, ensure_ascii=False).encode()
        except (ValueError, RecursionError) as fault:
            raise InvalidRequest(f"the body is not valid JSON: {_cause(fault)}", remedy=_REMEDY) from fault
        if not isinstance(body, dict):
            raise InvalidRequest("the body must be a JSON object", remedy=_REMEDY)
        return body

    def handle_error(
        self,
        error: ValidationError,
        req: Request,
        schema: Schema,
        *,
        error_status_code: int | None,
        error_headers: Mapping[str, str] | None,
    ) -> NoReturn:
        """Report the first fault in full and name the other fields at fault."""
        messages = error.messages_dict
        raise invalid(messages.get("json") or messages.get("query") or messages, schema) from error


def invalid(messages: object, schema: Schema) -> InvalidRequest:
    """Put marshmallow's messages into one fault.

    Args:
        messages: as a ValidationError has them.
        schema: what did not accept the value.
    """
    (path, message), *others = _faults(messages)
    also = f" (also wrong: {', '.join('.'.join(path) for path, _ in others)})" if others else ""
    return InvalidRequest(message + also, field=".".join(path).rstrip("."), remedy=_description(schema, path))


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")


def _cause(fault: Exception) -> str:
    return "nested too deeply" if isinstance(fault, RecursionError) else str(fault)


def _faults(messages: object, path: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], str]]:
    """Flatten marshmallow's nested messages to (path, message)."""
    if isinstance(messages, Mapping):
        return [
            fault
            for name, inner in messages.items()
            for fault in _faults(inner, path if name == "_schema" else (*path, str(name)))
        ]
    first = messages[0] if isinstance(messages, Sequence) and not isinstance(messages, str) else messages
    return [(path, str(first))]


def _description(schema: Schema, path: Sequence[str]) -> str:
    """Find what the schema says of a field, or of the list it is in: the best remedy there is."""
    field: Field[object] | None = None
    inner: Schema | None = schema
    for name in path:
        if inner is None:
            break
        field = next((each for each in inner.fields.values() if (each.data_key or each.name) == name), None)
        inner = field.schema if isinstance(field, Nested) else None
    return f"Expected: {field.metadata['description']}" if field and "description" in field.metadata else ""
