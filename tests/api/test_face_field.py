"""`face`, a word or a place, in every call that takes it."""

import pytest
from flask.testing import FlaskClient

from contracts.jobs import FaceChoice, FacePoint
from storage.records import Records
from tests.api.bodies import (
    ASYNC_PATH,
    DEV,
    IMAGE_PATH,
    STUDIO,
    STUDIO_VIDEO,
    SUBMIT_PATH,
    TEXTS,
    VIDEO_PATH,
    Body,
    changed,
)
from tests.fakes import FakeGateway

pytestmark = pytest.mark.unit

TAKERS = [
    (IMAGE_PATH, STUDIO, "formState."),
    (VIDEO_PATH, STUDIO_VIDEO, "formState."),
    (SUBMIT_PATH, DEV, ""),
    (ASYNC_PATH, DEV, ""),
]


@pytest.mark.parametrize(("path", "body", "within"), TAKERS)
def test_a_place_is_handed_on_and_kept_in_the_records(
    client: FlaskClient, gateway: FakeGateway, records: Records, path: str, body: Body, within: str
) -> None:
    answer = client.post(path, json=changed(body, f"{within}face", {"x": 0.25, "y": 1, "at_s": 2.5}))

    assert answer.status_code == 200, answer.text
    (request,) = gateway.requests.values()
    assert request.face == FacePoint(x=0.25, y=1.0, at_s=2.5, field=f"{within}face")
    assert [record.request.face for record in records.jobs.list()] == [request.face]


@pytest.mark.parametrize(
    ("sent", "face"),
    [
        (None, FaceChoice.ACTIVE),
        ("", FaceChoice.ACTIVE),
        ("left", FaceChoice.LEFT),
        ({"x": 0, "y": 0}, FacePoint(x=0, y=0, field="formState.face")),
        ({"x": 1, "y": 0.5, "at_s": None}, FacePoint(x=1, y=0.5, field="formState.face")),
    ],
)
def test_what_may_be_left_out_is(
    client: FlaskClient, gateway: FakeGateway, sent: object, face: FaceChoice | FacePoint
) -> None:
    assert client.post(IMAGE_PATH, json=changed(STUDIO, "formState.face", sent)).status_code == 200

    (request,) = gateway.requests.values()
    assert request.face == face


@pytest.mark.parametrize(
    ("sent", "field", "cause"),
    [
        ("tallest", "", "must be one of: active, largest, left, right; or an object with x and y"),
        (5, "", "must be a word or an object with x and y"),
        ([0.5, 0.5], "", "must be a word or an object with x and y"),
        ({}, ".x", "is missing (also wrong:"),
        ({"x": 0.5}, ".y", "is missing"),
        ({"x": 0.5, "y": None}, ".y", "must be a number"),
        ({"x": 1.01, "y": 0.5}, ".x", "must be from 0 to 1"),
        ({"x": -0.1, "y": 0.5}, ".x", "must be from 0 to 1"),
        ({"x": 10**400, "y": 0.5}, ".x", "must be from 0 to 1"),
        ({"x": True, "y": 0.5}, ".x", "must be a number"),
        ({"x": "0.5", "y": 0.5}, ".x", "must be a number"),
        ({"x": 0.5, "y": 0.5, "at_s": -1}, ".at_s", "must be from 0 to 86400"),
        ({"x": 0.5, "y": 0.5, "at": 1}, ".at", "is none of x, y and at_s"),
    ],
)
@pytest.mark.parametrize(("path", "body", "within"), TAKERS)
def test_what_points_nowhere_is_refused(
    client: FlaskClient, records: Records, path: str, body: Body, within: str, sent: object, field: str, cause: str
) -> None:
    answer = client.post(path, json=changed(body, f"{within}face", sent))

    assert answer.status_code == 400
    assert answer.get_json()[TEXTS[path]].startswith(f"{within}face{field}: {cause}")
    assert records.jobs.list() == []


def test_a_refusal_says_what_a_place_looks_like(client: FlaskClient) -> None:
    answer = client.post(IMAGE_PATH, json=changed(STUDIO, "formState.face", {"x": 2, "y": 0})).get_json()

    assert answer["field"] == "formState.face.x"
    assert '{"x": 0.3, "y": 0.4, "at_s": 2.5}' in answer["remedy"]
