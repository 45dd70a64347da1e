"""URLs that are not written as they have to be are refused before a job exists, in the words of every dialect alike."""

import pytest
from flask.testing import FlaskClient

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
    TEXTS,
    VIDEO_PATH,
    Body,
    changed,
)
from tests.api.conftest import anyone, app, client, gateway, records, services, settings
from tests.hostile import WRITING, cases

__all__ = ["anyone", "app", "client", "gateway", "records", "services", "settings"]

pytestmark = pytest.mark.unit

INSPECT_PATH = "/api/v1/inspect"
INSPECT: Body = {"source": "https://example.com/face.png"}
PLACES = [
    (IMAGE_PATH, STUDIO, "formState.image"),
    (IMAGE_PATH, STUDIO, "webhook"),
    (VIDEO_PATH, STUDIO_VIDEO, "formState.video"),
    (MULTI_PATH, STUDIO_MULTI, "formState.left_audio"),
    (SUBMIT_PATH, DEV, "srcVideoUrl"),
    (GENERATE_PATH, GENERATE, "image_url"),
    (ASYNC_PATH, DEV, "audioUrl"),
    (INSPECT_PATH, INSPECT, "source"),
]
BADLY_WRITTEN = [case for case in cases() if case.verdict in WRITING and case.verdict != "empty"]


@pytest.mark.parametrize(("path", "body", "field"), PLACES)
def test_every_badly_written_url_is_refused_in_the_same_words(
    client: FlaskClient, records: Records, path: str, body: Body, field: str
) -> None:
    for case in BADLY_WRITTEN:
        answer = client.post(path, json=changed(body, field, case.url))

        assert answer.status_code == 400, (case, answer.text)
        text = answer.get_json()[TEXTS.get(path, "detail")]
        assert text.startswith(f"{field}: {WRITING[case.verdict]}"), (case, answer.text)
        assert "secret" not in answer.text, case
    assert records.jobs.list() == []


def test_most_of_the_corpus_never_becomes_a_job() -> None:
    assert len(BADLY_WRITTEN) >= 190
