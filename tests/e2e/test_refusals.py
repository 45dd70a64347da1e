import pytest

from tests.e2e.client import Client, Json, until

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]


def test_a_wrong_key_is_refused_in_every_dialect(client: Client) -> None:
    stranger = Client(url=client.url, key="sk_00000000_" + "x" * 43)

    answers = [
        stranger.post("/api/v1/lipsync-image", {}),
        stranger.post("/api/v1/lipsync/submit", {}),
        stranger.post("/api/async/lipsync", {}),
    ]

    assert [answer.status_code for answer in answers] == [401, 401, 401]
    assert "error" in answers[0].json()
    assert answers[2].json()["code"] != 0


@pytest.mark.parametrize(
    ("path", "body", "named"),
    [
        ("/api/v1/lipsync-image", {"formState": {"image": "https://example.com/a.png"}}, "formState.audio"),
        ("/api/v1/lipsync-video", {"formState": {"audio": "https://example.com/a.wav"}}, "formState.video"),
        ("/api/v1/lipsync/submit", {"audioUrl": "https://example.com/a.wav", "videoParams": {}}, "srcVideoUrl"),
        ("/api/async/lipsync", {"srcVideoUrl": "https://example.com/a.mp4", "videoParams": {}}, "audioUrl"),
    ],
)
def test_a_missing_field_is_named(client: Client, path: str, body: Json, named: str) -> None:
    answer = client.post(path, body)

    assert answer.status_code in (400, 422)
    assert named in answer.text


def test_a_file_that_is_not_there_fails_the_job_and_says_so(client: Client, files: str) -> None:
    error = client.failure(client.image_job(f"{files}/nothing.png", f"{files}/short.wav"))

    assert error.startswith("formState.image:")
    assert "404" in error


def test_a_sign_in_page_instead_of_audio_is_told_from_its_content(client: Client, files: str) -> None:
    error = client.failure(client.image_job(f"{files}/face.png", f"{files}/page.wav"))

    assert error.startswith("formState.audio: not an audio file (text/html). Send WAV, MP3, ")


def test_a_picture_without_a_face_is_refused(client: Client, files: str) -> None:
    error = client.failure(client.image_job(f"{files}/wall.png", f"{files}/short.wav"))

    assert "no face" in error


def test_the_other_dialects_tell_the_same_failure_in_their_shapes(client: Client, files: str, talking: str) -> None:
    number = client.dub(talking, f"{files}/page.wav")
    body: Json = {"srcVideoUrl": talking, "audioUrl": f"{files}/page.wav", "videoParams": {}}
    task = {"taskId": client.post("/api/async/lipsync", body).json()["data"]["taskId"]}

    job = client.dubbed(number)
    result = until(
        lambda: (
            found if (found := client.post("/api/getAsyncResult", task).json()["data"])["task"]["status"] == 4 else None
        )
    )

    assert job["errorMessage"].startswith("audioUrl: not an audio file (text/html). Send WAV, MP3, ")
    assert result["task"]["reason"] == job["errorMessage"]


def test_addresses_that_no_operator_listed_are_not_fetched(client: Client, files: str) -> None:
    error = client.failure(client.image_job(f"{files}/face.png", "http://10.255.255.1/voice.wav"))

    assert error.startswith("formState.audio:")
