"""Whether the process lives, and whether it can take jobs."""

from http import HTTPStatus

from marshmallow import Schema, fields

from api.blueprint import ApiBlueprint
from api.error_table import JsonObject
from api.problem import PROBLEM
from api.services import services
from contracts.errors import StorageBusy

OK = "ok"


class HealthSchema(Schema):
    """Each part and how it does."""

    status = fields.String(required=True, metadata={"description": '"ok" or "unavailable".'})
    checks = fields.Dict(
        keys=fields.String(), values=fields.String(), metadata={"description": '"ok", or what is wrong.'}
    )


blueprint = ApiBlueprint("health", PROBLEM, is_public=True)


@blueprint.get("/healthz")
@blueprint.answer(HTTPStatus.OK, HealthSchema)
def healthz() -> JsonObject:
    """Whether the process answers."""
    return {"status": OK, "checks": {}}


@blueprint.get("/readyz")
@blueprint.answer(HTTPStatus.OK, HealthSchema)
@blueprint.also_answers(HTTPStatus.SERVICE_UNAVAILABLE, HealthSchema)
def readyz() -> tuple[JsonObject, int]:
    """Whether jobs can be taken: Temporal answers and the records can be written to."""
    checks = {"temporal": _temporal(), "records": _records()}
    if set(checks.values()) == {OK}:
        return {"status": OK, "checks": checks}, HTTPStatus.OK
    return {"status": "unavailable", "checks": checks}, HTTPStatus.SERVICE_UNAVAILABLE


def _temporal() -> str:
    return OK if services().gateway.ready() else "no answer within two seconds"


def _records() -> str:
    try:
        services().records.check_writable()
    except StorageBusy as fault:
        return fault.message
    return OK
