"""How requests bring what is said: as a sound, or as a script with the voice to speak it."""

from collections.abc import Mapping
from typing import ClassVar

from marshmallow import ValidationError, validates_schema

from api.error_table import JsonObject
from api.fields import RequestSchema, Text, WebAddress
from api.services import services
from contracts.jobs import Script
from contracts.settings import Settings
from storage.voices import voices

_NOTHING: JsonObject = {"enum": [None, ""]}
_SOMETHING: JsonObject = {"type": "string", "minLength": 1}


def _check_script(text: str) -> None:
    most = services().settings.max_script_chars
    if not text.strip():
        raise ValidationError("must not be blank")
    if len(text) > most:
        raise ValidationError(f"must not be longer than {most} characters")


def _check_voice(voice_id: str) -> None:
    if voice_id not in (voice.voice_id for voice in voices(services().settings)):
        raise ValidationError("no such voice")


class ScriptField(Text):
    """`script`.

    Args:
        more: what its description adds.
        required: whether the words are the only speech that the request takes.
    """

    def __init__(self, more: str = "", *, required: bool = False) -> None:
        super().__init__(
            required=required,
            allow_none=not required,
            validate=_check_script,
            metadata={"description": f"the words to be spoken{more}.", "limits": self._limits},
            **({} if required else {"load_default": ""}),  # type: ignore[arg-type]
        )

    def _limits(self, settings: Settings) -> JsonObject:
        return {"maxLength": settings.max_script_chars, "pattern": r"\S"}


class VoiceField(Text):
    """`voice_id`.

    Args:
        required: whether the words are the only speech that the request takes.
    """

    def __init__(self, *, required: bool = False) -> None:
        example = "such as voice_english_female_01" if required else "required with script"
        super().__init__(
            required=required,
            allow_none=not required,
            validate=_check_voice,
            metadata={
                "description": f"a voice that GET /api/v1/voices lists, {example}.",
                "limits": self._limits,
            },
            **({} if required else {"load_default": ""}),  # type: ignore[arg-type]
        )

    def _limits(self, settings: Settings) -> JsonObject:
        known: list[str | None] = [voice.voice_id for voice in voices(settings)]
        return {"enum": known if self.required else [*known, None]}


class SoundField(WebAddress):
    """The address of the speech, for requests that may bring a script in its place.

    Args:
        what: what the sound is.
    """

    def __init__(self, what: str) -> None:
        super().__init__(
            load_default="",
            allow_none=True,
            metadata={"description": f"URL of {what}; or send script and voice_id in its place."},
        )


class SpeechSchema(RequestSchema):
    """A request that brings either a sound or a script: exactly one of them.

    Attributes:
        sound: the field that holds the sound's address.
        of_sound: the fields that speak of a sound, and have no meaning beside a script.
    """

    sound: ClassVar[str] = "audio"
    of_sound: ClassVar[tuple[str, ...]] = ("timings",)

    script = ScriptField(", in place of a sound")
    voice_id = VoiceField()

    @classmethod
    def alternatives(cls) -> list[JsonObject]:
        """What the OpenAPI document asks for beyond the single fields: one of these."""
        unused = {name: {"type": "null"} if name == "timings" else _NOTHING for name in (cls.sound, *cls.of_sound)}
        spoken = {"script": _SOMETHING, "voice_id": _SOMETHING, **unused}
        return [
            {"required": [cls.sound], "properties": {cls.sound: _SOMETHING, "script": _NOTHING}},
            {"required": ["script", "voice_id"], "properties": spoken},
        ]

    @validates_schema(pass_original=True, skip_on_field_errors=False)
    def check_speech(self, body: JsonObject, original: object, **options: object) -> None:
        """Ask for exactly one kind of speech, and for all of it."""
        if faults := self._faults(original) if isinstance(original, Mapping) else {}:
            raise ValidationError(faults)

    def _faults(self, sent: Mapping[str, object]) -> dict[str, list[str]]:
        given = {name for name, value in sent.items() if value not in (None, "")}
        if "script" not in given:
            missing = "script" if "voice_id" in given and self.sound not in sent else self.sound
            return {} if self.sound in given else {missing: [_absence(sent, missing)]}
        faults = {"script": [f"cannot go with {self.sound}; send one of the two"]} if self.sound in given else {}
        faults |= {name: ["cannot go with script"] for name in self.of_sound if name in given}
        return faults | ({} if "voice_id" in given else {"voice_id": ["is missing"]})


def script_of(body: JsonObject, within: str = "") -> Script | None:
    """The script that a loaded body brings, if any.

    Args:
        body: what was loaded.
        within: what comes before its fields' names in error messages.
    """
    if not body.get("script"):
        return None
    return Script(text=str(body["script"]), voice_id=str(body["voice_id"]), field=f"{within}script")


def idle_voice_warnings(body: JsonObject) -> tuple[str, ...]:
    """What to warn of in a loaded body: a voice without words."""
    is_idle = bool(body.get("voice_id")) and not body.get("script")
    return ("voice_id changes nothing: there is no script",) if is_idle else ()


def _absence(sent: Mapping[str, object], name: str) -> str:
    if name not in sent:
        return "is missing"
    return "must not be null" if sent[name] is None else "must not be empty"
