"""Announced uploads: sent to a signed address, whole or in pieces."""

import os
import time
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from api.app import create_app
from api.services import Services
from api.signed_uploads import incoming
from contracts.errors import StorageBusy
from contracts.settings import Settings
from tests.api.bodies import IMAGE_PATH, STUDIO, Body, changed
from tests.api.conftest import NOW, services_of
from tests.fakes import FakeGateway

pytestmark = pytest.mark.unit

PATH = "/api/v1/uploads"
CONTENT = bytes(range(256)) * 100
SIZE = len(CONTENT)


def announced(client: FlaskClient, **more: object) -> Body:
    answer = client.post(PATH, json={"size": SIZE} | more)
    assert answer.status_code == 201, answer.text
    body: Body = answer.get_json()
    return body


@pytest.fixture
def address(client: FlaskClient) -> str:
    return path_of(announced(client)["upload_url"])


def path_of(url: object) -> str:
    return str(url).removeprefix("http://127.0.0.1:8080")


def put(sender: FlaskClient, address: str, start: int, end: int, content: bytes | None = None) -> TestResponse:
    piece = CONTENT[start:end] if content is None else content
    return sender.put(address, data=piece, headers={"Content-Range": f"bytes {start}-{end - 1}/{SIZE}"})


def test_an_announced_file_is_sent_without_a_key_and_used_by_its_link(
    client: FlaskClient, anyone: FlaskClient, gateway: FakeGateway
) -> None:
    upload = announced(client, filename="me & you.png", content_type="image/png")

    answer = anyone.put(path_of(upload["upload_url"]), data=CONTENT, headers={"Content-Type": "image/png"})

    assert (upload["method"], upload["headers"]) == ("PUT", {"Content-Type": "image/png"})
    assert upload["expires_at"] == "2026-01-03T03:04:05Z"
    assert str(upload["url"]).endswith("/me%20%26%20you.png")
    assert (answer.status_code, answer.headers["Upload-Offset"]) == (201, str(SIZE))
    assert anyone.get(path_of(answer.get_json()["url"]), buffered=True).data == CONTENT
    job_id = client.post(IMAGE_PATH, json=changed(STUDIO, "formState.image", upload["url"])).get_json()["id"]
    assert gateway.requests[job_id].source.blob.endswith(str(upload["id"]))


def test_a_file_may_come_in_pieces(anyone: FlaskClient, address: str, settings: Settings) -> None:
    answers = [put(anyone, address, start, min(start + 9000, SIZE)) for start in range(0, SIZE, 9000)]

    assert [answer.status_code for answer in answers] == [204, 204, 201]
    assert [answer.headers["Upload-Offset"] for answer in answers] == ["9000", "18000", str(SIZE)]
    (blob,) = (path for path in (settings.data_dir / "blobs" / "uploads").rglob("*") if path.is_file())
    assert blob.read_bytes() == CONTENT
    assert list((settings.data_dir / "uploads").iterdir()) == []


def test_an_upload_is_not_to_be_seen_before_it_is_whole(client: FlaskClient, anyone: FlaskClient) -> None:
    upload = announced(client)
    put(anyone, path_of(upload["upload_url"]), 0, SIZE - 1)

    assert anyone.get(path_of(upload["url"])).status_code == 404
    assert client.post(IMAGE_PATH, json=changed(STUDIO, "formState.image", upload["url"])).status_code == 400


def test_how_far_an_upload_came_can_be_asked_for(anyone: FlaskClient, address: str) -> None:
    before = anyone.head(address)
    put(anyone, address, 0, 100)
    between = anyone.head(address)
    put(anyone, address, 100, SIZE)

    assert [answer.headers["Upload-Offset"] for answer in (before, between, anyone.head(address))] == [
        "0",
        "100",
        str(SIZE),
    ]
    assert between.headers["Upload-Length"] == str(SIZE)
    assert anyone.get(address).get_json() == {"arrived": SIZE, "size": SIZE, "is_whole": True}


@pytest.mark.parametrize("start", [0, 99, 101])
def test_a_piece_at_the_wrong_place_is_refused_with_the_right_one(
    anyone: FlaskClient, address: str, start: int
) -> None:
    put(anyone, address, 0, 100)

    answer = put(anyone, address, start, start + 50)

    assert answer.status_code == 409
    assert answer.get_json()["detail"] == "Content-Range: byte 100 is expected next"
    assert anyone.head(address).headers["Upload-Offset"] == "100"


def test_what_came_before_a_connection_broke_stays(anyone: FlaskClient, address: str) -> None:
    broken = put(anyone, address, 0, 9000, CONTENT[:4000])

    assert broken.status_code == 400
    assert anyone.head(address).headers["Upload-Offset"] == "4000"
    assert put(anyone, address, 4000, SIZE).status_code == 201


def test_a_whole_file_replaces_what_had_come(anyone: FlaskClient, address: str, services: Services) -> None:
    put(anyone, address, 0, 100, b"x" * 100)

    url = anyone.put(address, data=CONTENT).get_json()["url"]

    assert anyone.get(path_of(url), buffered=True).data == CONTENT


@pytest.mark.parametrize("content", [CONTENT + b"x", CONTENT + bytes(90_000)])
def test_a_file_longer_than_announced_is_refused(anyone: FlaskClient, address: str, content: bytes) -> None:
    answer = anyone.put(address, data=content)

    assert answer.status_code == 413
    assert answer.get_json()["code"] == "payload_too_large"
    assert anyone.head(address).headers["Upload-Offset"] == "0"


def test_a_piece_longer_than_it_says_is_refused_and_forgotten(anyone: FlaskClient, address: str) -> None:
    put(anyone, address, 0, 10)

    assert put(anyone, address, 10, 20, b"x" * 11).status_code == 413
    assert anyone.head(address).headers["Upload-Offset"] == "10"


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("bytes=0-9/10", 400),
        ("bytes 0-9", 400),
        (f"bytes 9-0/{SIZE}", 400),
        (f"bytes 0-9/{SIZE - 1}", 400),
        (f"bytes 0-9/{SIZE + 1}", 413),
        (f"bytes 0-{SIZE}/{SIZE}", 413),
        (f"bytes */{SIZE}", 409),
    ],
)
def test_a_range_that_makes_no_sense_is_refused(anyone: FlaskClient, address: str, text: str, status: int) -> None:
    answer = anyone.put(address, data=CONTENT[:10], headers={"Content-Range": text})

    assert answer.status_code == status, answer.text
    assert answer.content_type == "application/problem+json"


def test_a_finished_upload_takes_nothing_more(anyone: FlaskClient, address: str, settings: Settings) -> None:
    anyone.put(address, data=CONTENT)

    answers = [anyone.put(address, data=b"y" * SIZE), put(anyone, address, 0, 10)]

    assert [answer.status_code for answer in answers] == [409, 409]
    assert answers[0].get_json()["detail"] == "the upload is whole already"
    assert list((settings.data_dir / "uploads").iterdir()) == []


def test_two_requests_may_not_send_at_once(anyone: FlaskClient, address: str, app: Flask) -> None:
    put(anyone, address, 0, 10)
    with app.app_context():
        (name,) = (path.name for path in (services_of(app).settings.data_dir / "uploads").iterdir())
        with incoming().writing(name):
            answer = put(anyone, address, 10, 20)

    assert answer.status_code == 409
    assert "another request" in answer.get_json()["detail"]


def test_an_upload_cannot_be_begun_anew_while_it_is_stored(
    anyone: FlaskClient, address: str, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, others = services.blobs.put, []

    def slow(key: str, source: Path) -> None:
        aside = source.rename(source.with_suffix(".aside"))
        others.append(anyone.put(address, data=b"y" * SIZE))
        store(key, aside)

    monkeypatch.setattr(services.blobs, "put", slow)
    answer = anyone.put(address, data=CONTENT)

    assert (answer.status_code, [other.status_code for other in others]) == (201, [409])
    assert anyone.get(path_of(answer.get_json()["url"]), buffered=True).data == CONTENT


def test_an_upload_that_could_not_be_stored_is_stored_when_it_is_asked_for_again(
    anyone: FlaskClient, address: str, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = services.blobs.put

    def fail(key: str, source: Path) -> None:
        source.unlink()
        raise StorageBusy("the disk is full")

    monkeypatch.setattr(services.blobs, "put", fail)
    refused = anyone.put(address, data=CONTENT)
    monkeypatch.setattr(services.blobs, "put", store)
    answer = anyone.put(address, headers={"Content-Range": f"bytes */{SIZE}"})

    assert (refused.status_code, answer.status_code) == (503, 201)


@pytest.mark.parametrize("token", ["forged", "é", "a.b"])
def test_a_forged_address_leads_nowhere(anyone: FlaskClient, token: str) -> None:
    assert anyone.put(f"/uploads/{token}", data=b"x").status_code == 404


def test_an_address_expires(settings: Settings, address: str) -> None:
    app = create_app(settings, FakeGateway(), clock=lambda: NOW + timedelta(seconds=settings.upload_ttl_s))

    answers = [app.test_client().put(address, data=CONTENT), app.test_client().get(address)]

    services_of(app).records.close()
    assert [answer.status_code for answer in answers] == [410, 410]


def test_unfinished_uploads_are_removed_when_their_time_is_over(
    client: FlaskClient, anyone: FlaskClient, settings: Settings
) -> None:
    for age_s in (settings.upload_ttl_s + 60, settings.upload_ttl_s - 60):
        put(anyone, path_of(announced(client)["upload_url"]), 0, 10)
        newest = max((settings.data_dir / "uploads").iterdir(), key=lambda path: path.stat().st_mtime)
        os.utime(newest, (NOW.timestamp() - age_s,) * 2)
    assert time.time() > NOW.timestamp()

    announced(client)

    assert len(list((settings.data_dir / "uploads").iterdir())) == 1


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({}, 400, "size"),
        ({"size": 0}, 400, "size"),
        ({"size": "9"}, 400, "size"),
        ({"size": 100_001}, 413, "size"),
        ({"size": 9, "filename": "x" * 256}, 400, "filename"),
        ({"size": 9, "content_type": "a\nb/c"}, 400, "content_type"),
    ],
)
def test_an_announcement_that_makes_no_sense_is_refused(
    client: FlaskClient, body: dict[str, object], status: int, field: str
) -> None:
    answer = client.post(PATH, json=body)

    assert (answer.status_code, answer.get_json()["field"]) == (status, field)


def test_announcing_an_upload_asks_for_a_key(anyone: FlaskClient) -> None:
    assert anyone.post(PATH, json={"size": 1}).status_code == 401
