"""The header Idempotency-Key on POST: a request that is sent again does nothing again and gets the first answer.

Only answers of success are kept. After a fault that may pass, the same request goes on with the id that was reserved
for what it makes; after a refusal, which did nothing, the header's value is free for any request.
"""

import hashlib
import logging
import re
import uuid
from pathlib import Path

from flask import Response, g, request

from api import unread_body
from api.auth import current_key
from api.services import services
from contracts.errors import IdempotencyMismatch, InFlight, InvalidRequest, StorageBusy
from storage.idempotency import HEADER, Reservation, StoredAnswer

logger = logging.getLogger(__name__)

REPLAYED = "Idempotency-Replayed"

#: Seconds after which a client may ask again while the first request runs.
RETRY_AFTER_S = 1

_ACCEPTED = re.compile(r"[\x21-\x7e]{1,255}")


def begin() -> Response | None:
    """Reserve the request's idempotency key, or return the answer that it has got already.

    Raises:
        InvalidRequest: when the header is no such key.
        IdempotencyMismatch: when it came with another request before.
        InFlight: when the first request has not been answered yet.
    """
    sent = request.headers.get(HEADER)
    if request.method != "POST" or sent is None:
        return None
    if not _ACCEPTED.fullmatch(sent):
        raise InvalidRequest("must be 1 to 255 visible ASCII characters", field=HEADER, remedy="Send a UUID.")
    found = _begin(sent)
    if isinstance(found, StoredAnswer):
        if not found.content:
            return _replay(found)
        # Whether it is the same file shows only once it has been read.
        g.stored_answer = found
        return None
    g.reservation = found
    return None


def replay_of(file: Path) -> Response | None:
    """Return the answer that the request has got already, when it came with this very file before.

    Raises:
        IdempotencyMismatch: when its idempotency key came with another file.
    """
    stored: StoredAnswer | None = g.pop("stored_answer", None)
    reservation: Reservation | None = g.get("reservation")
    if stored is None and reservation is None:
        return None
    with file.open("rb") as opened:
        content = hashlib.file_digest(opened, "sha256").hexdigest()
    known = stored.content if stored else reservation.content if reservation else ""
    if known and content != known:
        raise IdempotencyMismatch(
            "came with another file before", field=HEADER, remedy="Use a new value for every new request."
        )
    if reservation:
        services().records.idempotency.note_content(reservation, content)
    return _replay(stored) if stored else None


def finish(response: Response) -> Response:
    """Keep the answer of the request that holds the idempotency key, or give the key back."""
    reservation: Reservation | None = g.pop("reservation", None)
    if g.get("is_in_flight"):
        response.headers["Retry-After"] = str(RETRY_AFTER_S)
    if reservation is not None:
        try:
            _enter(reservation, response)
        except StorageBusy:
            # What the request did stays done: sent again, it will find that by the reserved id.
            logger.warning("answer not kept key_id=%s reserved_id=%s", reservation.key_id, reservation.reserved_id)
    return response


def reserved_id() -> uuid.UUID:
    """The id of what the request makes: the same one when the request is repeated under an idempotency key."""
    reservation: Reservation | None = g.get("reservation")
    return reservation.reserved_id if reservation else uuid.uuid4()


def _begin(idempotency_key: str) -> Reservation | StoredAnswer:
    try:
        return services().records.idempotency.begin(
            current_key().key_id,
            idempotency_key,
            _fingerprint(),
            now=services().clock().timestamp(),
            ttl_s=services().settings.idempotency_ttl_s,
        )
    except InFlight:
        g.is_in_flight = True
        raise


def _enter(reservation: Reservation, response: Response) -> None:
    records = services().records.idempotency
    is_success = 200 <= response.status_code < 300
    if is_success and _may_be_kept(response):
        answer = StoredAnswer(
            status=response.status_code, content_type=response.content_type, body=response.get_data(as_text=True)
        )
        records.complete(reservation, answer)
    elif response.status_code < 500 and not is_success and reservation.attempt == 1:
        records.forget(reservation)
    else:
        records.release(reservation)


def _may_be_kept(response: Response) -> bool:
    """Whether an answer is whole and no secret; one that is not is made anew, from the same reserved id."""
    return not response.is_streamed and not response.direct_passthrough and not response.cache_control.no_store


def _fingerprint() -> str:
    """Tell requests apart by their path, parameters and JSON, or a body's kind and length; `replay_of` goes on."""
    path = request.path.removeprefix("/api")
    # Around the same file a form is as long as the boundary that its sender made up.
    length = "" if request.mimetype == "multipart/form-data" else str(request.content_length)
    body = request.get_data() if request.is_json else length.encode()
    head = f"{path}?{request.query_string.decode('latin-1')}\n{request.mimetype}\n"
    return hashlib.sha256(head.encode() + body).hexdigest()


def _replay(answer: StoredAnswer) -> Response:
    # An upload comes along again with its repetition; its sender may not listen before it is read.
    unread_body.discard(request.content_length or unread_body.LIMIT_BYTES)
    response = Response(answer.body, answer.status, content_type=answer.content_type)
    response.headers[REPLAYED] = "true"
    return response
