"""The interactive page: whole, and from this service alone."""

import re

import pytest
from flask.testing import FlaskClient

pytestmark = pytest.mark.unit


def test_the_page_loads_only_what_is_served_beside_it(anyone: FlaskClient) -> None:
    page = anyone.get("/docs")

    parts = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert page.mimetype == "text/html"
    assert len(parts) == 4
    for part in parts:
        answer = anyone.get(f"/{part}")
        assert answer.status_code == 200, part
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_the_page_runs_no_script_of_its_text_and_none_from_elsewhere(anyone: FlaskClient) -> None:
    page = anyone.get("/docs")

    policy = dict(part.split(" ", 1) for part in page.headers["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == "'self'"
    assert policy["connect-src"] == "'self' http://127.0.0.1:8080"
    assert re.findall(r"<script[^>]*>[^<]", page.text) == []
    assert "http" not in page.text


def test_the_page_shows_the_document_of_this_service(anyone: FlaskClient) -> None:
    assert 'url: "openapi.json"' in anyone.get("/docs/start.js").text


@pytest.mark.parametrize("name", ["index.html", "VERSION", "..%2f..%2fREADME.md", "%2e%2e"])
def test_nothing_else_of_the_library_is_served(anyone: FlaskClient, name: str) -> None:
    assert anyone.get(f"/docs/{name}").status_code == 404
