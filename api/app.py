"""The application: settings in, Flask out. For gunicorn: `api.app:from_env()`, threads, no preload."""

from flask import Flask

from api import (
    access,
    batches,
    catalogue,
    deliveries,
    events,
    files,
    health,
    inspect,
    jobs,
    keys,
    lipsync_dev,
    lipsync_dev_async,
    lipsync_studio,
    metrics,
    models,
    openapi,
    reference,
    request_id,
    signed_uploads,
    tracing,
    unread_body,
    uploads,
    usage,
    voices,
    webhooks,
)
from api.blueprint import ApiBlueprint
from api.engine_board import EngineBoard
from api.error_table import ErrorTable
from api.errors import ErrorAnswers
from api.inspections import Inspections, TemporalInspections
from api.openapi import Service
from api.queue_watch import QueueWatch
from api.reconcile import keep_reconciling
from api.services import Clock, Services, services, utc_now
from api.temporal import Gateway, TemporalGateway
from api.turns import Turns
from api.waiting_room import WaitingRoom
from api.web import pages
from contracts.settings import Settings
from storage.announcements import Announcements
from storage.blobs import open_blobs
from storage.links import Links
from storage.records import Records
from storage.requests import Requests
from storage.secrets import server_secret
from telemetry import lines
from telemetry.catalogue import PROCESSES
from telemetry.meter import meter
from telemetry.tallies import FOLDER
from telemetry.temporal import watched

#: Largest JSON body.
MAX_BODY_BYTES = 65_536
#: Requests that a process handles at once, unless told otherwise.
THREADS = 16

#: Answer under /api and, as some clients ask, without it.
CLIENT_BLUEPRINTS: tuple[ApiBlueprint, ...] = (
    lipsync_studio.blueprint,
    lipsync_dev.blueprint,
    lipsync_dev_async.blueprint,
    jobs.blueprint,
    events.blueprint,
    deliveries.blueprint,
    webhooks.blueprint,
    batches.blueprint,
    catalogue.blueprint,
    uploads.blueprint,
    inspect.blueprint,
    keys.blueprint,
    usage.blueprint,
    voices.blueprint,
    models.blueprint,
)
ROOT_BLUEPRINTS: tuple[ApiBlueprint, ...] = (
    files.blueprint,
    signed_uploads.blueprint,
    health.blueprint,
    metrics.blueprint,
)

#: Whose errors a path without a view gets, by what it looks like after "/api"; a view's own are its blueprint's.
DIALECTS: dict[str, ErrorTable] = {
    "/v1/lipsync/": lipsync_dev.ERRORS,
    "/v1/generate": lipsync_dev.ERRORS,
    "/v1/usage": lipsync_dev.ERRORS,
    "/v1/lipsync-": lipsync_studio.ERRORS,
    "/v1/jobs/[^/]+$": lipsync_studio.ERRORS,
    "/async/": lipsync_dev_async.ERRORS,
    "/getAsyncResult": lipsync_dev_async.ERRORS,
}


def from_env(threads: int = THREADS) -> Flask:
    """Make the application that the environment describes, and let it look after jobs in doubt.

    Args:
        threads: how many requests the process handles at once; half of them may wait for jobs.

    Raises:
        SettingsError: with everything that is wrong with the environment.
    """
    settings = Settings.from_env()
    lines.configure(settings.log_level, settings.log_format)
    meter.open(settings.data_dir / FOLDER)
    meter.set(PROCESSES, 1, tracing.PART)
    app = create_app(settings, threads=threads)
    with app.app_context():
        keep_reconciling(services())
    return app


def create_app(
    settings: Settings,
    gateway: Gateway | None = None,
    clock: Clock = utc_now,
    threads: int = THREADS,
    inspections: Inspections | None = None,
) -> Flask:
    """Make an application.

    Args:
        settings: where data lives, how clients reach it, limits and prices.
        gateway: the way to Temporal; None: the server that the environment's profile names.
        clock: tells the time, with its zone.
        threads: how many requests the process handles at once.
        inspections: the way to inspections; None: over the same server.
    """
    records = Records(settings.data_dir / "records.db")
    turns = Turns(records.keys.plan_of, settings)
    line = TemporalGateway(
        payload_keys=settings.payload_keys,
        turn_of=turns.of,
        watch=lambda: watched(settings, tracing.PART),
    )
    app = Flask("mouthpiece", static_folder=None)
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.config.update({"MAX_CONTENT_LENGTH": MAX_BODY_BYTES} | openapi.config(settings))
    blobs = open_blobs(settings)
    Services(
        settings=settings,
        records=records,
        requests=Requests(settings.data_dir / "limits.db", lambda: clock().timestamp()),
        blobs=blobs,
        engines=EngineBoard(Announcements(blobs), settings, lambda: clock().timestamp()),
        links=Links(server_secret(settings), settings.public_url, settings.link_ttl_s),
        gateway=gateway or line,
        inspections=inspections or TemporalInspections(line, turns.of_inspections),
        queues=QueueWatch(line),
        clock=clock,
        waiting_room=WaitingRoom(threads // 2),
    ).install(app)
    access.install(app, settings.log_format)
    tracing.install(app, settings)
    request_id.install(app)
    unread_body.install(app)
    ErrorAnswers(DIALECTS).install(app)
    _register(app, settings)
    return app


def _register(app: Flask, settings: Settings) -> None:
    service = Service(app, settings)
    for blueprint in CLIENT_BLUEPRINTS:
        service.register_blueprint(blueprint, url_prefix="/api")  # type: ignore[no-untyped-call]
        service.register_blueprint(blueprint, url_prefix="", name=blueprint.name + openapi.BARE)  # type: ignore[no-untyped-call]
    for blueprint in ROOT_BLUEPRINTS:
        service.register_blueprint(blueprint)  # type: ignore[no-untyped-call]
    app.register_blueprint(reference.blueprint)
    app.register_blueprint(pages.blueprint)
