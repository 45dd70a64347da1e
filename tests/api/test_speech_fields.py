"""Speech by a sound or by a script, in every call that takes either: exactly one of the two, and all of it."""

import pytest
from flask.testing import FlaskClient

from contracts.jobs import Script
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
    without,
)
from tests.fakes import FakeGateway

pytestmark = pytest.mark.unit

VOICE = "voice_english_female_01"
PLAIN_DEV = without(DEV, "vocalAudioUrl")
TAKERS = [
    (IMAGE_PATH, STUDIO, "formState.", "audio"),
    (VIDEO_PATH, STUDIO_VIDEO, "formState.", "audio"),
    (SUBMIT_PATH, PLAIN_DEV, "", "audioUrl"),
    (ASYNC_PATH, PLAIN_DEV, "", "audioUrl"),
]


def scripted(body: Body, within: str, sound: str, script: str = "Hello world!") -> Body:
    """The body with words to speak in place of its sound."""
    spoken = changed(without(body, within + sound), f"{within}script", script)
    return changed(spoken, f"{within}voice_id", VOICE)


@pytest.mark.parametrize(("path", "body", "within", "sound"), TAKERS)
def test_a_script_is_spoken_in_place_of_a_sound(
    client: FlaskClient, gateway: FakeGateway, path: str, body: Body, within: str, sound: str
) -> None:
    answer = client.post(path, json=scripted(body, within, sound))

    assert answer.status_code == 200, answer.text
    (request,) = gateway.requests.values()
    assert (request.audio, request.vocal) == (None, None)
    assert request.script == Script(text="Hello world!", voice_id=VOICE, field=f"{within}script")
    assert request.warnings == ()


@pytest.mark.parametrize("nothing", ["", None])
@pytest.mark.parametrize(("path", "body", "within", "sound"), TAKERS)
def test_the_one_that_is_not_meant_may_be_sent_empty(
    client: FlaskClient, gateway: FakeGateway, path: str, body: Body, within: str, sound: str, nothing: str | None
) -> None:
    spoken = changed(scripted(body, within, sound), within + sound, nothing)
    heard = changed(changed(body, f"{within}script", nothing), f"{within}voice_id", nothing)

    assert [client.post(path, json=sent).status_code for sent in (spoken, heard)] == [200, 200]
    assert [request.script is None for request in gateway.requests.values()] == [False, True]


@pytest.mark.parametrize(("path", "body", "within", "sound"), TAKERS)
def test_a_sound_and_a_script_together_are_refused(
    client: FlaskClient, records: Records, path: str, body: Body, within: str, sound: str
) -> None:
    both = scripted(body, within, sound) if within else {**body, "script": "Hello", "voice_id": VOICE}
    answer = client.post(path, json=changed(both, within + sound, "https://example.com/voice.mp3"))

    assert answer.status_code == 400
    assert answer.get_json()[TEXTS[path]].startswith(f"{within}script: cannot go with {sound}; send one of the two")
    assert records.jobs.list() == []


@pytest.mark.parametrize(("path", "body", "within", "sound"), TAKERS)
def test_where_both_are_missing_the_sound_is_asked_for_and_the_script_named(
    client: FlaskClient, path: str, body: Body, within: str, sound: str
) -> None:
    answer = client.post(path, json=without(body, within + sound)).get_json()

    assert answer[TEXTS[path]].startswith(f"{within}{sound}: is missing")
    assert "or send script and voice_id in its place" in answer.get("remedy", answer[TEXTS[path]])


@pytest.mark.parametrize(("path", "body", "within", "sound"), TAKERS)
def test_a_script_without_its_voice_is_refused(
    client: FlaskClient, path: str, body: Body, within: str, sound: str
) -> None:
    answer = client.post(path, json=without(scripted(body, within, sound), f"{within}voice_id")).get_json()

    assert answer[TEXTS[path]].startswith(f"{within}voice_id: is missing")
    assert "GET /api/v1/voices" in answer.get("remedy", answer[TEXTS[path]])


@pytest.mark.parametrize(("path", "body", "within", "sound"), TAKERS)
def test_a_voice_with_nothing_to_say_is_asked_for_its_script(
    client: FlaskClient, path: str, body: Body, within: str, sound: str
) -> None:
    answer = client.post(path, json=without(scripted(body, within, sound), f"{within}script")).get_json()

    assert answer[TEXTS[path]].startswith(f"{within}script: is missing")


@pytest.mark.parametrize(
    ("field", "value", "cause"),
    [
        ("script", " \n", "must not be blank"),
        ("script", "x" * 5001, "must not be longer than 5000 characters"),
        ("script", 5, "must be a string"),
        ("voice_id", "voice_klingon_01", "no such voice"),
        ("voice_id", 1, "must be a string"),
    ],
)
@pytest.mark.parametrize(("path", "body", "within", "sound"), TAKERS)
def test_a_script_is_held_to_what_generate_asks_of_one(
    client: FlaskClient, path: str, body: Body, within: str, sound: str, field: str, value: object, cause: str
) -> None:
    answer = client.post(path, json=changed(scripted(body, within, sound), within + field, value))

    assert answer.status_code == 400
    assert answer.get_json()[TEXTS[path]].startswith(f"{within}{field}: {cause}")


@pytest.mark.parametrize(("path", "body", "within", "sound"), TAKERS)
def test_what_is_said_of_a_sound_cannot_go_with_a_script(
    client: FlaskClient, path: str, body: Body, within: str, sound: str
) -> None:
    timed = [{"phones": "h ə l oʊ", "start": 0.5, "end": 0.9}]
    answer = client.post(path, json=changed(scripted(body, within, sound), f"{within}timings", timed))

    assert answer.status_code == 400
    assert answer.get_json()[TEXTS[path]].startswith(f"{within}timings: cannot go with script")


def test_a_vocal_track_cannot_go_with_a_script(client: FlaskClient) -> None:
    answer = client.post(SUBMIT_PATH, json=scripted(DEV, "", "audioUrl"))

    assert answer.get_json()["errorMessage"].startswith("vocalAudioUrl: cannot go with script")


@pytest.mark.parametrize(("path", "body", "within", "sound"), TAKERS)
def test_a_voice_beside_a_sound_is_warned_of(
    client: FlaskClient, gateway: FakeGateway, path: str, body: Body, within: str, sound: str
) -> None:
    assert client.post(path, json=changed(body, f"{within}voice_id", VOICE)).status_code == 200

    (request,) = gateway.requests.values()
    assert request.warnings == ("voice_id changes nothing: there is no script",)


def test_a_longer_script_is_estimated_to_cost_more(client: FlaskClient) -> None:
    short, long = (
        client.post(SUBMIT_PATH, json=scripted(PLAIN_DEV, "", "audioUrl", text)).get_json()["estimatedCredits"]
        for text in ("Hello world!", "Hello world! " * 60)
    )

    assert (short, long) == (20, 208)


def test_a_batch_takes_scripts_too(client: FlaskClient, gateway: FakeGateway) -> None:
    spoken = {**scripted(STUDIO_VIDEO, "formState.", "audio"), "model": "lipsync-video"}
    mute = {**without(STUDIO_VIDEO, "formState.audio"), "model": "lipsync-video"}

    answer = client.post("/api/v1/batches", json={"jobs": [spoken, mute]}).get_json()

    assert [item["status"] for item in answer["jobs"]] == ["processing", "rejected"]
    assert answer["jobs"][1]["error"]["field"].endswith("formState.audio")
    assert [request.script is not None for request in gateway.requests.values()] == [True]


@pytest.mark.parametrize("name", ["ImageFormState", "VideoFormState", "LipsyncBody"])
def test_the_document_says_that_it_is_one_or_the_other(anyone: FlaskClient, name: str) -> None:
    schema = anyone.get("/openapi.json").get_json()["components"]["schemas"][name]

    heard, spoken = schema["oneOf"]
    assert heard["required"] == ["audioUrl" if name == "LipsyncBody" else "audio"]
    assert spoken["required"] == ["script", "voice_id"]
    assert not {"audio", "audioUrl", "script", "voice_id"} & set(schema["required"])
