"""The LipSync.dev dialect: numbered jobs, credits, camel case; and `generate`, which speaks a script."""

from http import HTTPStatus
from typing import TypedDict

from marshmallow import Schema, ValidationError, fields, post_load, validates_schema

from api.blueprint import ApiBlueprint
from api.error_table import WORD_ENTRIES, Entry, ErrorTable, JsonObject
from api.face_field import FaceField, face_of
from api.fields import Part, RequestSchema, Text, WebAddress, Whole, between, one_of, unknown_warnings
from api.lookup import failure_text, find_job, output_url
from api.query import WaitQuery
from api.services import services
from api.speech_fields import ScriptField, SoundField, SpeechSchema, VoiceField, idle_voice_warnings, script_of
from api.submission import Order, Submitted, submit
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
from contracts.jobs import Dialect, MediaRef, OutputOptions, Role, Script, Status
from contracts.scopes import Scope
from contracts.settings import Settings

#: What our statuses are called here.
STATUS_WORDS: dict[Status, str] = {
    Status.QUEUED: "pending",
    Status.RUNNING: "processing",
    Status.SUCCEEDED: "completed",
    Status.FAILED: "failed",
    Status.CANCELLED: "failed",
}

#: Frames per second by the word that asks for them; 0 keeps the source's.
FRAME_RATES = {"25": 25.0, "original": 0.0}
DEFAULT_FRAME_RATE = "original"

#: Narrowest and lowest picture that is encoded, in pixels.
SMALLEST_SIDE_PX = 32

#: What the shorter side of a spoken portrait is scaled down to.
GENERATED_SHORT_SIDE_PX = 720


class DevErrorSchema(Schema):
    """An error: `errorMessage` is the text, as in a failed job."""

    errorCode = fields.String(required=True)
    errorMessage = fields.String(
        required=True, metadata={"description": "What is wrong, led by the field it is about."}
    )
    field = fields.String(required=True)
    remedy = fields.String(required=True)
    requestId = fields.String(required=True)


def _write_error(fault: MouthpieceError, entry: Entry, request_id: str) -> JsonObject:
    return {
        "errorCode": entry.wire_code,
        "errorMessage": str(fault),
        "field": fault.field,
        "remedy": fault.remedy,
        "requestId": request_id,
    }


ERRORS = ErrorTable(entries=WORD_ENTRIES, write=_write_error, schema=DevErrorSchema)


def _check_side(pixels: int) -> None:
    most = services().settings.max_side_px
    if pixels and not SMALLEST_SIDE_PX <= pixels <= most:
        raise ValidationError(f"must be 0, or from {SMALLEST_SIDE_PX} to {most}")
    if pixels % 2:
        raise ValidationError("must be even")


def _side_limits(settings: Settings) -> JsonObject:
    too_small = {"type": "integer", "exclusiveMinimum": 0, "exclusiveMaximum": SMALLEST_SIDE_PX}
    return {"minimum": 0, "maximum": settings.max_side_px, "multipleOf": 2, "not": too_small}


class VideoParams(RequestSchema):
    """How the output differs from the source."""

    video_width = Whole(
        load_default=0,
        allow_none=True,
        validate=_check_side,
        metadata={"description": "an even number of pixels; 0 keeps the source's.", "limits": _side_limits},
    )
    video_height = Whole(
        load_default=0,
        allow_none=True,
        validate=_check_side,
        metadata={"description": "an even number of pixels; 0 keeps the source's.", "limits": _side_limits},
    )
    video_enhance = Whole(
        load_default=0,
        allow_none=True,
        validate=between(0, 1),
        metadata={"description": "0 or 1; 1 sharpens and cleans the face."},
    )
    fps = Text(
        load_default=DEFAULT_FRAME_RATE,
        allow_none=True,
        validate=one_of(*FRAME_RATES),
        metadata={"description": '"25" or "original".'},
    )
    sync_mode = SyncModeField()
    sync_offset_ms = OffsetField()


class LipsyncBody(SpeechSchema):
    """A video, the sound it is to have, and, if that is not speech alone, the speech; or the words to be spoken."""

    dialect = Dialect.LIPSYNC_DEV
    sound = "audioUrl"
    of_sound = ("vocalAudioUrl", "timings")

    srcVideoUrl = WebAddress(required=True, metadata={"description": "URL of the source video."})
    audioUrl = SoundField("the sound of the output")
    videoParams = Part(
        VideoParams,
        required=True,
        metadata={"description": "an object with video_width, video_height, video_enhance and fps."},
    )
    vocalAudioUrl = WebAddress(
        load_default="", allow_none=True, metadata={"description": "URL of the speech alone; drives the lips."}
    )
    timings = Entries("the speech")
    language = LanguageField()
    face = FaceField()
    engine = EngineField()

    @validates_schema
    def check_language(self, body: JsonObject, **options: object) -> None:
        """Ask for the language of words."""
        require_language(body, "timings")

    @post_load(pass_original=True)
    def order(self, body: JsonObject, original: JsonObject, **options: object) -> Order:
        """Say what is asked for in the service's own words."""
        params: JsonObject = body["videoParams"]  # type: ignore[assignment]
        return Order(
            dialect=self.dialect,
            model="lipsync-video",
            source=_media(body, "srcVideoUrl", Role.VIDEO),
            audio=_media(body, "audioUrl", Role.AUDIO) if body["audioUrl"] else None,
            vocal=_media(body, "vocalAudioUrl", Role.AUDIO) if body["vocalAudioUrl"] else None,
            script=script_of(body),
            timings=given_timings(body, "timings"),
            face=face_of(body),
            engine=str(body["engine"]),
            options=output_options(params),
            warnings=unknown_warnings(self, original) + idle_warnings(body, "timings") + idle_voice_warnings(body),
        )


class GenerateBody(RequestSchema):
    """A portrait, the words it is to say, and the voice to say them in."""

    image_url = WebAddress(required=True, metadata={"description": "URL of the portrait (JPEG, PNG, WebP)."})
    script = ScriptField(required=True)
    voice_id = VoiceField(required=True)
    engine = EngineField()

    @post_load(pass_original=True)
    def order(self, body: dict[str, str], original: JsonObject, **options: object) -> Order:
        """Say what is asked for in the service's own words."""
        return Order(
            dialect=Dialect.LIPSYNC_DEV,
            model="generate",
            source=MediaRef(role=Role.IMAGE, field="image_url", url=body["image_url"]),
            audio=None,
            script=Script(text=body["script"], voice_id=body["voice_id"]),
            engine=body["engine"],
            options=OutputOptions(short_side_px=GENERATED_SHORT_SIDE_PX),
            warnings=unknown_warnings(self, original),
        )


class DevSubmittedSchema(Schema):
    """The answer to an order."""

    jobId = fields.Integer(required=True)
    status = fields.String(required=True, validate=one_of("processing"))
    estimatedCredits = fields.Integer(required=True)
    createdAt = fields.String(required=True, metadata={"format": "date-time"})


class GeneratedSchema(Schema):
    """The answer to a script."""

    job_id = fields.Integer(required=True)
    status = fields.String(required=True, validate=one_of("processing"))
    estimatedCredits = fields.Integer(required=True)
    createdAt = fields.String(required=True, metadata={"format": "date-time"})


class DevStatusSchema(Schema):
    """A job."""

    jobId = fields.Integer(required=True)
    status = fields.String(required=True, validate=one_of("pending", "processing", "completed", "failed"))
    createdAt = fields.String(required=True, metadata={"format": "date-time"})
    outputUrl = fields.URL(required=True, allow_none=True, require_tld=False)
    creditsUsed = fields.Integer(required=True)
    errorMessage = fields.String(required=True, allow_none=True)


class Accepted(TypedDict):
    """What is said of a new job beside its number."""

    status: str
    estimatedCredits: int
    createdAt: str


class DevSubmitted(Accepted):
    """The answer to an order."""

    jobId: int


class Generated(Accepted):
    """The answer to a script."""

    job_id: int


class DevStatus(TypedDict):
    """A job."""

    jobId: int
    status: str
    createdAt: str
    outputUrl: str | None
    creditsUsed: int
    errorMessage: str | None


blueprint = ApiBlueprint("lipsync_dev", ERRORS, max_body_bytes=MAX_BODY_BYTES)


@blueprint.post("/v1/lipsync/submit")
@blueprint.needs(Scope.SUBMIT)
@blueprint.body(LipsyncBody)
@blueprint.answer(HTTPStatus.OK, DevSubmittedSchema)
def submit_lipsync(order: Order) -> DevSubmitted:
    """Give a video another voice."""
    job = submit(order)
    return DevSubmitted(jobId=job.number, **_accepted(job))


@blueprint.post("/v1/generate")
@blueprint.needs(Scope.SUBMIT)
@blueprint.body(GenerateBody)
@blueprint.answer(HTTPStatus.OK, GeneratedSchema)
def generate(order: Order) -> Generated:
    """Make a portrait speak a script."""
    job = submit(order)
    return Generated(job_id=job.number, **_accepted(job))


@blueprint.get("/v1/lipsync/status/<job_id>")
@blueprint.needs(Scope.READ)
@blueprint.query(WaitQuery)
@blueprint.answer(HTTPStatus.OK, DevStatusSchema)
def status(wait_s: int, job_id: str) -> DevStatus:
    """Ask how a job stands; `job_id` is its number or its UUID."""
    record = find_job(job_id, "jobId")
    view = waited_view(record, wait_s)
    return DevStatus(
        jobId=record.number,
        status=STATUS_WORDS[view.status],
        createdAt=record.created_at,
        outputUrl=output_url(view) or None,
        creditsUsed=view.credits,
        errorMessage=failure_text(view) or None,
    )


def _accepted(job: Submitted) -> Accepted:
    return Accepted(status="processing", estimatedCredits=job.estimated_credits, createdAt=job.created_at)


def _media(body: JsonObject, field: str, role: Role) -> MediaRef:
    return MediaRef(role=role, field=field, url=str(body[field]))


def output_options(params: JsonObject) -> OutputOptions:
    """Say in the service's own words what loaded video parameters ask for."""
    width, height = params["video_width"], params["video_height"]
    options = OutputOptions(
        width_px=width if isinstance(width, int) else 0,
        height_px=height if isinstance(height, int) else 0,
        fps=FRAME_RATES[str(params["fps"])],
        enhance=bool(params["video_enhance"]),
    )
    return fitted(options, params)
