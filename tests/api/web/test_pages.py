"""The page and what it loads: whole, from this service alone, and nothing in it that a policy would have to allow."""

import re
from importlib.resources import files
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from api.app import create_app
from contracts.settings import Settings
from storage.records import Records
from tests.api.bodies import IMAGE_PATH, STUDIO
from tests.api.conftest import NOW, services_of
from tests.fakes import FakeGateway

pytestmark = pytest.mark.unit

WEB = Path(str(files("api.web")))
ASSETS = sorted(path for path in (WEB / "assets").rglob("*") if path.is_file())
TEXTS = sorted((WEB / "templates").glob("*.html")) + [path for path in ASSETS if path.suffix in {".js", ".css", ".svg"}]
#: Addresses that are names and load nothing.
NAMES = {"http://www.w3.org/2000/svg", "https://your-app.example.com/webhooks/lipsync"}


def policy_of(headers: object) -> dict[str, str]:
    text = headers["Content-Security-Policy"]  # type: ignore[index]
    return dict(part.split(" ", 1) for part in text.split("; "))


@pytest.mark.parametrize("path", ["/", "/watch/nonsense/a.mp4"])
def test_every_html_answer_lets_the_browser_run_the_services_own_modules_alone(anyone: FlaskClient, path: str) -> None:
    answer = anyone.get(path)

    policy = policy_of(answer.headers)
    assert answer.mimetype == "text/html"
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_the_page_alone_may_ask_for_camera_and_microphone(anyone: FlaskClient) -> None:
    assert "camera=(self), microphone=(self)" in anyone.get("/").headers["Permissions-Policy"]
    assert "camera=(), microphone=()" in anyone.get("/watch/nonsense/a.mp4").headers["Permissions-Policy"]


def test_media_come_from_where_links_lead_too(tmp_path: Path) -> None:
    settings = Settings(
        data_dir=tmp_path,
        public_url="https://lips.example/api-of-ours",
        s3_bucket="lips",
        s3_endpoint="https://store.example",
        s3_access_key_id="id",
    )
    app = create_app(settings, FakeGateway(), clock=lambda: NOW)

    policy = policy_of(app.test_client().get("/").headers)

    services_of(app).records.close()
    assert policy["media-src"] == policy["img-src"] == "'self' blob: https://lips.example https://store.example"


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.relative_to(WEB).as_posix())
def test_no_text_of_the_page_loads_from_elsewhere_or_needs_inline_rights(path: Path) -> None:
    text = path.read_text(encoding="utf-8")

    addresses = {url for url in re.findall(r"https?://\w[^\s\"'`)<]+", text) if "${" not in url and "…" not in url}
    assert addresses <= NAMES
    assert re.findall(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|javascript:", text) == []
    if path.suffix == ".html":
        assert re.findall(r"\son[a-z]+\s*=", text) == []
    if path.suffix == ".js":
        assert re.findall(r"innerHTML|outerHTML|insertAdjacentHTML|\beval\(|new Function|document\.write", text) == []


@pytest.mark.parametrize("path", ASSETS, ids=lambda path: path.relative_to(WEB).as_posix())
def test_every_asset_is_served_and_kept_until_it_changes(anyone: FlaskClient, path: Path) -> None:
    name = f"/assets/{path.relative_to(WEB / 'assets').as_posix()}"

    answer = anyone.get(name)
    again = anyone.get(name, headers={"If-None-Match": answer.headers["ETag"]})

    assert answer.data == path.read_bytes()
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "no-cache"
    assert again.status_code == 304
    if path.suffix == ".js":
        assert answer.mimetype == "text/javascript"


def test_all_that_the_page_and_its_modules_name_is_there(anyone: FlaskClient) -> None:
    parts = re.findall(r'(?:src|href)="(assets/[^"]+)"', anyone.get("/").text)
    modules = [path for path in ASSETS if path.suffix == ".js"]
    imported = {
        (path.parent / name).resolve()
        for path in modules
        for name in re.findall(r'^(?:import|export) .*?from "(\.[^"]+)";', path.read_text(), re.MULTILINE)
    }

    assert [part for part in parts if anyone.get(f"/{part}").status_code != 200] == []
    assert imported <= set(ASSETS)
    assert set(modules) - imported == {WEB / "assets" / "main.js"}


@pytest.mark.parametrize("name", ["nothing.js", "../pages.py", "%2e%2e/pages.py", "create", "create/"])
def test_nothing_beside_the_assets_is_served(anyone: FlaskClient, name: str) -> None:
    assert anyone.get(f"/assets/{name}").status_code == 404


def test_every_kind_of_asset_is_installed_with_the_service() -> None:
    packaged = (WEB.parents[1] / "pyproject.toml").read_text(encoding="utf-8")

    kinds = {path.suffix for path in ASSETS} | {".html"}
    assert [kind for kind in kinds if f'"*{kind}"' not in packaged] == []


def test_the_page_answers_reading_alone(anyone: FlaskClient) -> None:
    refused = anyone.post("/")

    assert refused.status_code == 405
    assert refused.get_json()["code"] == "method_not_allowed"


def test_a_shared_link_plays_its_video(app: Flask, client: FlaskClient, anyone: FlaskClient, tmp_path: Path) -> None:
    token = shared_output(app, client, tmp_path)

    page = anyone.get(f"/watch/{token}/speaking.mp4")

    assert page.status_code == 200
    assert f'<video src="../../files/{token}/speaking.mp4"' in page.text
    assert "no-store" in page.headers["Cache-Control"]


def test_a_link_of_a_revoked_key_says_that_it_no_longer_works(
    app: Flask, client: FlaskClient, anyone: FlaskClient, records: Records, tmp_path: Path
) -> None:
    token = shared_output(app, client, tmp_path)
    (key,) = records.keys.list()
    records.keys.revoke(key.key_id, "2026-01-02T00:00:00Z")

    page = anyone.get(f"/watch/{token}/speaking.mp4")

    assert page.status_code == 410
    assert "This link no longer works" in page.text
    assert "<video" not in page.text


def test_a_video_that_was_deleted_is_said_to_be_gone(app: Flask, client: FlaskClient, anyone: FlaskClient) -> None:
    job_id = client.post(IMAGE_PATH, json=STUDIO).get_json()["id"]
    token = token_of(services_of(app).links.url(f"jobs/{job_id}/output.mp4", NOW.timestamp()))

    page = anyone.get(f"/watch/{token}/speaking.mp4")

    assert page.status_code == 410
    assert "no longer kept" in page.text


def test_a_link_that_was_cut_short_is_said_to_be_incomplete(anyone: FlaskClient) -> None:
    page = anyone.get("/watch/nonsense/a.mp4")

    assert page.status_code == 404
    assert "complete" in page.text


def test_a_name_in_a_link_is_text_and_no_markup(anyone: FlaskClient) -> None:
    page = anyone.get("/watch/nonsense/%22%3E%3Cscript%3Ealert(1)")

    assert "<script>alert" not in page.text


def test_a_name_with_signs_that_addresses_use_leads_to_its_file(
    app: Flask, client: FlaskClient, anyone: FlaskClient, tmp_path: Path
) -> None:
    token = shared_output(app, client, tmp_path)
    page = anyone.get(f"/watch/{token}/take%20%231%3F.mp4")

    assert f'href="../../files/{token}/take%20%231%3F.mp4?download=1"' in page.text
    with anyone.get(f"/files/{token}/take%20%231%3F.mp4?download=1") as answer:
        assert answer.status_code == 200


def shared_output(app: Flask, client: FlaskClient, folder: Path) -> str:
    """A token for the output of a job of the client."""
    job_id = client.post(IMAGE_PATH, json=STUDIO).get_json()["id"]
    (folder / "made.mp4").write_bytes(b"made")
    key = f"jobs/{job_id}/output.mp4"
    services_of(app).blobs.put(key, folder / "made.mp4")
    return token_of(services_of(app).links.url(key, NOW.timestamp()))


def token_of(url: str) -> str:
    return url.split("/")[-2]
