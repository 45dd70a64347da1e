"""Uploads that are sent again under one Idempotency-Key: the same file, and another of the same length."""

import io
from dataclasses import replace
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from api.services import Services
from contracts.errors import StorageBusy
from storage.blobs import LocalBlobs

pytestmark = pytest.mark.unit

PATH = "/api/v1/uploads"
HEADERS = {"Idempotency-Key": "upload-1"}


def send(client: FlaskClient, content: bytes, *, as_form: bool) -> TestResponse:
    if not as_form:
        return client.post(PATH, data=content, content_type="video/mp4", headers=HEADERS)
    return client.post(
        PATH, data={"file": (io.BytesIO(content), "a.mp4")}, content_type="multipart/form-data", headers=HEADERS
    )


@pytest.mark.parametrize("as_form", [False, True], ids=["raw", "form"])
def test_another_file_of_the_same_length_is_another_request(
    client: FlaskClient, anyone: FlaskClient, as_form: bool
) -> None:
    first, again = (send(client, b"a" * 3000, as_form=as_form) for _ in range(2))

    other = send(client, b"b" * 3000, as_form=as_form)

    assert (first.status_code, again.status_code) == (201, 201)
    assert again.data == first.data
    assert again.headers["Idempotency-Replayed"] == "true"
    assert (other.status_code, other.get_json()["code"]) == (422, "idempotency_mismatch")
    assert other.get_json()["field"] == "Idempotency-Key"
    link = first.get_json()["url"].removeprefix("http://127.0.0.1:8080")
    assert anyone.get(link, buffered=True).data == b"a" * 3000


class _Full(LocalBlobs):
    """A store that takes nothing."""

    def put(self, key: str, source: Path) -> None:
        raise StorageBusy("the file could not be stored at the moment")


def test_after_a_fault_the_same_file_goes_on_and_another_does_not(
    client: FlaskClient, services: Services, tmp_path: Path
) -> None:
    extensions = client.application.extensions
    extensions["mouthpiece"] = replace(services, blobs=_Full(tmp_path / "none"))
    refused = send(client, b"a" * 3000, as_form=False)
    extensions["mouthpiece"] = services

    other = send(client, b"b" * 3000, as_form=False)
    same = send(client, b"a" * 3000, as_form=False)

    assert [refused.status_code, other.status_code, same.status_code] == [503, 422, 201]


def test_files_without_the_header_are_never_compared(client: FlaskClient) -> None:
    links = {client.post(PATH, data=b"abc").get_json()["url"] for _ in range(2)}

    assert len(links) == 2
