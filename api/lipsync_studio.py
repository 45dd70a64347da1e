"""The lipsync.studio dialect: `webhook` beside `formState` in, a job's id out."""

from http import HTTPStatus
from typing import TypedDict

from marshmallow import Schema, fields, post_load, validate, validates_schema

from api.blueprint import ApiBlueprint
from api.error_table import WORD_ENTRIES, Entry, ErrorTable, JsonObject
from api.face_field import FaceField, face_of
from api.fields import MAX_SEED, Part, RequestSchema, Text, WebAddress, Whole, between, one_of, unknown_warnings
from api.job_object import JobObject, JobObjectSchema, job_object
from api.lookup import find_job
from api.query import WaitQuery
from api.speech_fields import SoundField, SpeechSchema, idle_voice_warnings, script_of
from api.submission import Order, submit
from api.sync_fields import (
    MAX_BODY_BYTES,
    EngineField,
    Entries,
    LanguageField,
    OffsetField,
    SyncModeField,
    fitted,
    given_timings,
    idle_warnings,
    require_language,
)
from api.waiting import waited_view
from contracts.errors import MouthpieceError
from contracts.jobs import Dialect, MediaRef, OutputOptions, Role, SpeakerOrder
from contracts.scopes import Scope

SHORT_SIDES_PX = {"480p": 480, "720p": 720}
DEFAULT_RESOLUTION = "480p"
PROMPT_LIMIT = 2000
ANY_SEED = -1


class StudioErrorSchema(Schema):
    """An error: `error` is the text, as in a failed job."""

    error = fields.String(required=True, metadata={"description": "What is wrong, led by the field it is about."})
    code = fields.String(required=True)
    field = fields.String(required=True)
    remedy = fields.String(required=True)
    request_id = fields.String(required=True)


def _write_error(fault: MouthpieceError, entry: Entry, request_id: str) -> JsonObject:
    return {
        "error": str(fault),
        "code": entry.wire_code,
        "field": fault.field,
        "remedy": fault.remedy,
        "request_id": request_id,
    }


ERRORS = ErrorTable(entries=WORD_ENTRIES, write=_write_error, schema=StudioErrorSchema)


class FormState(RequestSchema):
    """What all kinds of job take."""

    resolution = Text(
        load_default=DEFAULT_RESOLUTION,
        allow_none=True,
        validate=one_of(*SHORT_SIDES_PX),
        metadata={"description": '"480p" or "720p".'},
    )
    mask_image = WebAddress(
        load_default="",
        allow_none=True,
        metadata={"description": "URL of a picture; where it is black the source stays as it is."},
    )
    prompt = Text(
        load_default="",
        allow_none=True,
        validate=validate.Length(max=PROMPT_LIMIT, error="must not be longer than {max} characters"),
        metadata={"description": "how the speaker speaks, in words."},
    )
    seed = Whole(
        load_default=ANY_SEED,
        allow_none=True,
        validate=between(ANY_SEED, MAX_SEED),
        metadata={"description": f"a whole number from 0 to {MAX_SEED} for a repeatable result; -1: any."},
    )
    sync_offset_ms = OffsetField()
    language = LanguageField()
    engine = EngineField()

    @validates_schema
    def check_language(self, state: JsonObject, **options: object) -> None:
        """Ask for the language of words."""
        require_language(state, "timings", "left_timings", "right_timings")


class ImageFormState(FormState, SpeechSchema):
    """A portrait to make speak."""

    image = WebAddress(required=True, metadata={"description": "URL of the portrait (JPEG, PNG, WebP)."})
    audio = SoundField("the speech (MP3, WAV, ...)")
    timings = Entries("the speech")
    face = FaceField()


class VideoFormState(FormState, SpeechSchema):
    """A video to give another voice."""

    video = WebAddress(required=True, metadata={"description": "URL of the video (MP4, MOV, ...)."})
    audio = SoundField("the speech (MP3, WAV, ...)")
    timings = Entries("the speech")
    face = FaceField()
    sync_mode = SyncModeField()


class MultiFormState(FormState):
    """A picture of two people to make speak with each other."""

    image = WebAddress(required=True, metadata={"description": "URL of a picture of two people (JPEG, PNG, WebP)."})
    left_audio = WebAddress(
        required=True, metadata={"description": "URL of the speech of the person on the viewer's left."}
    )
    right_audio = WebAddress(
        required=True, metadata={"description": "URL of the speech of the person on the viewer's right."}
    )
    order = Text(
        load_default=SpeakerOrder.MEANWHILE.value,
        allow_none=True,
        validate=one_of(*(order.value for order in SpeakerOrder)),
        metadata={"description": '"meanwhile" (both at once), "left_right" or "right_left".'},
    )
    left_timings = Entries("the person on the left")
    right_timings = Entries("the person on the right")


class StudioBody(RequestSchema):
    """A job order; subclasses say what is driven, and by which voices."""

    model: str
    source: Role
    voices: tuple[str, ...] = ("audio",)
    timings: tuple[str, ...] = ("timings",)

    webhook = WebAddress(
        load_default="", allow_none=True, metadata={"description": "URL that the outcome is posted to."}
    )

    @post_load(pass_original=True)
    def order(self, body: JsonObject, original: JsonObject, **options: object) -> Order:
        """Say what is asked for in the service's own words."""
        state: JsonObject = body["formState"]  # type: ignore[assignment]
        seed = state["seed"]
        voices = [_media(state, name, Role.AUDIO) for name in self.voices if state[name]]
        return Order(
            dialect=Dialect.LIPSYNC_STUDIO,
            model=self.model,
            source=_media(state, self.source.value, self.source),
            audio=voices[0] if voices else None,
            right_audio=voices[1] if len(voices) > 1 else None,
            script=script_of(state, "formState."),
            order=SpeakerOrder(str(state.get("order", SpeakerOrder.MEANWHILE))),
            mask=_media(state, "mask_image", Role.MASK) if state["mask_image"] else None,
            timings=given_timings(state, self.timings[0], "formState."),
            right_timings=given_timings(state, self.timings[1], "formState.") if len(self.timings) > 1 else None,
            face=face_of(state, "formState."),
            prompt=str(state["prompt"]),
            engine=str(state["engine"]),
            options=fitted(OutputOptions(short_side_px=SHORT_SIDES_PX[str(state["resolution"])]), state),
            seed=seed if isinstance(seed, int) and seed != ANY_SEED else None,
            webhook_url=str(body["webhook"]),
            warnings=unknown_warnings(self, original)
            + idle_warnings(state, *self.timings)
            + idle_voice_warnings(state),
        )


class ImageBody(StudioBody):
    """A portrait job."""

    model = "lipsync-image"
    source = Role.IMAGE
    formState = Part(
        ImageFormState,
        required=True,
        metadata={"description": "an object with image and audio, or script and voice_id."},
    )


class VideoBody(StudioBody):
    """A video job."""

    model = "lipsync-video"
    source = Role.VIDEO
    formState = Part(
        VideoFormState,
        required=True,
        metadata={"description": "an object with video and audio, or script and voice_id."},
    )


class MultiBody(StudioBody):
    """A job of two speakers in one picture."""

    model = "lipsync-image-multi"
    source = Role.IMAGE
    voices = ("left_audio", "right_audio")
    timings = ("left_timings", "right_timings")
    formState = Part(
        MultiFormState,
        required=True,
        metadata={"description": "an object with image, left_audio and right_audio."},
    )


#: What may be ordered, by the last part of its path.
STUDIO_BODIES: dict[str, type[StudioBody]] = {body.model: body for body in (ImageBody, VideoBody, MultiBody)}


class AcceptedSchema(Schema):
    """The answer to an order."""

    id = fields.UUID(required=True)
    status = fields.String(required=True, validate=one_of("processing"))


class Accepted(TypedDict):
    """The answer to an order."""

    id: str
    status: str


blueprint = ApiBlueprint("lipsync_studio", ERRORS, max_body_bytes=MAX_BODY_BYTES)


@blueprint.post("/v1/lipsync-image")
@blueprint.needs(Scope.SUBMIT)
@blueprint.body(ImageBody)
@blueprint.answer(HTTPStatus.OK, AcceptedSchema)
def lipsync_image(order: Order) -> Accepted:
    """Make a portrait speak."""
    return Accepted(id=submit(order).job_id, status="processing")


@blueprint.post("/v1/lipsync-image-multi")
@blueprint.needs(Scope.SUBMIT)
@blueprint.body(MultiBody)
@blueprint.answer(HTTPStatus.OK, AcceptedSchema)
def lipsync_image_multi(order: Order) -> Accepted:
    """Make two people in a picture speak."""
    return Accepted(id=submit(order).job_id, status="processing")


@blueprint.post("/v1/lipsync-video")
@blueprint.needs(Scope.SUBMIT)
@blueprint.body(VideoBody)
@blueprint.answer(HTTPStatus.OK, AcceptedSchema)
def lipsync_video(order: Order) -> Accepted:
    """Give a video another voice."""
    return Accepted(id=submit(order).job_id, status="processing")


@blueprint.get("/v1/jobs/<job_id>")
@blueprint.needs(Scope.READ)
@blueprint.query(WaitQuery)
@blueprint.answer(HTTPStatus.OK, JobObjectSchema)
def job(wait_s: int, job_id: str) -> JobObject:
    """Ask how a job stands."""
    record = find_job(job_id, "id")
    return job_object(record, waited_view(record, wait_s))


def _media(state: JsonObject, name: str, role: Role) -> MediaRef:
    return MediaRef(role=role, field=f"formState.{name}", url=str(state[name]))
