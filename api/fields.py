"""Request fields that both hosted APIs share: strict about types and addresses, lenient about what they do not know."""

from collections.abc import Mapping

from marshmallow import EXCLUDE, Schema, ValidationError, fields, pre_load, validate

from contracts.web_addresses import AddressFault, read_url

#: Seeds run from 0 to this; -1 asks for a random one.
MAX_SEED = 2**31 - 1

_LABEL = "[A-Za-z0-9_-]{1,63}"
#: The last one begins with no digit: a host that ends in a number is an address.
_LAST = "[A-Za-z_-][A-Za-z0-9_-]{0,62}"
_OCTET = "(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_PORT = "[1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5]"
_PLAIN = r"[^\x00-\x20\x7f-\x9f\\]"
#: Addresses as most are; those in other scripts, or with an IPv6 host, are accepted too: `read_url` decides.
URL_PATTERN = rf"^https?://(({_LABEL}\.)*{_LAST}\.?|({_OCTET}\.){{3}}{_OCTET})(:({_PORT}))?([/?#]{_PLAIN}*)?$"
_NAMES_SHOWN = 10

_MESSAGES = {"required": "is missing", "null": "must not be null"}


class Text(fields.String):
    """A string; never made from a number."""

    default_error_messages = {**_MESSAGES, "invalid": "must be a string", "invalid_utf8": "must be text"}  # noqa: RUF012


class Whole(fields.Integer):
    """An integer, be it written 42 or 42.0; a boolean, a fraction or digits in quotes are none."""

    default_error_messages = {**_MESSAGES, "invalid": "must be a whole number", "too_large": "is too large"}  # noqa: RUF012

    def _validated(self, value: object) -> int:
        if isinstance(value, float) and value.is_integer():
            return int(value)
        if not isinstance(value, int) or isinstance(value, bool):
            raise self.make_error("invalid", input=value)
        return value


class Part(fields.Nested):
    """An object within the body."""

    default_error_messages = {**_MESSAGES}  # noqa: RUF012


class WebAddress(Text):
    """An absolute http or https URL that carries no credentials."""

    def _deserialize(
        self, value: object, attr: str | None, data: Mapping[str, object] | None, **options: object
    ) -> str:
        text = super()._deserialize(value, attr, data, **options)
        try:
            read_url(text)
        except AddressFault as fault:
            raise ValidationError(str(fault)) from fault
        return text


class RequestSchema(Schema):
    """A request body. Fields that it does not know are left out, and `unknown_names` finds them.

    Where a field is optional, "" leaves it out if it is plain text, and null if the field may be null.
    """

    error_messages = {"type": "must be an object"}  # noqa: RUF012

    class Meta:
        """Marshmallow's options."""

        unknown = EXCLUDE

    @pre_load
    def leave_out(self, body: object, **options: object) -> object:
        """Drop the fields that say that they are left out."""
        if not isinstance(body, Mapping):
            return body
        known = {field.data_key or name: field for name, field in self.fields.items()}
        return {name: value for name, value in body.items() if not _is_left_out(known.get(name), value)}


def one_of(*values: str | int) -> validate.OneOf:
    """Accept these values only."""
    return validate.OneOf(values, error="must be one of: {choices}")


def between(lowest: int, highest: int) -> validate.Range:
    """Accept numbers from `lowest` to `highest`."""
    return validate.Range(min=lowest, max=highest, error="must be from {min} to {max}")


def _is_left_out(field: fields.Field[object] | None, value: object) -> bool:
    if field is None or field.required:
        return False
    if value is None:
        return bool(field.allow_none)
    return value == "" and isinstance(field, fields.String) and "format" not in field.metadata


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
