"""Metrics for Prometheus: of all processes on this host, and of the service as Temporal and the records see it."""

from http import HTTPStatus

from flask import Response

from api.blueprint import ApiBlueprint
from api.problem import PROBLEM
from api.services import services
from contracts.scopes import Scope
from telemetry import exposition
from telemetry.catalogue import OLDEST_JOB
from telemetry.tallies import Series

blueprint = ApiBlueprint("metrics", PROBLEM)


@blueprint.get("/metrics")
@blueprint.needs(Scope.ADMIN)
@blueprint.answer(HTTPStatus.OK, {"type": "string"}, media_type="text/plain")
def show_metrics() -> Response:
    """Metrics in Prometheus' text format, all processes of this host added up."""
    found = services()
    series = [*exposition.of_host(found.settings.data_dir), *found.queues.look(), _oldest_job()]
    return Response(exposition.text(series), content_type=exposition.CONTENT_TYPE)


def _oldest_job() -> Series:
    found = services()
    since = found.records.jobs.oldest_open()
    return exposition.reading(OLDEST_JOB, (found.clock() - since).total_seconds() if since else 0.0)
