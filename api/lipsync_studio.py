"""The lipsync.studio dialect: `webhook` beside `formState` in, a job object of seven fields out."""

from http import HTTPStatus
from typing import TypedDict

from marshmallow import Schema, fields, post_load, validate

from api.blueprint import ApiBlueprint
from api.error_table import WORD_ENTRIES, Entry, ErrorTable, JsonObject
from api.fields import MAX_SEED, Part, RequestSchema, Text, WebAddress, Whole, between, one_of, unknown_warnings
from api.lookup import find_job, output_url, view_of
from api.submission import Order, submit
from contracts.errors import MouthpieceError
from contracts.jobs import Dialect, MediaRef, OutputOptions, Role
from contracts.studio import StudioJob, studio_job

SHORT_SIDES_PX = {"480p": 480, "720p": 720}
DEFAULT_RESOLUTION = "480p"
PROMPT_LIMIT = 2000


class StudioErrorSchema(Schema):
    """An error: `error` is the text, as in a failed job."""

    error = fields.String(metadata={"description": "What is wrong, led by the field it is about."})
    code = fields.String()
    field = fields.String()
    remedy = fields.String()
    request_id = fields.String()


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
    """What both kinds of job take."""

    audio = WebAddress(required=True, metadata={"description": "URL of the speech (MP3, WAV, ...)."})
    resolution = Text(
        load_default=DEFAULT_RESOLUTION,
        allow_none=True,
        validate=one_of(*SHORT_SIDES_PX),
        metadata={"description": '"480p" or "720p".'},
    )
    mask_image = WebAddress(
        load_default=None, allow_none=True, metadata={"description": "URL of a mask image; not applied yet."}
    )
    prompt = Text(
        load_default=None,
        allow_none=True,
        validate=validate.Length(max=PROMPT_LIMIT, error="must not be longer than {max} characters"),
        metadata={"description": "Style in words; not applied yet."},
    )
    seed = Whole(
        load_default=None,
        allow_none=True,
        validate=between(-1, MAX_SEED),
        metadata={"description": f"a whole number from 0 to {MAX_SEED} for a repeatable result; -1: any."},
    )


class ImageFormState(FormState):
    """A portrait to make speak."""

    image = WebAddress(required=True, metadata={"description": "URL of the portrait (JPEG, PNG, WebP)."})


class VideoFormState(FormState):
    """A video to give another voice."""

    video = WebAddress(required=True, metadata={"description": "URL of the video (MP4, MOV, ...)."})


class StudioBody(RequestSchema):
    """A job order; subclasses say what is driven."""

    role: Role
    model: str

    webhook = WebAddress(
        load_default=None, allow_none=True, metadata={"description": "URL that the outcome is posted to."}
    )

    @post_load(pass_original=True)
    def order(self, body: JsonObject, original: JsonObject, **options: object) -> Order:
        """Say what is asked for in the service's own words."""
        state: JsonObject = body["formState"]  # type: ignore[assignment]
        seed = state["seed"]
        return Order(
            dialect=Dialect.LIPSYNC_STUDIO,
            model=self.model,
            source=_media(state, self.role),
            audio=_media(state, Role.AUDIO),
            options=OutputOptions(short_side_px=SHORT_SIDES_PX[str(state["resolution"] or DEFAULT_RESOLUTION)]),
            seed=seed if isinstance(seed, int) and seed >= 0 else None,
            webhook_url=str(body["webhook"] or ""),
            warnings=_not_applied(state) + unknown_warnings(self, original),
        )


class ImageBody(StudioBody):
    """A portrait job."""

    role = Role.IMAGE
    model = "lipsync-image"
    formState = Part(ImageFormState, required=True, metadata={"description": "an object with image and audio."})


class VideoBody(StudioBody):
    """A video job."""

    role = Role.VIDEO
    model = "lipsync-video"
    formState = Part(VideoFormState, required=True, metadata={"description": "an object with video and audio."})


class AcceptedSchema(Schema):
    """The answer to an order."""

    id = fields.UUID(required=True)
    status = fields.String(required=True, validate=one_of("processing"))


class StudioJobSchema(Schema):
    """A job, in status answers and in webhooks."""

    id = fields.UUID(required=True)
    model = fields.String(required=True)
    status = fields.String(required=True, validate=one_of("processing", "completed", "failed"))
    output = fields.URL(required=True, allow_none=True, require_tld=False)
    error = fields.String(required=True)
    executionTime = fields.Integer(required=True, allow_none=True, metadata={"description": "Milliseconds."})
    timings = fields.Raw(required=True, allow_none=True)


class Accepted(TypedDict):
    """The answer to an order."""

    id: str
    status: str


blueprint = ApiBlueprint("lipsync_studio", ERRORS)


@blueprint.post("/v1/lipsync-image")
@blueprint.body(ImageBody)
@blueprint.answer(HTTPStatus.OK, AcceptedSchema)
def lipsync_image(order: Order) -> Accepted:
    """Make a portrait speak."""
    return Accepted(id=submit(order).job_id, status="processing")


@blueprint.post("/v1/lipsync-video")
@blueprint.body(VideoBody)
@blueprint.answer(HTTPStatus.OK, AcceptedSchema)
def lipsync_video(order: Order) -> Accepted:
    """Give a video another voice."""
    return Accepted(id=submit(order).job_id, status="processing")


@blueprint.get("/v1/jobs/<job_id>")
@blueprint.answer(HTTPStatus.OK, StudioJobSchema)
def job(job_id: str) -> StudioJob:
    """Ask how a job stands."""
    record = find_job(job_id, "id")
    view = view_of(record)
    return studio_job(view, record.model, output_url(view))


def _media(state: JsonObject, role: Role) -> MediaRef:
    return MediaRef(role=role, field=f"formState.{role}", url=str(state[role]))


def _not_applied(state: JsonObject) -> tuple[str, ...]:
    return tuple(f"{name} is accepted but not applied yet" for name in ("mask_image", "prompt") if state[name])
