"""The LipSync.dev dialect: numbered jobs, credits, camel case."""

from http import HTTPStatus
from typing import TypedDict

from marshmallow import Schema, ValidationError, fields, post_load

from api.blueprint import ApiBlueprint
from api.error_table import WORD_ENTRIES, Entry, ErrorTable, JsonObject
from api.fields import Part, RequestSchema, Text, WebAddress, Whole, between, one_of, unknown_warnings
from api.lookup import failure_text, find_number, output_url, view_of
from api.services import services
from api.submission import Order, submit
from contracts.credits import SMALL_SHORT_SIDE_PX, cost
from contracts.errors import MouthpieceError
from contracts.jobs import Dialect, MediaRef, OutputOptions, Role, Status

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


class DevErrorSchema(Schema):
    """An error: `errorMessage` is the text, as in a failed job."""

    errorCode = fields.String()
    errorMessage = fields.String(metadata={"description": "What is wrong, led by the field it is about."})
    field = fields.String()
    remedy = fields.String()
    requestId = fields.String()


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


class VideoParams(RequestSchema):
    """How the output differs from the source."""

    video_width = Whole(
        load_default=0,
        allow_none=True,
        validate=_check_side,
        metadata={"description": "an even number of pixels; 0 keeps the source's."},
    )
    video_height = Whole(
        load_default=0,
        allow_none=True,
        validate=_check_side,
        metadata={"description": "an even number of pixels; 0 keeps the source's."},
    )
    video_enhance = Whole(
        load_default=0,
        allow_none=True,
        validate=between(0, 1),
        metadata={"description": "0 or 1; not applied yet."},
    )
    fps = Text(
        load_default=DEFAULT_FRAME_RATE,
        allow_none=True,
        validate=one_of(*FRAME_RATES),
        metadata={"description": '"25" or "original".'},
    )


class LipsyncBody(RequestSchema):
    """A video, the sound it is to have, and, if that is not speech alone, the speech."""

    dialect = Dialect.LIPSYNC_DEV

    srcVideoUrl = WebAddress(required=True, metadata={"description": "URL of the source video."})
    audioUrl = WebAddress(required=True, metadata={"description": "URL of the sound of the output."})
    videoParams = Part(
        VideoParams,
        required=True,
        metadata={"description": "an object with video_width, video_height, video_enhance and fps."},
    )
    vocalAudioUrl = WebAddress(
        load_default=None, allow_none=True, metadata={"description": "URL of the speech alone; drives the lips."}
    )

    @post_load(pass_original=True)
    def order(self, body: JsonObject, original: JsonObject, **options: object) -> Order:
        """Say what is asked for in the service's own words."""
        params: JsonObject = body["videoParams"]  # type: ignore[assignment]
        return Order(
            dialect=self.dialect,
            model="lipsync-video",
            source=_media(body, "srcVideoUrl", Role.VIDEO),
            audio=_media(body, "audioUrl", Role.AUDIO),
            vocal=_media(body, "vocalAudioUrl", Role.AUDIO) if body["vocalAudioUrl"] else None,
            options=_options(params),
            warnings=_not_applied(params) + unknown_warnings(self, original),
        )


class DevSubmittedSchema(Schema):
    """The answer to an order."""

    jobId = fields.Integer(required=True)
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


class DevSubmitted(TypedDict):
    """The answer to an order."""

    jobId: int
    status: str
    estimatedCredits: int
    createdAt: str


class DevStatus(TypedDict):
    """A job."""

    jobId: int
    status: str
    createdAt: str
    outputUrl: str | None
    creditsUsed: int
    errorMessage: str | None


blueprint = ApiBlueprint("lipsync_dev", ERRORS)


@blueprint.post("/v1/lipsync/submit")
@blueprint.body(LipsyncBody)
@blueprint.answer(HTTPStatus.OK, DevSubmittedSchema)
def submit_lipsync(order: Order) -> DevSubmitted:
    """Give a video another voice."""
    job, credits = submit(order), estimated_credits(order.options)
    return DevSubmitted(jobId=job.number, status="processing", estimatedCredits=credits, createdAt=job.created_at)


@blueprint.get("/v1/lipsync/status/<int:job_id>")
@blueprint.answer(HTTPStatus.OK, DevStatusSchema)
def status(job_id: int) -> DevStatus:
    """Ask how a job stands."""
    record = find_number(job_id, "jobId")
    view = view_of(record)
    return DevStatus(
        jobId=record.number,
        status=STATUS_WORDS[view.status],
        createdAt=record.created_at,
        outputUrl=output_url(view) or None,
        creditsUsed=view.credits,
        errorMessage=failure_text(view) or None,
    )


def estimated_credits(options: OutputOptions) -> int:
    """What the shortest billed length costs at the output's size, or at the larger rate where the size is unknown."""
    settings = services().settings
    return cost(
        0.0,
        min(options.width_px, options.height_px) or SMALL_SHORT_SIDE_PX + 1,
        per_s_480p=settings.credits_per_s_480p,
        per_s_720p=settings.credits_per_s_720p,
        minimum_s=settings.credits_min_s,
    )


def _media(body: JsonObject, field: str, role: Role) -> MediaRef:
    return MediaRef(role=role, field=field, url=str(body[field]))


def _options(params: JsonObject) -> OutputOptions:
    width, height = params["video_width"], params["video_height"]
    return OutputOptions(
        width_px=width if isinstance(width, int) else 0,
        height_px=height if isinstance(height, int) else 0,
        fps=FRAME_RATES[str(params["fps"] or DEFAULT_FRAME_RATE)],
    )


def _not_applied(params: JsonObject) -> tuple[str, ...]:
    return ("video_enhance is accepted but not applied yet",) if params["video_enhance"] else ()
