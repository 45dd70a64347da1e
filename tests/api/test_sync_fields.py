"""How picture and sound are fitted, and what is said when, in every dialect that takes it."""

import pytest
from flask.testing import FlaskClient

from contracts.jobs import FaceChoice, OutputOptions, SyncMode, TimedText, Timings
from storage.records import Records
from tests.api.bodies import (
    ASYNC_PATH,
    DEV,
    IMAGE_PATH,
    MULTI_PATH,
    STUDIO,
    STUDIO_MULTI,
    STUDIO_VIDEO,
    SUBMIT_PATH,
    VIDEO_PATH,
    Body,
    changed,
)
from tests.fakes import FakeGateway

pytestmark = pytest.mark.unit

WORDS = [{"text": "hello", "start": 0.5, "end": 0.9}, {"text": "world", "start": 0.9, "end": 1.4}]
READ = (TimedText(text="hello", start_s=0.5, end_s=0.9), TimedText(text="world", start_s=0.9, end_s=1.4))
TAKERS = [
    (IMAGE_PATH, STUDIO, "formState.", "timings"),
    (VIDEO_PATH, STUDIO_VIDEO, "formState.", "timings"),
    (MULTI_PATH, STUDIO_MULTI, "formState.", "right_timings"),
    (SUBMIT_PATH, DEV, "", "timings"),
    (ASYNC_PATH, DEV, "", "timings"),
]


@pytest.mark.parametrize(
    ("path", "body", "within"),
    [
        (VIDEO_PATH, STUDIO_VIDEO, "formState."),
        (SUBMIT_PATH, DEV, "videoParams."),
        (ASYNC_PATH, DEV, "videoParams."),
    ],
)
def test_mode_and_offset_are_handed_on(
    client: FlaskClient, gateway: FakeGateway, path: str, body: Body, within: str
) -> None:
    asked = changed(changed(body, f"{within}sync_mode", "loop"), f"{within}sync_offset_ms", -120)

    assert client.post(path, json=asked).status_code == 200
    (request,) = gateway.requests.values()
    assert (request.options.sync_mode, request.options.sync_offset_ms) == (SyncMode.LOOP, -120)
    assert request.warnings == ()


@pytest.mark.parametrize(("path", "body", "within", "name"), TAKERS)
def test_unless_asked_videos_go_back_and_forth_and_lips_keep_time(
    client: FlaskClient, gateway: FakeGateway, path: str, body: Body, within: str, name: str
) -> None:
    client.post(path, json=changed(body, within + name, None))

    (request,) = gateway.requests.values()
    assert (request.options.sync_mode, request.options.sync_offset_ms) == (SyncMode.BOUNCE, 0)
    assert (request.timings, request.right_timings, request.face) == (None, None, FaceChoice.ACTIVE)


@pytest.mark.parametrize(("path", "body", "within", "name"), TAKERS)
def test_timings_are_handed_on_with_their_language(
    client: FlaskClient, gateway: FakeGateway, path: str, body: Body, within: str, name: str
) -> None:
    asked = changed(changed(body, within + name, WORDS), f"{within}language", "en-US")

    assert client.post(path, json=asked).status_code == 200
    (request,) = gateway.requests.values()
    given = request.right_timings if name.startswith("right") else request.timings
    assert given == Timings(field=within + name, entries=READ, language="en-US")
    assert request.warnings == ()


@pytest.mark.parametrize(("path", "body", "within", "name"), TAKERS)
def test_words_without_a_language_are_refused(
    client: FlaskClient, records: Records, path: str, body: Body, within: str, name: str
) -> None:
    answer = client.post(path, json=changed(body, within + name, WORDS))

    assert answer.status_code == 400
    assert f"{within}language: is needed to pronounce the words in timings" in answer.text
    assert records.jobs.list() == []


def test_phones_need_no_language(client: FlaskClient) -> None:
    body = changed(STUDIO, "formState.timings", [{"phones": "h ə l oʊ", "start": 0, "end": 1}])

    assert client.post(IMAGE_PATH, json=body).status_code == 200


@pytest.mark.parametrize(("path", "body", "within", "name"), TAKERS)
@pytest.mark.parametrize(
    ("rows", "place", "cause"),
    [
        ([], "", "must hold 1 to 5000 entries, not 0"),
        ("hello", "", "must be a list"),
        ([*WORDS, {"text": "again", "start": 1.2, "end": 2}], ".2.start", "is before the end of the entry before it"),
        ([{"text": "hello", "start": 1, "end": 1}], ".0.end", "must be after start, 1 s"),
        ([{"phones": "HH AH0 L OW1", "start": 0, "end": 1}], ".0.phones", "must be IPA"),
    ],
)
def test_faulty_timings_are_refused_with_their_place_and_what_is_expected(
    client: FlaskClient,
    records: Records,
    path: str,
    body: Body,
    within: str,
    name: str,
    rows: object,
    place: str,
    cause: str,
) -> None:
    answer = client.post(path, json=changed(changed(body, within + name, rows), f"{within}language", "en"))

    assert answer.status_code == 400
    said = answer.get_json()
    text = str(said.get("error") or said.get("errorMessage") or said.get("message"))
    assert text.startswith(f"{within}{name}{place}: {cause}")
    assert "a list of entries such as" in str(said.get("remedy") or text)
    assert records.jobs.list() == []


def test_a_number_that_is_none_is_no_json(client: FlaskClient) -> None:
    sent = '{"formState": {"image": "https://a.example/a", "timings": [{"start": NaN}]}}'

    answer = client.post(IMAGE_PATH, data=sent, content_type="application/json")

    assert (answer.status_code, "NaN is not a JSON number" in answer.text) == (400, True)


@pytest.mark.parametrize(("path", "body", "within", "name"), TAKERS)
@pytest.mark.parametrize("said", [None, [{"phones": "a", "start": 0, "end": 1}]])
def test_a_language_without_words_gets_a_warning(
    client: FlaskClient, gateway: FakeGateway, path: str, body: Body, within: str, name: str, said: object
) -> None:
    asked = changed(changed(body, f"{within}language", "en"), within + name, said)

    assert client.post(path, json=asked).status_code == 200
    (request,) = gateway.requests.values()
    assert request.warnings == ("language changes nothing: there are no words in timings",)


@pytest.mark.parametrize("face", list(FaceChoice))
def test_a_face_can_be_chosen(client: FlaskClient, gateway: FakeGateway, face: FaceChoice) -> None:
    for path, body, within in ((VIDEO_PATH, STUDIO_VIDEO, "formState."), (SUBMIT_PATH, DEV, "")):
        assert client.post(path, json=changed(body, f"{within}face", face.value)).status_code == 200

    assert [request.face for request in gateway.requests.values()] == [face, face]


def test_a_picture_has_no_mode(client: FlaskClient, gateway: FakeGateway) -> None:
    client.post(IMAGE_PATH, json=changed(STUDIO, "formState.sync_mode", "loop"))

    (request,) = gateway.requests.values()
    assert request.warnings == ("unknown fields were ignored: formState.sync_mode",)


def test_ten_minutes_of_words_are_taken(client: FlaskClient, gateway: FakeGateway) -> None:
    words = [{"text": "wonderful", "start": at / 3, "end": at / 3 + 0.3} for at in range(1800)]
    body = changed(changed(STUDIO, "formState.timings", words), "formState.language", "en")

    assert client.post(IMAGE_PATH, json=body).status_code == 200
    (request,) = gateway.requests.values()
    assert request.timings is not None
    assert len(request.timings.entries) == 1800


@pytest.mark.parametrize(
    ("field", "one", "other"),
    [
        ("formState.sync_mode", "bounce", "loop"),
        ("formState.sync_offset_ms", 0, 40),
        ("formState.face", "left", "right"),
        ("formState.timings", [{"phones": "m", "start": 0, "end": 1}], [{"phones": "m", "start": 0, "end": 2}]),
    ],
)
def test_a_repeated_request_is_another_when_a_field_differs(
    client: FlaskClient, gateway: FakeGateway, field: str, one: object, other: object
) -> None:
    headers = {"Idempotency-Key": "once"}
    first, again, different = (
        client.post(VIDEO_PATH, json=changed(STUDIO_VIDEO, field, value), headers=headers)
        for value in (one, one, other)
    )

    assert first.data == again.data
    assert different.get_json()["code"] == "idempotency_mismatch"
    assert len(gateway.requests) == 1


def test_records_keep_all_of_it(client: FlaskClient, records: Records) -> None:
    body = changed(changed(STUDIO_VIDEO, "formState.timings", WORDS), "formState.language", "en-US")
    job_id = client.post(VIDEO_PATH, json=changed(body, "formState.sync_offset_ms", 1000)).get_json()["id"]

    record = records.jobs.find(job_id)
    assert record is not None
    assert record.request.options == OutputOptions(short_side_px=480, sync_offset_ms=1000)
    assert record.request.timings == Timings(field="formState.timings", entries=READ, language="en-US")
