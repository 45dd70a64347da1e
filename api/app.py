"""The application: settings in, Flask out. For gunicorn: `api.app:from_env()`, threads, no preload."""

import logging
from importlib.metadata import PackageNotFoundError, version

from flask import Flask
from flask_smorest import Api

from api import files, health, lipsync_dev, lipsync_dev_async, lipsync_studio, request_id, unread_body, uploads
from api.blueprint import ApiBlueprint
from api.error_table import ErrorTable
from api.errors import ErrorAnswers
from api.reconcile import keep_reconciling
from api.services import Clock, Services, services, utc_now
from api.temporal import Gateway, TemporalGateway
from contracts.settings import Settings
from storage.blobs import open_blobs
from storage.links import Links
from storage.records import Records
from storage.secrets import server_secret

#: Largest JSON body.
MAX_BODY_BYTES = 65_536

#: Answer under /api and, as some clients ask, without it.
CLIENT_BLUEPRINTS: tuple[ApiBlueprint, ...] = (
    lipsync_studio.blueprint,
    lipsync_dev.blueprint,
    lipsync_dev_async.blueprint,
    uploads.blueprint,
)
ROOT_BLUEPRINTS: tuple[ApiBlueprint, ...] = (files.blueprint, health.blueprint)

#: Whose errors a path gets, by its beginning after "/api".
DIALECTS: dict[str, ErrorTable] = {
    "/v1/lipsync/": lipsync_dev.ERRORS,
    "/v1/lipsync-": lipsync_studio.ERRORS,
    "/v1/jobs/": lipsync_studio.ERRORS,
    "/async/": lipsync_dev_async.ERRORS,
    "/getAsyncResult": lipsync_dev_async.ERRORS,
}


class Service(Api):
    """The OpenAPI document alone: errors are answered by `ErrorAnswers`."""

    DEFAULT_ERROR_RESPONSE_NAME = ""

    def _register_error_handlers(self) -> None:
        """Leave the application's handlers alone."""

    def _register_responses(self) -> None:
        """Leave the library's error format, which no path uses, out of the document."""

    def _register_pagination_header(self) -> None:
        """Leave the library's pagination out of the document."""


def from_env() -> Flask:
    """Make the application that the environment describes, and let it look after jobs in doubt.

    Raises:
        SettingsError: with everything that is wrong with the environment.
    """
    settings = Settings.from_env()
    logging.basicConfig(level=settings.log_level, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    app = create_app(settings)
    with app.app_context():
        keep_reconciling(services())
    return app


def create_app(settings: Settings, gateway: Gateway | None = None, clock: Clock = utc_now) -> Flask:
    """Make an application.

    Args:
        settings: where data lives, how clients reach it, limits and prices.
        gateway: the way to Temporal; None: the server that the environment's profile names.
        clock: tells the time, with its zone.
    """
    app = Flask("mouthpiece", static_folder=None)
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.config.update(_config(settings))
    Services(
        settings=settings,
        records=Records(settings.data_dir / "records.db"),
        blobs=open_blobs(settings),
        links=Links(server_secret(settings), settings.public_url, settings.link_ttl_s),
        gateway=gateway or TemporalGateway(),
        clock=clock,
    ).install(app)
    request_id.install(app)
    unread_body.install(app)
    ErrorAnswers(DIALECTS).install(app)
    _register(app)
    return app


def _register(app: Flask) -> None:
    service = Service(app)  # type: ignore[no-untyped-call]
    for blueprint in CLIENT_BLUEPRINTS:
        service.register_blueprint(blueprint, url_prefix="/api")  # type: ignore[no-untyped-call]
        service.register_blueprint(blueprint, url_prefix="", name=f"{blueprint.name}_bare")  # type: ignore[no-untyped-call]
    for blueprint in ROOT_BLUEPRINTS:
        service.register_blueprint(blueprint)  # type: ignore[no-untyped-call]


def _config(settings: Settings) -> dict[str, object]:
    return {
        "MAX_CONTENT_LENGTH": MAX_BODY_BYTES,
        "API_TITLE": "Mouthpiece",
        "API_VERSION": _version(),
        "OPENAPI_VERSION": "3.1.0",
        "OPENAPI_URL_PREFIX": "/",
        "API_SPEC_OPTIONS": {
            "servers": [{"url": settings.public_url}],
            "security": [{"bearer": []}, {"apiKey": []}],
            "components": {
                "securitySchemes": {
                    "bearer": {"type": "http", "scheme": "bearer"},
                    "apiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
                }
            },
        },
    }


def _version() -> str:
    try:
        return version("mouthpiece")
    except PackageNotFoundError:
        return "0"
