"""Bodies that cannot be accepted: each is answered with field, cause and remedy, and starts nothing."""

import json
from dataclasses import replace

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from api.sync_fields import MAX_BODY_BYTES
from storage.records import Records
from tests.api.bodies import (
    ASYNC_PATH,
    DEV,
    GENERATE,
    GENERATE_PATH,
    IMAGE_PATH,
    MULTI_PATH,
    STUDIO,
    STUDIO_MULTI,
    STUDIO_VIDEO,
    SUBMIT_PATH,
    SUBMITS,
    TEXTS,
    VIDEO_PATH,
    Body,
    changed,
    without,
)

pytestmark = pytest.mark.unit

BAD_URLS: list[tuple[object, str]] = [
    ("", "must not be empty"),
    ("face.png", "must begin with http:// or https://"),
    ("ftp://example.com/a", "must begin with http:// or https://"),
    ("file:///etc/passwd", "must begin with http:// or https://"),
    ("data:audio/wav;base64,AAAA", "must begin with http:// or https://"),
    ("//example.com/a", "must begin with http:// or https://"),
    ("http://user:secret@example.com/a", "must not hold a user name or password"),
    ("http://@example.com/a", "must not hold a user name or password"),
    ("http:///a", "is not a URL"),
    ("http://[::1/a", "is not a URL"),
    ("http://example.com:99999/a", "must have a port from 1 to 65535"),
    ("http://exa*mple.com/a", "is not a URL"),
    ("http://" + "a" * 64 + ".com/a", "is not a URL"),
    ("http://example.com/a b", "must not hold spaces, backslashes or control characters"),
    ("http://example.com\\@evil.example/a", "must not hold spaces, backslashes or control characters"),
    ("http://example.com/a\n", "must not hold spaces, backslashes or control characters"),
    ("http://example.com/" + "a" * 2030, "must not be longer than 2048 characters"),
    (5, "must be a string"),
    (True, "must be a string"),
    (["http://example.com/a"], "must be a string"),
    ({"url": "http://example.com/a"}, "must be a string"),
    (None, "must not be null"),
]

BAD_FIELDS: list[tuple[str, Body, str, object, str]] = [
    (IMAGE_PATH, STUDIO, "formState", None, "must not be null"),
    (IMAGE_PATH, STUDIO, "formState", "x", "must be an object"),
    (IMAGE_PATH, STUDIO, "formState", [], "must be an object"),
    (IMAGE_PATH, STUDIO, "formState.resolution", "1080p", "must be one of: 480p, 720p"),
    (IMAGE_PATH, STUDIO, "formState.resolution", 720, "must be a string"),
    (IMAGE_PATH, STUDIO, "formState.seed", True, "must be a whole number"),
    (IMAGE_PATH, STUDIO, "formState.seed", "42", "must be a whole number"),
    (IMAGE_PATH, STUDIO, "formState.seed", 1.5, "must be a whole number"),
    (IMAGE_PATH, STUDIO, "formState.seed", 1e400, "the body is not valid JSON"),
    (IMAGE_PATH, STUDIO, "formState.seed", -2, "must be from -1 to 2147483647"),
    (IMAGE_PATH, STUDIO, "formState.seed", 2**31, "must be from -1 to 2147483647"),
    (IMAGE_PATH, STUDIO, "formState.seed", 10**4000, "must be from -1 to 2147483647"),
    (IMAGE_PATH, STUDIO, "formState.prompt", 5, "must be a string"),
    (IMAGE_PATH, STUDIO, "formState.prompt", "x" * 2001, "must not be longer than 2000 characters"),
    (IMAGE_PATH, STUDIO, "webhook", "mailto:a@example.com", "must begin with http:// or https://"),
    (VIDEO_PATH, STUDIO_VIDEO, "formState.video", "", "must not be empty"),
    (IMAGE_PATH, STUDIO, "formState.seed", "", "must be a whole number"),
    (IMAGE_PATH, STUDIO, "formState.mask_image", "mask.png", "must begin with http:// or https://"),
    (VIDEO_PATH, STUDIO_VIDEO, "formState.sync_mode", "cut_off", "must be one of: bounce, loop, freeze"),
    (VIDEO_PATH, STUDIO_VIDEO, "formState.sync_mode", 1, "must be a string"),
    (VIDEO_PATH, STUDIO_VIDEO, "formState.sync_offset_ms", 1001, "must be from -1000 to 1000"),
    (IMAGE_PATH, STUDIO, "formState.sync_offset_ms", -1001, "must be from -1000 to 1000"),
    (IMAGE_PATH, STUDIO, "formState.sync_offset_ms", 0.5, "must be a whole number"),
    (IMAGE_PATH, STUDIO, "formState.sync_offset_ms", "40", "must be a whole number"),
    (IMAGE_PATH, STUDIO, "formState.language", "English, I think", "must be a language tag"),
    (VIDEO_PATH, STUDIO_VIDEO, "formState.face", "tallest", "must be one of: active, largest, left, right"),
    (SUBMIT_PATH, DEV, "videoParams.sync_mode", "bouncing", "must be one of: bounce, loop, freeze"),
    (SUBMIT_PATH, DEV, "videoParams.sync_offset_ms", 2000, "must be from -1000 to 1000"),
    (MULTI_PATH, STUDIO_MULTI, "formState.order", "right", "must be one of: meanwhile, left_right, right_left"),
    (MULTI_PATH, STUDIO_MULTI, "formState.right_audio", "", "must not be empty"),
    (MULTI_PATH, STUDIO_MULTI, "formState.left_audio", None, "must not be null"),
    (GENERATE_PATH, GENERATE, "script", "", "must not be blank"),
    (GENERATE_PATH, GENERATE, "script", " \n\t", "must not be blank"),
    (GENERATE_PATH, GENERATE, "script", "x" * 5001, "must not be longer than 5000 characters"),
    (GENERATE_PATH, GENERATE, "script", 5, "must be a string"),
    (GENERATE_PATH, GENERATE, "script", None, "must not be null"),
    (GENERATE_PATH, GENERATE, "voice_id", "voice_klingon_01", "no such voice"),
    (GENERATE_PATH, GENERATE, "voice_id", "", "no such voice"),
    (GENERATE_PATH, GENERATE, "voice_id", None, "must not be null"),
    (SUBMIT_PATH, DEV, "videoParams", None, "must not be null"),
    (SUBMIT_PATH, DEV, "videoParams", "25", "must be an object"),
    (SUBMIT_PATH, DEV, "videoParams.video_width", -2, "must be 0, or from 32 to 4096"),
    (SUBMIT_PATH, DEV, "videoParams.video_width", 4098, "must be 0, or from 32 to 4096"),
    (SUBMIT_PATH, DEV, "videoParams.video_height", 641, "must be even"),
    (SUBMIT_PATH, DEV, "videoParams.video_height", 2, "must be 0, or from 32 to 4096"),
    (SUBMIT_PATH, DEV, "videoParams.video_width", True, "must be a whole number"),
    (SUBMIT_PATH, DEV, "videoParams.video_width", "640", "must be a whole number"),
    (SUBMIT_PATH, DEV, "videoParams.video_enhance", 2, "must be from 0 to 1"),
    (SUBMIT_PATH, DEV, "videoParams.video_enhance", False, "must be a whole number"),
    (SUBMIT_PATH, DEV, "videoParams.fps", "30", "must be one of: 25, original"),
    (SUBMIT_PATH, DEV, "videoParams.fps", 25, "must be a string"),
]


def refused(answer: TestResponse, path: str, records: Records) -> str:
    """Check that an answer is a refusal in the path's dialect and that no job was made; return its text."""
    assert answer.status_code == 400, answer.text
    assert records.jobs.list() == []
    text: str = answer.get_json()[TEXTS[path]]
    return text


@pytest.mark.parametrize(("value", "cause"), BAD_URLS)
@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        (IMAGE_PATH, STUDIO, "formState.audio"),
        (IMAGE_PATH, STUDIO, "formState.image"),
        (MULTI_PATH, STUDIO_MULTI, "formState.right_audio"),
        (SUBMIT_PATH, DEV, "srcVideoUrl"),
        (GENERATE_PATH, GENERATE, "image_url"),
        (ASYNC_PATH, DEV, "audioUrl"),
    ],
)
def test_an_address_that_cannot_be_fetched_is_refused(
    client: FlaskClient, records: Records, path: str, body: Body, field: str, value: object, cause: str
) -> None:
    answer = client.post(path, json=changed(body, field, value))

    assert refused(answer, path, records).startswith(f"{field}: {cause}")


@pytest.mark.parametrize(("path", "body", "field", "value", "cause"), BAD_FIELDS)
def test_a_field_of_the_wrong_type_or_range_is_refused(
    client: FlaskClient, records: Records, path: str, body: Body, field: str, value: object, cause: str
) -> None:
    answer = client.post(path, json=changed(body, field, value))

    assert cause in refused(answer, path, records)


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        (IMAGE_PATH, STUDIO, "formState"),
        (IMAGE_PATH, STUDIO, "formState.image"),
        (IMAGE_PATH, STUDIO, "formState.audio"),
        (VIDEO_PATH, STUDIO_VIDEO, "formState.video"),
        (SUBMIT_PATH, DEV, "srcVideoUrl"),
        (SUBMIT_PATH, DEV, "audioUrl"),
        (SUBMIT_PATH, DEV, "videoParams"),
        (MULTI_PATH, STUDIO_MULTI, "formState.image"),
        (MULTI_PATH, STUDIO_MULTI, "formState.left_audio"),
        (MULTI_PATH, STUDIO_MULTI, "formState.right_audio"),
        (GENERATE_PATH, GENERATE, "image_url"),
        (GENERATE_PATH, GENERATE, "script"),
        (GENERATE_PATH, GENERATE, "voice_id"),
        (ASYNC_PATH, DEV, "videoParams"),
    ],
)
def test_a_missing_field_is_named(client: FlaskClient, records: Records, path: str, body: Body, field: str) -> None:
    answer = client.post(path, json=without(body, field))

    assert refused(answer, path, records).startswith(f"{field}: is missing")


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        (IMAGE_PATH, STUDIO, "webhook"),
        (IMAGE_PATH, STUDIO, "formState.mask_image"),
        (IMAGE_PATH, STUDIO, "formState.prompt"),
        (IMAGE_PATH, STUDIO, "formState.resolution"),
        (MULTI_PATH, STUDIO_MULTI, "formState.order"),
        (SUBMIT_PATH, DEV, "vocalAudioUrl"),
        (SUBMIT_PATH, DEV, "videoParams.fps"),
        (ASYNC_PATH, DEV, "vocalAudioUrl"),
    ],
)
@pytest.mark.parametrize("nothing", ["", None])
def test_an_empty_optional_text_means_that_it_was_left_out(
    client: FlaskClient, records: Records, path: str, body: Body, field: str, nothing: str | None
) -> None:
    left_out = changed(body, field, nothing)
    for sent in (left_out, without(left_out, field)):
        assert client.post(path, json=sent).status_code == 200

    empty, absent = (replace(record.request, job_id="", seed=0) for record in records.jobs.list())
    assert empty == absent


@pytest.mark.parametrize("seed", [42, 42.0])
def test_a_whole_number_may_be_written_with_a_fraction_of_nothing(
    client: FlaskClient, records: Records, seed: float
) -> None:
    assert client.post(IMAGE_PATH, json=changed(STUDIO, "formState.seed", seed)).status_code == 200

    [record] = records.jobs.list()
    assert record.request.seed == 42


def test_an_unknown_voice_is_told_where_the_known_ones_are_listed(client: FlaskClient) -> None:
    answer = client.post(GENERATE_PATH, json=changed(GENERATE, "voice_id", "voice_klingon_01")).get_json()

    assert answer["field"] == "voice_id"
    assert "GET /api/v1/voices" in answer["remedy"]


@pytest.mark.parametrize(
    "url",
    [
        "HTTPS://EXAMPLE.COM/A.MP3",
        "http://[2001:db8::1]:8080/a.mp3",
        "https://münchen.example/über uns.mp3".replace(" ", "%20"),
        "https://my_bucket.s3.example.com:443/a.mp3?X-Signature=%2Fx%3D#t=1",
        "http://192.0.2.1?a.mp3",
    ],
)
def test_addresses_of_any_usual_kind_are_accepted(client: FlaskClient, records: Records, url: str) -> None:
    assert client.post(IMAGE_PATH, json=changed(STUDIO, "formState.audio", url)).status_code == 200

    [record] = records.jobs.list()
    assert record.request.audio is not None
    assert record.request.audio.url == url


def test_a_refusal_says_what_was_expected(client: FlaskClient) -> None:
    answer = client.post(IMAGE_PATH, json=changed(STUDIO, "formState.resolution", "4k"))

    assert answer.get_json()["field"] == "formState.resolution"
    assert answer.get_json()["remedy"] == 'Expected: "480p" or "720p".'


def test_all_fields_at_fault_are_named(client: FlaskClient) -> None:
    answer = client.post(IMAGE_PATH, json={"formState": {"seed": "x"}})

    for field in ("formState.audio", "formState.seed", "formState.image"):
        assert field in answer.get_json()["error"]


@pytest.mark.parametrize(
    ("raw", "cause"),
    [
        (b"", "the body is not valid JSON"),
        (b"{", "the body is not valid JSON"),
        (b"\xff\xfe", "the body is not valid JSON"),
        (b"[]", "the body must be a JSON object"),
        (b"null", "the body must be a JSON object"),
        (b'"text"', "the body must be a JSON object"),
        (b"[" * 60_000, "the body is not valid JSON: nested too deeply"),
        (b'{"formState": ' * 4000, "the body is not valid JSON"),
        (b'{"webhook": NaN}', "NaN is not a JSON number"),
        (b'{"webhook": ' + b"9" * 5000 + b"}", "the body is not valid JSON"),
        (b'{"\\ud800": 1}', "the body is not valid JSON"),
        (b'{"webhook": "\\udfff"}', "the body is not valid JSON"),
    ],
)
@pytest.mark.parametrize("path", TEXTS)
def test_a_body_that_is_not_a_json_object_is_refused(
    client: FlaskClient, records: Records, path: str, raw: bytes, cause: str
) -> None:
    answer = client.post(path, data=raw, content_type="application/json")

    assert cause in refused(answer, path, records)


@pytest.mark.parametrize(
    "content_type", [None, "text/plain", "application/x-www-form-urlencoded", "multipart/form-data"]
)
@pytest.mark.parametrize(("path", "body"), SUBMITS)
def test_a_body_of_another_type_is_refused(
    client: FlaskClient, records: Records, path: str, body: Body, content_type: str | None
) -> None:
    answer = client.post(path, data=json.dumps(body), content_type=content_type)

    assert "the body must be application/json" in refused(answer, path, records)


@pytest.mark.parametrize("path", TEXTS)
def test_a_body_over_the_limit_is_refused(client: FlaskClient, path: str) -> None:
    answer = client.post(path, data=b" " * (MAX_BODY_BYTES + 1), content_type="application/json")

    assert answer.status_code == 413
    assert "too large" in answer.get_json()[TEXTS[path]]
