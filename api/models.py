"""The engines that jobs may name: what each can do, whose terms it is under, and what it lacks."""

from http import HTTPStatus
from typing import TypedDict

from marshmallow import Schema, fields

from api.auth import current_key
from api.blueprint import ApiBlueprint
from api.problem import PROBLEM
from api.services import services
from contracts.engines import Capabilities, EngineInfo, EngineState
from contracts.scopes import Scope


class NeedSchema(Schema):
    """A file that does not come with the service."""

    what = fields.String(required=True)
    paths = fields.List(fields.String(), required=True, metadata={"description": "Any one of them is enough."})
    licence = fields.String(required=True)
    source = fields.String(required=True, metadata={"description": "Where people get it."})
    sha256 = fields.List(fields.String(), required=True, metadata={"description": "Of the published files known."})


class ModelSchema(Schema):
    """An engine."""

    name = fields.String(required=True, metadata={"description": "What `engine` of a request names it by."})
    summary = fields.String(required=True)
    default = fields.Boolean(required=True, metadata={"description": "Whether it does the jobs that name none."})
    ready = fields.Boolean(required=True)
    missing = fields.String(required=True, metadata={"description": 'Why it is not ready, in words; "" when it is.'})
    capabilities = fields.List(fields.String(), required=True, metadata={"description": '"portrait", "prompt", …'})
    licence = fields.String(required=True)
    notice = fields.String(required=True, metadata={"description": "Terms of its weights that limit their use."})
    needs = fields.List(fields.Nested(NeedSchema), required=True)
    vram_bytes = fields.Integer(required=True, metadata={"description": "Memory of a GPU that it takes, about."})


class ModelsSchema(Schema):
    """The engines that the key may use."""

    models = fields.List(fields.Nested(ModelSchema), required=True)


class NeedObject(TypedDict):
    """A file that does not come with the service."""

    what: str
    paths: list[str]
    licence: str
    source: str
    sha256: list[str]


class ModelObject(TypedDict):
    """An engine."""

    name: str
    summary: str
    default: bool
    ready: bool
    missing: str
    capabilities: list[str]
    licence: str
    notice: str
    needs: list[NeedObject]
    vram_bytes: int


class ModelList(TypedDict):
    """The engines that the key may use."""

    models: list[ModelObject]


blueprint = ApiBlueprint("models", PROBLEM)


@blueprint.get("/v1/models")
@blueprint.needs(Scope.READ)
@blueprint.answer(HTTPStatus.OK, ModelsSchema)
def list_models() -> ModelList:
    """List the engines that a job may name; none while no gpu worker runs."""
    return {"models": [_model(state) for state in services().engines.usable_by(current_key().key_id)]}


def _model(state: EngineState) -> ModelObject:
    info = state.info or EngineInfo(name=state.name, summary="", licence="")
    return ModelObject(
        name=state.name,
        summary=info.summary,
        default=state.name == services().settings.engine,
        ready=not state.fault,
        missing=state.fault,
        capabilities=[word for word in Capabilities.__slots__ if getattr(info.capabilities, word)],
        licence=info.licence,
        notice=info.notice,
        needs=[
            NeedObject(
                what=need.what,
                paths=list(need.paths),
                licence=need.licence,
                source=need.source,
                sha256=list(need.sha256),
            )
            for need in info.needs
        ],
        vram_bytes=info.vram_bytes,
    )
