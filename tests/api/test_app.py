"""The application as a whole: its paths, its OpenAPI document, what it loads, its documentation."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from api import sync_fields
from api.app import CLIENT_BLUEPRINTS, MAX_BODY_BYTES
from api.error_table import STATUSES
from api.fields import MAX_SEED
from api.lipsync_dev import SMALLEST_SIDE_PX
from api.lipsync_dev_async import ERROR_NUMBERS
from api.lipsync_studio import PROMPT_LIMIT
from contracts.inspections import SourceUse
from contracts.jobs import FaceChoice, SyncMode
from contracts.timings import LONGEST_ENTRY, MOST_ENTRIES
from contracts.web_addresses import URL_LIMIT

pytestmark = pytest.mark.unit

ROOT = Path(__file__).resolve().parents[2]

NEVER_LOADED = ("torch", "cv2", "av", "moviepy", "engines", "activities")


def paths_of(app: Flask) -> set[str]:
    return {rule.rule for rule in app.url_map.iter_rules()}


def in_openapi(path: str) -> str:
    return re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", path)


def test_the_application_loads_neither_torch_nor_engines_nor_activities() -> None:
    code = f"import sys, api.app, api.reconcile; print([name for name in {NEVER_LOADED} if name in sys.modules])"

    printed = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout

    assert printed.strip() == "[]"


def test_every_client_path_answers_with_and_without_the_prefix(app: Flask) -> None:
    with_prefix = {path for path in paths_of(app) if path.startswith("/api/")}

    assert {path.removeprefix("/api") for path in with_prefix} <= paths_of(app)
    assert len(with_prefix) > len(CLIENT_BLUEPRINTS)


def test_every_path_is_in_the_openapi_document(app: Flask, anyone: FlaskClient) -> None:
    document = anyone.get("/openapi.json").get_json()

    assert document["openapi"] == "3.1.0"
    assert set(document["paths"]) == {in_openapi(path) for path in paths_of(app)} - {
        "/openapi.json",
        "/docs",
        "/docs/{name}",
        "/",
        "/assets/{name}",
        "/watch/{token}/{name}",
    }


def test_only_what_needs_no_key_is_public(anyone: FlaskClient) -> None:
    document = anyone.get("/openapi.json").get_json()

    public = {
        path
        for path, operations in document["paths"].items()
        if any(isinstance(operation, dict) and operation.get("security") == [] for operation in operations.values())
    }
    errors = {f"{prefix}/v1/errors{code}" for prefix in ("", "/api") for code in ("", "/{code}")}
    assert public == {"/files/{token}/{name}", "/uploads/{token}", "/healthz", "/readyz"} | errors


def test_every_path_is_documented(app: Flask) -> None:
    documented = (ROOT / "docs" / "api.md").read_text()

    missing = [
        path
        for path in paths_of(app)
        if f"`{in_openapi(path)}`" not in documented and f"/api{path}" not in paths_of(app)
    ]
    assert missing == []


def test_every_error_is_documented_with_its_numbers() -> None:
    documented = (ROOT / "docs" / "api.md").read_text()

    rows = [f"| `{code}` | {STATUSES[code].value} | {ERROR_NUMBERS[code]} |" for code in STATUSES]
    assert [row for row in rows if row not in documented] == []


@pytest.mark.parametrize("value", [*SyncMode, *FaceChoice, *SourceUse])
def test_every_way_to_fit_picture_and_sound_is_documented(value: str) -> None:
    assert f"`{value}`" in (ROOT / "docs" / "api.md").read_text()


def test_the_documented_limits_are_the_ones_in_force() -> None:
    documented = (ROOT / "docs" / "api.md").read_text()

    limits = (MAX_BODY_BYTES, sync_fields.MAX_BODY_BYTES, MAX_SEED, URL_LIMIT, SMALLEST_SIDE_PX, PROMPT_LIMIT)
    for limit in (*limits, MOST_ENTRIES, LONGEST_ENTRY, sync_fields.MOST_OFFSET_MS):
        assert f"{limit:,}" in documented, limit
