"""From an accepted body to a running job: recorded first, then started, and never half of the two."""

import logging
import uuid
from dataclasses import dataclass, field, replace

from api.auth import current_key
from api.fields import MAX_SEED
from api.idempotency import reserved_id
from api.owners import owner_of
from api.services import services, utc_text
from contracts.credits import estimate, spoken_s
from contracts.errors import InvalidRequest, MouthpieceError, StorageBusy, Unavailable
from contracts.jobs import (
    Dialect,
    FaceChoice,
    FacePoint,
    JobRequest,
    MediaRef,
    OutputOptions,
    Script,
    SpeakerOrder,
    Timings,
)
from telemetry.catalogue import JOBS_SUBMITTED
from telemetry.marks import current_job
from telemetry.meter import meter

logger = logging.getLogger(__name__)

#: Where each dialect's requests name an engine.
_ENGINE_FIELDS = {
    Dialect.LIPSYNC_DEV: "engine",
    Dialect.LIPSYNC_DEV_ASYNC: "engine",
    Dialect.LIPSYNC_STUDIO: "formState.engine",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What a client asks for, in no dialect; the fields are those of `JobRequest`.

    There is either an `audio` or a `script`; `seed` is None when any will do, `engine` "" for the default.
    """

    dialect: Dialect
    model: str
    source: MediaRef
    audio: MediaRef | None = None
    vocal: MediaRef | None = None
    right_audio: MediaRef | None = None
    order: SpeakerOrder = SpeakerOrder.MEANWHILE
    script: Script | None = None
    timings: Timings | None = None
    right_timings: Timings | None = None
    face: FaceChoice | FacePoint = FaceChoice.ACTIVE
    mask: MediaRef | None = None
    prompt: str = ""
    engine: str = ""
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
    estimated_credits: int


def submit(order: Order, *, job_id: uuid.UUID | None = None, batch_id: str = "") -> Submitted:
    """Make a job of an order for the request's key.

    Args:
        order: what to do.
        job_id: the job's id; None: the request's. Submitting the same order again under one id makes no second job.
        batch_id: the batch that the job is an item of, or "".

    Raises:
        InvalidRequest: when a link of this service leads to a file that is gone.
        Unavailable: when Temporal does not answer; the job stays in doubt until `reconcile` asks again.
        StorageBusy: when the records cannot be written.
    """
    request = _job_request(order, job_id or reserved_id(), batch_id)
    current_job.set(request.job_id)
    jobs = services().records.jobs
    number = jobs.add(request, utc_text(services().clock()))
    created_at = jobs.created_at(request.job_id)
    _start(request)
    if not _mark_started(request.job_id):
        # This process stood still for so long that another took the job for one that never started.
        number = jobs.add(request, created_at)
        _mark_started(request.job_id)
    meter.add(JOBS_SUBMITTED, 1, order.dialect)
    logger.info(
        "job submitted job_id=%s number=%s key_id=%s dialect=%s", request.job_id, number, request.key_id, order.dialect
    )
    return Submitted(
        job_id=request.job_id, number=number, created_at=created_at, estimated_credits=request.estimated_credits
    )


def _start(request: JobRequest) -> None:
    try:
        services().gateway.start(request)
    except Unavailable:
        # The call may have reached the server all the same: nothing may run that is in no record.
        logger.warning("job left in doubt job_id=%s", request.job_id)
        raise
    except MouthpieceError:
        services().records.jobs.drop(request.job_id)
        raise


def _mark_started(job_id: str) -> bool:
    """Whether the job is in the records, as far as is known."""
    try:
        return services().records.jobs.mark_started(job_id)
    except StorageBusy:
        # The job runs, whatever the records say: `reconcile` will find out, the client need not know.
        logger.warning("job left in doubt job_id=%s", job_id)
        return True


def _job_request(order: Order, job_id: uuid.UUID, batch_id: str) -> JobRequest:
    settings = services().settings
    return JobRequest(
        job_id=str(job_id),
        key_id=current_key().key_id,
        dialect=order.dialect,
        model=order.model,
        source=located(order.source),
        audio=_located_if_any(order.audio),
        vocal=_located_if_any(order.vocal),
        right_audio=_located_if_any(order.right_audio),
        order=order.order,
        script=order.script,
        timings=order.timings,
        right_timings=order.right_timings,
        face=order.face,
        mask=_located_if_any(order.mask),
        prompt=order.prompt,
        engine=services().engines.choose(order.engine, current_key().key_id, _ENGINE_FIELDS[order.dialect]),
        # Drawn from the id, so that a repeated submission is the same one in everything.
        seed=job_id.int % (MAX_SEED + 1) if order.seed is None else order.seed,
        options=order.options,
        webhook_url=order.webhook_url,
        warnings=order.warnings,
        estimated_credits=estimate(spoken_s(order.script), order.options, settings),
        batch_id=batch_id,
    )


def _located_if_any(media: MediaRef | None) -> MediaRef | None:
    return located(media) if media else None


def located(media: MediaRef) -> MediaRef:
    """Point to the blob itself when the URL is a link of this service to a file of the same key."""
    key = services().links.own_blob(media.url, services().clock().timestamp())
    if key is None or owner_of(key) != current_key().key_id:
        return media
    if not services().blobs.exists(key):
        raise InvalidRequest("the file behind this link is gone", field=media.field, remedy="Upload it again.")
    return replace(media, url="", blob=key)
