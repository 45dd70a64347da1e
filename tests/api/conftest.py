"""An application over a fake gateway, a key, and a client that sends it."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from api.app import create_app
from api.services import Services
from contracts.settings import Settings
from storage.records import Records
from tests.api.temporal_server import running_temporal
from tests.fakes import FakeGateway

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path / "data", max_video_bytes=100_000)


@pytest.fixture
def gateway() -> FakeGateway:
    return FakeGateway()


@pytest.fixture
def app(settings: Settings, gateway: FakeGateway) -> Iterator[Flask]:
    app = create_app(settings, gateway, clock=lambda: NOW)
    yield app
    services_of(app).records.close()


@pytest.fixture
def services(app: Flask) -> Services:
    return services_of(app)


@pytest.fixture
def records(services: Services) -> Records:
    return services.records


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """Sends a working key."""
    return client_with_key(app, "mine")


@pytest.fixture
def stranger(app: Flask) -> FlaskClient:
    """Sends another working key."""
    return client_with_key(app, "theirs")


@pytest.fixture
def anyone(app: Flask) -> FlaskClient:
    """Sends no key."""
    return app.test_client()


@pytest.fixture(scope="session")
def temporal_address() -> Iterator[str]:
    """A real Temporal server of this session's own."""
    with running_temporal() as address:
        yield address


def services_of(app: Flask) -> Services:
    found: Services = app.extensions["mouthpiece"]
    return found


def client_with_key(app: Flask, name: str) -> FlaskClient:
    _, plaintext = services_of(app).records.keys.create(name, "2026-01-01T00:00:00Z")
    client = app.test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {plaintext}"
    return client
