"""The voices that scripts can be spoken by."""

from dataclasses import asdict
from http import HTTPStatus
from typing import TypedDict

from marshmallow import Schema, fields

from api.blueprint import ApiBlueprint
from api.error_table import JsonObject
from api.fields import RequestSchema, Text, one_of
from api.problem import PROBLEM
from api.services import services
from contracts.scopes import Scope
from contracts.voices import VoiceInfo
from storage.voices import voices


class VoiceSchema(Schema):
    """A voice."""

    voice_id = fields.String(required=True, metadata={"description": "What `voice_id` of a request names it by."})
    name = fields.String(required=True)
    language = fields.String(required=True, metadata={"description": 'A BCP 47 tag: "en-US".'})
    gender = fields.String(required=True, metadata={"description": '"female", "male" or "neutral".'})
    engine = fields.String(required=True, metadata={"description": "What speaks with it."})


class VoicesSchema(Schema):
    """The voices, those that come with the service first."""

    voices = fields.List(fields.Nested(VoiceSchema), required=True)


class VoicesQuery(RequestSchema):
    """Which voices are listed; all of them by default."""

    language = Text(
        load_default="",
        metadata={"description": 'only voices of this language: "en" for all kinds of English, "en-GB" for one.'},
    )
    gender = Text(
        load_default="",
        validate=one_of("female", "male", "neutral"),
        metadata={"description": "only voices of this gender."},
    )


class VoiceList(TypedDict):
    """The voices."""

    voices: list[dict[str, str]]


blueprint = ApiBlueprint("voices", PROBLEM)


@blueprint.get("/v1/voices")
@blueprint.needs(Scope.READ)
@blueprint.query(VoicesQuery)
@blueprint.answer(HTTPStatus.OK, VoicesSchema)
def list_voices(query: JsonObject) -> VoiceList:
    """List the voices that a script can be spoken by."""
    language, gender = (str(query[name]).strip().lower() for name in ("language", "gender"))
    found = [voice for voice in voices(services().settings) if _fits(voice, language, gender)]
    return {"voices": [asdict(voice) for voice in found]}


def _fits(voice: VoiceInfo, language: str, gender: str) -> bool:
    tag = voice.language.lower()
    return (not language or tag == language or tag.startswith(f"{language}-")) and gender in ("", voice.gender)
