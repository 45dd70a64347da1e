"""Server-sent events of a job (WHATWG HTML, section 9.2): one for each change of its state, stage or percentage."""

import json
import time
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from http import HTTPStatus

from flask import Response, stream_with_context

from api.auth import check_still_works
from api.blueprint import ApiBlueprint
from api.error_table import JsonObject
from api.job_object import JobObject, job_object
from api.lookup import find_job, view_of
from api.problem import PROBLEM
from api.services import services
from api.waiting import LOOK_EVERY_S, is_client_gone
from contracts.errors import Unauthorized, Unavailable
from contracts.jobs import JobView
from contracts.scopes import Scope
from storage.jobs import JobRecord

MEDIA_TYPE = "text/event-stream"

#: Longest silence on the line, in seconds.
HEARTBEAT_S = 10.0

#: One event of the stream.
_EVENT: JsonObject = {
    "type": "object",
    "properties": {
        "event": {"type": "string", "const": "job"},
        "id": {"type": "string"},
        "data": {"type": "string", "contentMediaType": "application/json", "description": "The job object."},
    },
    "required": ["event", "id", "data"],
}

blueprint = ApiBlueprint("events", PROBLEM)


@blueprint.get("/v1/jobs/<job_id>/events")
@blueprint.needs(Scope.READ)
@blueprint.answer(HTTPStatus.OK, _EVENT, MEDIA_TYPE)
def events(job_id: str) -> Response:
    """Follow a job until it has ended; each event is its whole object, so that none before it is needed."""
    record, room = find_job(job_id, "id"), services().waiting_room
    first = view_of(record)
    if not room.enter(record.key_id):
        raise Unavailable("too many requests follow jobs at the moment", remedy="Ask again shortly, or poll the job.")
    response = Response(stream_with_context(_stream(record, first)), mimetype=MEDIA_TYPE)
    response.headers.update({"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
    response.call_on_close(partial(room.leave, record.key_id))
    return response


def _stream(record: JobRecord, view: JobView) -> Iterator[str]:
    """Write events as the job moves, and a comment whenever nothing was to be said for long."""
    shown, spoke_at, number = _standing(view), time.monotonic(), 1
    yield _event(job_object(record, view), number)
    while not view.status.is_terminal and not is_client_gone():
        time.sleep(LOOK_EVERY_S)
        if _is_revoked():
            return
        # While the queue cannot be reached the line stays open.
        with suppress(Unavailable):
            view = view_of(record)
        if _standing(view) != shown:
            shown, spoke_at, number = _standing(view), time.monotonic(), number + 1
            yield _event(job_object(record, view), number)
        elif time.monotonic() - spoke_at >= HEARTBEAT_S:
            spoke_at = time.monotonic()
            yield ": waiting\n\n"


def _is_revoked() -> bool:
    """Whether the stream's key was revoked; a client that connects again is told so."""
    try:
        check_still_works()
    except Unauthorized:
        return True
    return False


def _standing(view: JobView) -> tuple[object, ...]:
    return view.status, view.stage, view.percent


def _event(job: JobObject, number: int) -> str:
    return f"event: job\nid: {number}\ndata: {json.dumps(job, ensure_ascii=False)}\n\n"
