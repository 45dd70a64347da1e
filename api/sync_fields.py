"""What every dialect takes beyond its own page: how picture and sound are fitted, and what is said when."""

from collections.abc import Mapping
from dataclasses import replace

from marshmallow import ValidationError, fields, validate

from api.error_table import JsonObject
from api.fields import Text, Whole, between, one_of
from contracts.errors import InvalidRequest
from contracts.jobs import OutputOptions, SyncMode, TimedText, Timings
from contracts.timings import (
    EXPECTED,
    LANGUAGE_PATTERN,
    LATEST_S,
    LONGEST_ENTRY,
    MOST_ENTRIES,
    NO_IPA,
    idle_language,
    needs_language,
    read_entries,
)

#: Largest JSON body of a request that may bring timings: ten minutes of words and more.
MAX_BODY_BYTES = 1 << 18
MOST_OFFSET_MS = 1000
#: Longest name of an engine, in characters.
LONGEST_ENGINE = 100


def _time(what: str) -> JsonObject:
    return {"type": "number", "minimum": 0, "maximum": LATEST_S, "description": f"Seconds at which it {what}."}


def _words(description: str, **limits: str) -> JsonObject:
    kind = ["string", "null"]
    return {"type": kind, "minLength": 1, "maxLength": LONGEST_ENTRY, "description": description, **limits}


def _has(name: str) -> JsonObject:
    return {"required": [name], "properties": {name: {"type": "string"}}}


#: An entry as the document describes it; that each begins after the one before it is said in words.
_ENTRY: JsonObject = {
    "type": "object",
    "properties": {
        "text": _words("The word."),
        "phones": _words("Its sounds in IPA, in place of text.", pattern=f"^{NO_IPA.replace('[', '[^')}+$"),
        "start": _time("begins; not before the end of the entry before it"),
        "end": _time("ends; after start"),
    },
    "required": ["start", "end"],
    "oneOf": [_has("text"), _has("phones")],
}


class Entries(fields.Field[tuple[TimedText, ...]]):
    """What a voice says when."""

    def __init__(self, whose: str) -> None:
        super().__init__(
            load_default=None,
            allow_none=True,
            metadata={
                "description": f"what {whose} says when: a list of entries such as {EXPECTED}",
                "limits": lambda settings: {
                    "type": ["array", "null"],
                    "items": _ENTRY,
                    "minItems": 1,
                    "maxItems": MOST_ENTRIES,
                },
                "example": [
                    {"text": "hello", "start": 0.52, "end": 0.9},
                    {"phones": "w ɜː l d", "start": 0.95, "end": 1.4},
                ],
            },
        )

    def _deserialize(
        self, value: object, attr: str | None, data: Mapping[str, object] | None, **options: object
    ) -> tuple[TimedText, ...]:
        try:
            return read_entries(value)
        except InvalidRequest as fault:
            raise ValidationError(_nested(fault)) from fault


class OffsetField(Whole):
    """`sync_offset_ms`."""

    def __init__(self) -> None:
        super().__init__(
            load_default=0,
            allow_none=True,
            validate=between(-MOST_OFFSET_MS, MOST_OFFSET_MS),
            metadata={
                "description": "a whole number of milliseconds, -1000 to 1000, by which the lips move later than the"
                " sound; earlier when negative.",
                "example": 40,
            },
        )


class SyncModeField(Text):
    """`sync_mode`."""

    def __init__(self) -> None:
        super().__init__(
            load_default=SyncMode.BOUNCE.value,
            allow_none=True,
            validate=one_of(*(mode.value for mode in SyncMode)),
            metadata={
                "description": '"bounce" (a video shorter than the sound goes back and forth),'
                ' "loop" (it begins again) or "freeze" (it stands still on its last frame).',
            },
        )


class EngineField(Text):
    """`engine`."""

    def __init__(self) -> None:
        super().__init__(
            load_default="",
            allow_none=True,
            validate=validate.Length(max=LONGEST_ENGINE, error="must not be longer than {max} characters"),
            metadata={"description": "an engine that GET /api/v1/models lists; the service's default when left out."},
        )


class LanguageField(Text):
    """`language`."""

    def __init__(self) -> None:
        super().__init__(
            load_default="",
            allow_none=True,
            validate=validate.Regexp(LANGUAGE_PATTERN, error="must be a language tag"),
            metadata={
                "description": 'the language of the words in timings as a BCP 47 tag, such as "en-US"; '
                "needed with words, not with phones.",
                "example": "en-US",
            },
        )


def fitted(options: OutputOptions, body: JsonObject) -> OutputOptions:
    """The options, with the way that a loaded body fits picture and sound."""
    offset = body["sync_offset_ms"]
    return replace(
        options,
        sync_mode=SyncMode(str(body.get("sync_mode", SyncMode.BOUNCE))),
        sync_offset_ms=offset if isinstance(offset, int) else 0,
    )


def given_timings(body: JsonObject, name: str, within: str = "") -> Timings | None:
    """The timings that a loaded body has under this name, in the language it names.

    Raises:
        ValidationError: when they hold words, and it names none.
    """
    entries: tuple[TimedText, ...] | None = body.get(name)  # type: ignore[assignment]
    if entries is None:
        return None
    language = str(body["language"])
    if needs_language(entries) and not language:
        raise ValidationError("is needed to pronounce the words in timings", "language")
    return Timings(field=within + name, entries=entries, language=language)


def require_language(body: JsonObject, *names: str) -> None:
    """Check timings within the schema that has them, where a fault's field is known."""
    for name in names:
        given_timings(body, name)


def idle_warnings(body: JsonObject, *timings: str) -> tuple[str, ...]:
    """What to warn of in a loaded body: a language without a word in the timings of these names."""
    said: list[tuple[TimedText, ...]] = [body[name] for name in timings if body.get(name)]  # type: ignore[misc]
    return idle_language(str(body["language"]), *said)


def _nested(fault: InvalidRequest) -> list[str] | dict[str | int, object]:
    """A fault within a list as marshmallow nests it."""
    messages: object = [fault.message]
    for name in reversed(fault.field.split(".")) if fault.field else ():
        messages = {int(name) if name.isdigit() else name: messages}
    return messages  # type: ignore[return-value]
