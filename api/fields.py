"""Request fields that both hosted APIs share: strict about types and addresses, lenient about what they do not know."""

import re
from collections.abc import Mapping
from urllib.parse import SplitResult, urlsplit

from marshmallow import EXCLUDE, Schema, ValidationError, fields, validate

#: Longest address accepted, in characters.
URL_LIMIT = 2048
#: Seeds run from 0 to this; -1 asks for a random one.
MAX_SEED = 2**31 - 1

#: A backslash is read as a slash by some and not by others.
_FORBIDDEN = re.compile(r"[\x00-\x20\x7f-\x9f\\]")
_NAMES_SHOWN = 10

_MESSAGES = {"required": "is missing", "null": "must not be null"}


class Text(fields.String):
    """A string; never made from a number."""

    default_error_messages = {**_MESSAGES, "invalid": "must be a string", "invalid_utf8": "must be text"}  # noqa: RUF012


class Whole(fields.Integer):
    """An integer; a boolean, a fraction or digits in quotes are none."""

    default_error_messages = {**_MESSAGES, "invalid": "must be a whole number", "too_large": "is too large"}  # noqa: RUF012

    def _validated(self, value: object) -> int:
        if not isinstance(value, int) or isinstance(value, bool):
            raise self.make_error("invalid", input=value)
        return value


class Part(fields.Nested):
    """An object within the body."""

    default_error_messages = {**_MESSAGES}  # noqa: RUF012


class WebAddress(Text):
    """An absolute http or https URL that carries no credentials; where it may be left out, "" leaves it out."""

    def _deserialize(
        self, value: object, attr: str | None, data: Mapping[str, object] | None, **options: object
    ) -> str:
        text = super()._deserialize(value, attr, data, **options)
        fault = address_fault(text) if text or self.required else ""
        if fault:
            raise ValidationError(fault)
        return text


class RequestSchema(Schema):
    """A request body. Fields that it does not know are left out, and `unknown_names` finds them."""

    error_messages = {"type": "must be an object"}  # noqa: RUF012

    class Meta:
        """Marshmallow's options."""

        unknown = EXCLUDE


def one_of(*values: str | int) -> validate.OneOf:
    """Accept these values only."""
    return validate.OneOf(values, error="must be one of: {choices}")


def between(lowest: int, highest: int) -> validate.Range:
    """Accept numbers from `lowest` to `highest`."""
    return validate.Range(min=lowest, max=highest, error="must be from {min} to {max}")


def address_fault(text: str) -> str:
    """Say what is wrong with a URL, or ""."""
    if not text:
        return "must not be empty"
    if len(text) > URL_LIMIT:
        return f"must not be longer than {URL_LIMIT} characters"
    if _FORBIDDEN.search(text):
        return "must not hold spaces, backslashes or control characters"
    try:
        parts = urlsplit(text)
        return _parts_fault(parts)
    except ValueError:
        return "is not a URL"


def _parts_fault(parts: SplitResult) -> str:
    if parts.scheme not in ("http", "https"):
        return "must begin with http:// or https://"
    if "@" in parts.netloc:
        return "must not hold a user name or password"
    # Reading the port checks it.
    if not parts.hostname or parts.port == 0:
        return "is not a URL"
    return ""


def unknown_names(schema: Schema, body: Mapping[str, object], path: str = "") -> list[str]:
    """List the fields of a body that its schema does not know, as the client spells them."""
    known = {field.data_key or name: field for name, field in schema.fields.items()}
    names = [path + name for name in body if name not in known]
    for name, field in known.items():
        inner = body.get(name)
        if isinstance(field, fields.Nested) and isinstance(inner, dict):
            names += unknown_names(field.schema, inner, f"{path}{name}.")
    return names


def unknown_warnings(schema: Schema, body: Mapping[str, object]) -> tuple[str, ...]:
    """Warn of the fields that were ignored, in one sentence at most."""
    names = [name[:40] for name in unknown_names(schema, body)]
    if not names:
        return ()
    more = f" and {len(names) - _NAMES_SHOWN} more" if len(names) > _NAMES_SHOWN else ""
    return (f"unknown fields were ignored: {', '.join(names[:_NAMES_SHOWN])}{more}",)
