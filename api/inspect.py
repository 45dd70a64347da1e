"""A look at files before a job is made of them: what they are, whose faces they show, how long and dear it will be."""

import time
from dataclasses import replace
from http import HTTPStatus
from typing import TypedDict
from uuid import UUID

from flask import Response, jsonify
from marshmallow import Schema, ValidationError, fields, post_load, validates_schema

from api.auth import check_still_works, current_key
from api.blueprint import ApiBlueprint
from api.error_table import JsonObject
from api.fields import Part, RequestSchema, Text, WebAddress, between, one_of, unknown_warnings
from api.idempotency import reserved_id
from api.lipsync_dev import VideoParams, output_options
from api.lipsync_studio import SHORT_SIDES_PX
from api.problem import PROBLEM
from api.query import LONGEST_WAIT_S, Number, WaitQuery
from api.services import services
from api.submission import located
from api.sync_fields import SyncModeField
from api.waiting import LOOK_EVERY_S, is_client_gone
from contracts.credits import cost
from contracts.errors import MouthpieceError
from contracts.inspections import FaceSeen, Inspection, InspectionRequest, LengthPlan, SourceUse
from contracts.jobs import MediaInfo, MediaRef, OutputOptions, Role, SyncMode
from contracts.scopes import Scope

RUNNING, SUCCEEDED = "running", "succeeded"
DEFAULT_WAIT_S = 30

#: The fields that may name the source, and what each takes; the first takes a picture too.
SOURCES = {"source": Role.VIDEO, "image": Role.IMAGE, "video": Role.VIDEO}
EITHER, AUDIO = "source", "audio"


class InspectBody(RequestSchema):
    """The files, and how the output is to be."""

    source = WebAddress(load_default="", metadata={"description": "URL of a picture or a video."})
    image = WebAddress(load_default="", metadata={"description": "URL of a picture, in place of source."})
    video = WebAddress(load_default="", metadata={"description": "URL of a video, in place of source."})
    audio = WebAddress(load_default="", metadata={"description": "URL of the sound; without it there is no plan."})
    resolution = Text(
        load_default="",
        validate=one_of("", *SHORT_SIDES_PX),
        metadata={"description": '"480p" or "720p"; left out, the output is as large as the source.'},
    )
    videoParams = Part(
        VideoParams, load_default=None, allow_none=True, metadata={"description": "as for lipsync/submit."}
    )
    sync_mode = SyncModeField()

    @validates_schema
    def check_source(self, body: dict[str, str], **options: object) -> None:
        """Ask for one source."""
        if sum(bool(body.get(name)) for name in SOURCES) != 1:
            raise ValidationError(f"exactly one of {', '.join(SOURCES)} is needed", EITHER)

    @post_load(pass_original=True)
    def request(self, body: JsonObject, original: JsonObject, **options: object) -> InspectionRequest:
        """Say what is asked for in the service's own words."""
        name = next(name for name in SOURCES if body[name])
        audio = MediaRef(role=Role.AUDIO, field=AUDIO, url=str(body[AUDIO])) if body[AUDIO] else None
        return InspectionRequest(
            inspection_id=str(reserved_id()),
            key_id=current_key().key_id,
            source=located(MediaRef(role=SOURCES[name], field=name, url=str(body[name]))),
            or_image=name == EITHER,
            audio=located(audio) if audio else None,
            options=_options(body),
            warnings=unknown_warnings(self, original),
        )


class PatientQuery(WaitQuery):
    """How long to wait for the finding before answering."""

    wait = Number(
        load_default=DEFAULT_WAIT_S,
        validate=between(0, LONGEST_WAIT_S),
        metadata={"description": f"seconds to wait for the finding, 0 to {LONGEST_WAIT_S}."},
    )


class MediaSchema(Schema):
    """A file that a job would accept. Pictures have no length and no rate, sound has no size."""

    kind = fields.String(required=True, validate=one_of(Role.IMAGE, Role.VIDEO, Role.AUDIO))
    container = fields.String(required=True, metadata={"description": "Media type, by its content."})
    size_bytes = fields.Integer(required=True)
    width = fields.Integer(required=True, metadata={"description": "Upright pixels."})
    height = fields.Integer(required=True)
    duration_s = fields.Float(required=True)
    fps = fields.Float(required=True)


class PointSchema(Schema):
    """A place in the source, as `face` takes it."""

    x = fields.Float(required=True, metadata={"description": "Fraction of the width."})
    y = fields.Float(required=True, metadata={"description": "Fraction of the height."})
    at_s = fields.Float(required=True, metadata={"description": "When the face is there."})


class FaceSchema(Schema):
    """A face, where it was seen at its best."""

    box = fields.List(fields.Integer(), required=True, metadata={"description": "x, y, width, height in the source."})
    score = fields.Float(required=True, metadata={"description": "0 to 1, how sure it is a face."})
    drivable = fields.Boolean(required=True, metadata={"description": "Whether its mouth would move."})
    reason = fields.String(required=True, metadata={"description": "Why it would not, or empty."})
    first_seen_s = fields.Float(required=True, metadata={"description": "In the frames that were looked at."})
    point = fields.Nested(PointSchema, required=True, metadata={"description": "What chooses it, sent as `face`."})


class PlanSchema(Schema):
    """The output of a job of these files."""

    duration_s = fields.Float(required=True)
    fps = fields.Float(required=True)
    width = fields.Integer(required=True)
    height = fields.Integer(required=True)
    segments = fields.Integer(required=True, metadata={"description": "Pieces that are rendered side by side."})
    source_use = fields.String(required=True, validate=one_of(*SourceUse))


class CostSchema(Schema):
    """What that job would cost."""

    credits = fields.Integer(required=True)


class PendingInspectionSchema(Schema):
    """An inspection that still runs: ask again under its id."""

    id = fields.UUID(required=True)
    status = fields.String(required=True, validate=one_of(RUNNING, SUCCEEDED))


class InspectionSchema(PendingInspectionSchema):
    """What was found out."""

    source = fields.Nested(MediaSchema, required=True)
    audio = fields.Nested(MediaSchema, required=True, allow_none=True)
    faces = fields.List(fields.Nested(FaceSchema), required=True, metadata={"description": "The largest first."})
    plan = fields.Nested(PlanSchema, required=True, allow_none=True, metadata={"description": "null without audio."})
    cost = fields.Nested(CostSchema, required=True, allow_none=True, metadata={"description": "null without audio."})
    warnings = fields.List(fields.String(), required=True)


class Media(TypedDict):
    """A file."""

    kind: str
    container: str
    size_bytes: int
    width: int
    height: int
    duration_s: float
    fps: float


blueprint = ApiBlueprint("inspect", PROBLEM)


@blueprint.post("/v1/inspect")
@blueprint.needs(Scope.SUBMIT)
@blueprint.query(PatientQuery)
@blueprint.body(InspectBody)
@blueprint.answer(HTTPStatus.OK, InspectionSchema)
@blueprint.also_answers(HTTPStatus.ACCEPTED, PendingInspectionSchema)
@blueprint.also_answers(HTTPStatus.UNPROCESSABLE_ENTITY, PROBLEM.schema, PROBLEM.media_type)
def inspect(wait_s: int, request: InspectionRequest) -> Response:
    """Look at files; a file that a job would refuse is refused in the same words."""
    services().inspections.start(request)
    return _answer(request.inspection_id, wait_s)


@blueprint.get("/v1/inspect/<uuid:inspection_id>")
@blueprint.needs(Scope.READ)
@blueprint.query(WaitQuery)
@blueprint.answer(HTTPStatus.OK, InspectionSchema)
@blueprint.also_answers(HTTPStatus.ACCEPTED, PendingInspectionSchema)
@blueprint.also_answers(HTTPStatus.UNPROCESSABLE_ENTITY, PROBLEM.schema, PROBLEM.media_type)
def finding(wait_s: int, inspection_id: UUID) -> Response:
    """Ask again what an inspection of this key has found."""
    return _answer(str(inspection_id), wait_s)


def _answer(inspection_id: str, wait_s: int) -> Response:
    found = _waited_for(inspection_id, wait_s)
    if found is None:
        response = jsonify(id=inspection_id, status=RUNNING)
        response.status_code = HTTPStatus.ACCEPTED
        return response
    return jsonify(
        id=inspection_id,
        status=SUCCEEDED,
        source=_media(found.source),
        audio=_media(found.audio) if found.audio else None,
        faces=[_face(face, found.source) for face in found.faces],
        plan=found.plan,
        cost={"credits": _credits(found.plan)} if found.plan else None,
        warnings=found.warnings,
    )


def _waited_for(inspection_id: str, wait_s: int) -> Inspection | None:
    """Look until it is found, for `wait_s` seconds at most, or once when too many requests wait already."""
    deadline = time.monotonic() + wait_s
    found = _found(inspection_id)
    with services().waiting_room.place(current_key().key_id) as has_place:
        while found is None and has_place and time.monotonic() < deadline and not is_client_gone():
            time.sleep(LOOK_EVERY_S)
            check_still_works()
            found = _found(inspection_id)
    return found


def _found(inspection_id: str) -> Inspection | None:
    try:
        return services().inspections.outcome(inspection_id, current_key().key_id)
    except MouthpieceError as fault:
        # Workflows know faults by their text alone, which begins with the field.
        field, _, message = fault.message.partition(": ")
        if field in (*SOURCES, AUDIO):
            fault.field, fault.message = field, message
        raise


def _options(body: JsonObject) -> OutputOptions:
    params = body["videoParams"]
    options = output_options(params) if isinstance(params, dict) else OutputOptions()
    options = replace(options, short_side_px=SHORT_SIDES_PX.get(str(body["resolution"]), 0))
    asked = SyncMode(str(body["sync_mode"]))
    return options if asked is SyncMode.BOUNCE else replace(options, sync_mode=asked)


def _media(media: MediaInfo) -> Media:
    return Media(
        kind=media.role,
        container=media.container,
        size_bytes=media.size_bytes,
        width=media.width,
        height=media.height,
        duration_s=round(media.duration_s, 3),
        fps=round(media.fps, 3),
    )


def _face(face: FaceSeen, source: MediaInfo) -> JsonObject:
    x, y, width, height = face.box
    return {
        "box": list(face.box),
        "score": face.score,
        "drivable": face.drivable,
        "reason": face.reason,
        "first_seen_s": face.first_seen_s,
        "point": {
            "x": round((x + width / 2) / source.width, 4),
            "y": round((y + height / 2) / source.height, 4),
            "at_s": face.best_seen_s,
        },
    }


def _credits(plan: LengthPlan) -> int:
    settings = services().settings
    return cost(
        plan.duration_s,
        min(plan.width, plan.height),
        per_s_480p=settings.credits_per_s_480p,
        per_s_720p=settings.credits_per_s_720p,
        minimum_s=settings.credits_min_s,
    )
