"""Downloads by signed link."""

from pathlib import Path

import pytest
from flask.testing import FlaskClient

from api.services import Services

pytestmark = pytest.mark.unit

CONTENT = bytes(range(256)) * 10


@pytest.fixture
def link(services: Services, tmp_path: Path) -> str:
    return stored(services, tmp_path, "jobs/8a4b/output.mp4")


def stored(services: Services, tmp_path: Path, key: str, age_s: int = 0) -> str:
    source = tmp_path / "source"
    source.write_bytes(CONTENT)
    services.blobs.put(key, source)
    url = services.links.url(key, services.clock().timestamp() - age_s)
    return url.removeprefix(services.settings.public_url)


def test_an_output_is_a_video_named_after_its_job(anyone: FlaskClient, link: str) -> None:
    answer = anyone.get(link, buffered=True)

    assert answer.status_code == 200
    assert answer.data == CONTENT
    assert answer.content_type == "video/mp4"
    assert answer.headers["Content-Disposition"] == "inline; filename=8a4b.mp4"
    assert answer.headers["Accept-Ranges"] == "bytes"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "private" in answer.headers["Cache-Control"]


def test_an_output_can_be_asked_for_as_a_download(anyone: FlaskClient, link: str) -> None:
    answer = anyone.get(f"{link}?download=1", buffered=True)

    assert answer.headers["Content-Disposition"] == "attachment; filename=8a4b.mp4"


def test_head_tells_the_length_without_the_bytes(anyone: FlaskClient, link: str) -> None:
    answer = anyone.head(link, buffered=True)

    assert (answer.status_code, answer.content_length, answer.data) == (200, len(CONTENT), b"")


@pytest.mark.parametrize(
    ("asked", "start", "end"), [("bytes=0-9", 0, 10), ("bytes=2550-", 2550, 2560), ("bytes=-5", 2555, 2560)]
)
def test_a_range_is_answered_with_that_part(anyone: FlaskClient, link: str, asked: str, start: int, end: int) -> None:
    answer = anyone.get(link, headers={"Range": asked}, buffered=True)

    assert answer.status_code == 206
    assert answer.data == CONTENT[start:end]
    assert answer.headers["Content-Range"] == f"bytes {start}-{end - 1}/{len(CONTENT)}"


def test_a_range_beyond_the_end_is_refused_with_the_length(anyone: FlaskClient, link: str) -> None:
    answer = anyone.get(link, headers={"Range": "bytes=9999-"}, buffered=True)

    assert answer.status_code == 416
    assert answer.headers["Content-Range"] == f"bytes */{len(CONTENT)}"
    assert answer.get_json()["status"] == 416


def test_a_file_the_client_has_already_is_not_sent_again(anyone: FlaskClient, link: str) -> None:
    etag = anyone.get(link, buffered=True).headers["ETag"]

    assert anyone.get(link, headers={"If-None-Match": etag}, buffered=True).status_code == 304


def test_an_upload_is_never_shown_by_a_browser(anyone: FlaskClient, services: Services, tmp_path: Path) -> None:
    answer = anyone.get(stored(services, tmp_path, "uploads/k/8a4b"), buffered=True)

    assert answer.content_type == "application/octet-stream"
    assert answer.headers["Content-Disposition"].startswith("attachment")


def test_an_old_link_is_gone(anyone: FlaskClient, services: Services, tmp_path: Path) -> None:
    answer = anyone.get(
        stored(services, tmp_path, "jobs/1/output.mp4", age_s=services.settings.link_ttl_s + 1), buffered=True
    )

    assert answer.status_code == 410
    assert answer.content_type == "application/problem+json"
    assert answer.get_json()["detail"] == "the link has expired"


@pytest.mark.parametrize("path", ["/files/forged/a.mp4", "/files/é/a.mp4", "/files/%00/a.mp4", "/files/a/b/c"])
def test_a_forged_link_leads_nowhere(anyone: FlaskClient, path: str) -> None:
    answer = anyone.get(path, buffered=True)

    assert answer.status_code == 404
    assert answer.content_type == "application/problem+json"


def test_a_deleted_file_is_not_found(anyone: FlaskClient, services: Services, link: str) -> None:
    services.blobs.delete("jobs/8a4b/output.mp4")

    assert anyone.get(link).status_code == 404
