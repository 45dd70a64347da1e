"""Requests as they are counted and told of."""

import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from api.app import create_app
from contracts.scopes import Scope
from contracts.settings import Settings
from telemetry.lines import JsonLines, Marks
from telemetry.meter import meter
from telemetry.tallies import FOLDER
from tests.api.bodies import IMAGE_PATH, STUDIO
from tests.api.conftest import NOW, client_with_key, services_of
from tests.fakes import FakeGateway

pytestmark = pytest.mark.unit


class Written(logging.Handler):
    """Keeps lines as they are written."""

    def __init__(self) -> None:
        super().__init__()
        self.addFilter(Marks())
        self.lines: list[dict[str, object]] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(json.loads(JsonLines().format(record)))


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Flask]:
    settings = Settings(data_dir=tmp_path / "data", log_format="json")
    app = create_app(settings, FakeGateway(), clock=lambda: NOW)
    meter.open(settings.data_dir / FOLDER)
    yield app
    meter.close()
    services_of(app).records.close()


@pytest.fixture
def written() -> Iterator[Written]:
    handler, root = Written(), logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    yield handler
    root.removeHandler(handler)
    root.setLevel(level)


def _metrics(app: Flask) -> str:
    _, text = services_of(app).records.keys.create("", "2026-01-01T00:00:00Z", scopes=frozenset({Scope.ADMIN}))
    answer = app.test_client().get("/metrics", headers={"Authorization": f"Bearer {text}"})
    assert answer.status_code == 200
    assert answer.content_type == "text/plain; version=0.0.4; charset=utf-8"
    return answer.text


def test_a_request_is_told_with_its_route_and_not_its_path(app: Flask, written: Written) -> None:
    client = client_with_key(app, "mine")
    job_id = client.post(IMAGE_PATH, json=STUDIO).get_json()["id"]

    client.get(f"/api/v1/jobs/{job_id}?token=telltale", headers={"X-Request-Id": "r1"})

    line = written.lines[-1]
    assert (line["event"], line["method"], line["route"], line["status"]) == (
        "request",
        "GET",
        "/v1/jobs/<job_id>",
        200,
    )
    assert (line["job_id"], line["request_id"]) == (job_id, "r1")
    assert "telltale" not in json.dumps(written.lines)


def test_lines_of_one_request_are_not_marked_with_another(app: Flask, written: Written) -> None:
    client = client_with_key(app, "mine")
    client.post(IMAGE_PATH, json=STUDIO)

    client.get("/api/v1/voices")

    assert "job_id" not in written.lines[-1]


def test_paths_without_a_route_and_made_up_methods_share_one_series_each(app: Flask) -> None:
    anyone: FlaskClient = app.test_client()
    for number in range(3):
        anyone.get(f"/nothing/{number}")
        anyone.open("/nothing", method=f"M{number}")

    text = _metrics(app)

    assert 'mouthpiece_http_requests_total{method="GET",route="none",status="404"} 3.0' in text
    assert 'mouthpiece_http_requests_total{method="other",route="none",status="404"} 3.0' in text


def test_what_machines_ask_all_the_time_is_no_line(app: Flask, written: Written) -> None:
    app.test_client().get("/healthz")

    assert [line for line in written.lines if line["event"] == "request"] == []


def test_metrics_come_although_temporal_does_not_answer(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEMPORAL_ADDRESS", "127.0.0.1:1")

    text = _metrics(app)

    assert "mouthpiece_temporal_up 0.0" in text
    assert "mouthpiece_oldest_job_seconds 0.0" in text
    assert "mouthpiece_queue_tasks{" not in text


def test_the_oldest_job_is_told_by_its_age(app: Flask) -> None:
    client_with_key(app, "mine").post(IMAGE_PATH, json=STUDIO)

    (line,) = [line for line in _metrics(app).splitlines() if line.startswith("mouthpiece_oldest_job_seconds ")]
    assert float(line.split()[1]) == 0
