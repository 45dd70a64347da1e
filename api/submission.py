"""From an accepted body to a running job: recorded first, then started, and never half of the two."""

import logging
import secrets
import uuid
from dataclasses import dataclass, field, replace

from api.auth import current_key
from api.fields import MAX_SEED
from api.services import services, utc_text
from contracts.errors import InvalidRequest, MouthpieceError, StorageBusy
from contracts.jobs import Dialect, JobRequest, MediaRef, OutputOptions

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What a client asks for, in no dialect. `seed` is None when any will do."""

    dialect: Dialect
    model: str
    source: MediaRef
    audio: MediaRef
    vocal: MediaRef | None = None
    options: OutputOptions = field(default_factory=OutputOptions)
    seed: int | None = None
    webhook_url: str = ""
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Submitted:
    """A job that Temporal has accepted."""

    job_id: str
    number: int
    created_at: str


def submit(order: Order) -> Submitted:
    """Make a job of an order for the request's key.

    Raises:
        InvalidRequest: when a link of this service leads to a file that is gone.
        Unavailable: when Temporal cannot be reached; nothing is recorded then.
        StorageBusy: when the records cannot be written.
    """
    request, created_at = _job_request(order), utc_text(services().clock())
    jobs = services().records.jobs
    number = jobs.add(request, created_at)
    try:
        services().gateway.start(request)
    except MouthpieceError:
        jobs.drop(request.job_id)
        raise
    _mark_started(request.job_id)
    logger.info(
        "job submitted job_id=%s number=%s key_id=%s dialect=%s", request.job_id, number, request.key_id, order.dialect
    )
    return Submitted(job_id=request.job_id, number=number, created_at=created_at)


def _mark_started(job_id: str) -> None:
    try:
        services().records.jobs.mark_started(job_id)
    except StorageBusy:
        # The job runs, whatever the records say: `reconcile` will find out, the client need not know.
        logger.warning("job left in doubt job_id=%s", job_id)


def _job_request(order: Order) -> JobRequest:
    return JobRequest(
        job_id=str(uuid.uuid4()),
        key_id=current_key().key_id,
        dialect=order.dialect,
        model=order.model,
        source=_located(order.source),
        audio=_located(order.audio),
        vocal=_located(order.vocal) if order.vocal else None,
        engine=services().settings.engine,
        seed=secrets.randbelow(MAX_SEED + 1) if order.seed is None else order.seed,
        options=order.options,
        webhook_url=order.webhook_url,
        warnings=order.warnings,
    )


def _located(media: MediaRef) -> MediaRef:
    """Point to the blob itself when the URL is a link of this service to a file of the same key."""
    key = services().links.own_blob(media.url, services().clock().timestamp())
    if key is None or not _is_mine(key):
        return media
    if not services().blobs.exists(key):
        raise InvalidRequest("the file behind this link is gone", field=media.field, remedy="Upload it again.")
    return replace(media, url="", blob=key)


def _is_mine(blob_key: str) -> bool:
    folder, owner, *_ = blob_key.split("/")
    if folder == "uploads":
        return owner == current_key().key_id
    record = services().records.jobs.find(owner)
    return record is not None and record.key_id == current_key().key_id
