"""Uploads, and their links in place of URLs."""

import io
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from api.services import Services
from contracts.settings import Settings
from tests.api.bodies import DEV, IMAGE_PATH, STUDIO, SUBMIT_PATH, Body, changed
from tests.fakes import FakeGateway
from tests.storage.requests import a_request

pytestmark = pytest.mark.unit

PATH = "/api/v1/uploads"


def uploaded(client: FlaskClient, content: bytes = b"picture") -> str:
    answer = client.post(PATH, data=content, content_type="image/png")
    assert answer.status_code == 201, answer.text
    url: str = answer.get_json()["url"]
    return url


def with_image(url: str) -> Body:
    return changed(STUDIO, "formState.image", url)


def test_an_upload_can_be_downloaded_by_its_link(client: FlaskClient, anyone: FlaskClient) -> None:
    url = uploaded(client)

    answer = anyone.get(url.removeprefix("http://127.0.0.1:8080"), buffered=True)

    assert answer.data == b"picture"


def test_a_file_may_come_as_a_form_field(client: FlaskClient, anyone: FlaskClient) -> None:
    form = {"note": "hello", "other": (io.BytesIO(b"no"), "n.txt"), "file": (io.BytesIO(b"picture" * 9000), "a.png")}

    answer = client.post(PATH, data=form, content_type="multipart/form-data")

    assert answer.status_code == 201
    url = answer.get_json()["url"].removeprefix("http://127.0.0.1:8080")
    assert anyone.get(url, buffered=True).data == b"picture" * 9000


@pytest.mark.parametrize("content", [bytes(98_000), bytes(range(256)) * 380, b"\r\n" * 49_500], ids=len)
def test_a_large_file_may_come_as_a_form_field(client: FlaskClient, anyone: FlaskClient, content: bytes) -> None:
    form = {"file": (io.BytesIO(content), "a.png")}

    answer = client.post(PATH, data=form, content_type="multipart/form-data")

    assert answer.status_code == 201, answer.text
    url = answer.get_json()["url"].removeprefix("http://127.0.0.1:8080")
    assert anyone.get(url, buffered=True).data == content


def test_an_uploads_link_in_a_request_names_the_blob_itself(client: FlaskClient, gateway: FakeGateway) -> None:
    job_id = client.post(IMAGE_PATH, json=with_image(uploaded(client))).get_json()["id"]

    source = gateway.requests[job_id].source
    assert source.url == ""
    assert source.blob.startswith(f"uploads/{gateway.requests[job_id].key_id}/")
    assert source.field == "formState.image"


def test_another_keys_upload_is_fetched_like_any_url(
    client: FlaskClient, stranger: FlaskClient, gateway: FakeGateway
) -> None:
    url = uploaded(stranger)

    job_id = client.post(IMAGE_PATH, json=with_image(url)).get_json()["id"]

    assert (gateway.requests[job_id].source.url, gateway.requests[job_id].source.blob) == (url, "")


def test_an_upload_that_is_gone_is_refused(client: FlaskClient, services: Services) -> None:
    url = uploaded(client)
    services.blobs.delete_prefix("uploads")

    answer = client.post(IMAGE_PATH, json=with_image(url))

    assert answer.status_code == 400
    assert answer.get_json()["error"] == "formState.image: the file behind this link is gone"


def test_an_output_of_the_same_key_can_be_used_again(
    client: FlaskClient, gateway: FakeGateway, services: Services, tmp_path: Path
) -> None:
    first = client.post(IMAGE_PATH, json=STUDIO).get_json()["id"]
    url = stored_output(services, first, tmp_path)

    client.post(SUBMIT_PATH, json=changed(DEV, "srcVideoUrl", url))

    assert [request.source.blob for request in gateway.requests.values()] == ["", f"jobs/{first}/output.mp4"]


@pytest.mark.parametrize("is_known", [True, False])
def test_an_output_of_another_key_is_fetched_like_any_url(
    client: FlaskClient, stranger: FlaskClient, gateway: FakeGateway, services: Services, tmp_path: Path, is_known: bool
) -> None:
    first = stranger.post(IMAGE_PATH, json=STUDIO).get_json()["id"] if is_known else a_request().job_id
    url = stored_output(services, first, tmp_path)

    job_id = client.post(IMAGE_PATH, json=with_image(url)).get_json()["id"]

    assert gateway.requests[job_id].source.url == url


@pytest.mark.parametrize("content_type", ["video/mp4", "multipart/form-data; boundary=x"])
def test_an_empty_upload_is_refused(client: FlaskClient, content_type: str) -> None:
    answer = client.post(PATH, data=b"", content_type=content_type)

    assert answer.status_code == 400
    assert answer.content_type == "application/problem+json"
    assert answer.get_json()["field"] == "file"


def test_a_form_without_the_field_is_refused(client: FlaskClient) -> None:
    answer = client.post(PATH, data={"film": (io.BytesIO(b"x"), "a.mp4")}, content_type="multipart/form-data")

    assert answer.status_code == 400


def test_a_malformed_form_is_refused(client: FlaskClient) -> None:
    answer = client.post(PATH, data=b"--x\r\nnonsense", content_type="multipart/form-data; boundary=x")

    assert answer.status_code == 400


@pytest.mark.parametrize("is_form", [True, False])
def test_an_upload_over_the_limit_is_refused_and_leaves_nothing_behind(
    client: FlaskClient, settings: Settings, is_form: bool
) -> None:
    content = b"x" * (settings.max_video_bytes + 70_000)
    data = {"file": (io.BytesIO(content), "a.mp4")} if is_form else content

    answer = client.post(PATH, data=data, content_type="multipart/form-data" if is_form else "video/mp4")

    assert answer.status_code == 413
    assert answer.get_json()["code"] == "payload_too_large"
    left = [path for path in settings.data_dir.rglob("*") if path.is_file() and ".db" not in path.name]
    assert left == [settings.data_dir / "secret"]


def test_the_largest_video_allowed_is_accepted(client: FlaskClient, settings: Settings) -> None:
    uploaded(client, b"x" * settings.max_video_bytes)


def test_scratch_files_do_not_stay(client: FlaskClient, settings: Settings, app: Flask) -> None:
    uploaded(client)

    assert list((settings.data_dir / "scratch").iterdir()) == []


def stored_output(services: Services, job_id: str, tmp_path: Path) -> str:
    film = tmp_path / "film"
    film.write_bytes(b"film")
    services.blobs.put(f"jobs/{job_id}/output.mp4", film)
    return services.links.url(f"jobs/{job_id}/output.mp4", services.clock().timestamp())
