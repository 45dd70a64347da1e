"""The list of voices."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from api.services import Services
from contracts.voices import BUILT_IN

pytestmark = pytest.mark.unit


def _ids(client: FlaskClient, query: str = "") -> list[str]:
    answer = client.get(f"/api/v1/voices{query}")
    assert answer.status_code == 200
    return [voice["voice_id"] for voice in answer.get_json()["voices"]]


def test_the_voices_that_come_with_the_service_are_listed_in_order(client: FlaskClient) -> None:
    assert _ids(client) == [voice.voice_id for voice in BUILT_IN]


def test_a_voice_is_described(client: FlaskClient) -> None:
    assert client.get("/v1/voices").get_json()["voices"][0] == {
        "voice_id": "voice_english_female_01",
        "name": "Heart",
        "language": "en-US",
        "gender": "female",
        "engine": "hibari",
    }


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("?language=en-gb&gender=male", ["voice_british_male_01", "voice_british_male_02"]),
        ("?language=fr", ["voice_french_female_01"]),
        ("?language=e", []),
        ("?gender=neutral", []),
    ],
)
def test_voices_are_found_by_language_and_gender(client: FlaskClient, query: str, expected: list[str]) -> None:
    assert _ids(client, query) == expected


def test_english_means_all_kinds_of_english(client: FlaskClient) -> None:
    assert {voice.split("_")[1] for voice in _ids(client, "?language=en")} == {"english", "british"}


def test_the_operators_piper_voices_come_after(app: Flask, client: FlaskClient, services: Services) -> None:
    folder = Path(services.settings.data_dir) / "voices"
    folder.mkdir(parents=True)
    (folder / "nl_NL-ronnie.onnx").write_bytes(b"")
    config = {"audio": {"sample_rate": 22050}, "phoneme_id_map": {"a": [1]}, "espeak": {"voice": "nl"}}
    (folder / "nl_NL-ronnie.onnx.json").write_text(json.dumps(config), encoding="utf-8")
    replace(services, settings=replace(services.settings, voices_dir=folder)).install(app)

    assert _ids(client)[-1] == "piper_nl_nl_ronnie"


def test_voices_are_only_told_to_who_has_a_key(anyone: FlaskClient) -> None:
    answer = anyone.get("/api/v1/voices")

    assert (answer.status_code, answer.mimetype) == (401, "application/problem+json")
