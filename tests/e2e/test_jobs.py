import io
import uuid
from pathlib import Path

import av
import pytest
import requests

from contracts.settings import Secret
from scripts.receiver import receiving
from scripts.trial import Trial
from storage.records import Records
from tests.e2e.client import Client, digest, download, until

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

SHORT_S = 1.5


def _webhook_secret(stack: Trial) -> Secret:
    records = Records(stack.data / "records.db")
    try:
        return records.keys.webhook_secret(stack.key.split("_")[1])
    finally:
        records.close()


def _plays(video: bytes) -> tuple[float, float]:
    """Seconds of picture, all of it decoded, and of sound."""
    with av.open(io.BytesIO(video)) as container:
        picture, sound = container.streams.video[0], container.streams.audio[0]
        frames = sum(1 for _ in container.decode(picture))
        return float(frames / (picture.average_rate or 1)), float((sound.duration or 0) * (sound.time_base or 0))


def test_a_portrait_speaks_and_its_signed_webhook_arrives(stack: Trial, client: Client, files: str) -> None:
    with receiving(_webhook_secret(stack)) as receiver:
        job_id = client.image_job(f"{files}/face.png", f"{files}/short.wav", webhook=receiver.url)
        received = receiver.take(60)

    assert received.is_signed
    seven = {name: value for name, value in client.studio(job_id).items() if name in received.job}
    assert len(received.job) == 7
    assert received.job == seven | {"output": received.job["output"]}
    assert received.job["status"] == "completed"
    picture_s, sound_s = _plays(download(received.job["output"]))
    assert abs(picture_s - SHORT_S) <= 1 / 25
    assert abs(sound_s - SHORT_S) <= 1 / 25


def test_a_video_is_dubbed_through_the_other_dialect(client: Client, files: str, talking: str) -> None:
    number = client.dub(talking, f"{files}/short.wav")

    job = client.dubbed(number)

    assert job["status"] == "completed", job
    assert job["errorMessage"] is None
    picture_s, _ = _plays(download(job["outputUrl"]))
    assert abs(picture_s - SHORT_S) <= 1 / 25


def test_a_video_is_dubbed_through_the_asynchronous_dialect(client: Client, files: str, talking: str) -> None:
    body: dict[str, object] = {"srcVideoUrl": talking, "audioUrl": f"{files}/short.wav", "videoParams": {}}
    accepted = client.post("/api/async/lipsync", body).json()
    task = {"taskId": accepted["data"]["taskId"]}

    result = until(
        lambda: (
            found
            if (found := client.post("/api/getAsyncResult", task).json()["data"])["task"]["status"] in (3, 4)
            else None
        )
    )

    assert accepted["code"] == 0
    assert result["task"]["status"] == 3, result
    assert _plays(download(result["videos"][0]["videoUrl"]))[0] > 1


@pytest.mark.parametrize(("order", "seconds"), [("meanwhile", SHORT_S), ("left_right", 2 * SHORT_S)])
def test_two_people_in_a_picture_speak(client: Client, files: str, order: str, seconds: float) -> None:
    state: dict[str, object] = {"image": f"{files}/pair.png", "order": order}
    state |= {f"{side}_audio": f"{files}/short.wav" for side in ("left", "right")}
    accepted = client.order("/api/v1/lipsync-image-multi", {"formState": state})

    job = client.finished(str(accepted["id"]))

    assert job["model"] == "lipsync-image-multi"
    picture_s, sound_s = _plays(download(job["output"]))
    assert abs(picture_s - seconds) <= 1 / 25
    assert abs(sound_s - seconds) <= 1 / 25


def test_a_portrait_speaks_a_script(client: Client, files: str) -> None:
    body: dict[str, object] = {"image_url": f"{files}/face.png", "script": "Hello world!"}
    number = int(str(client.order("/v1/generate", body | {"voice_id": "voice_english_female_01"})["job_id"]))

    job = client.dubbed(number)

    assert job["status"] == "completed", job
    picture_s, sound_s = _plays(download(job["outputUrl"]))
    assert 0.5 < sound_s < 3
    assert abs(picture_s - sound_s) <= 1 / 25


def test_the_same_seed_gives_the_same_bytes(client: Client, files: str) -> None:
    jobs = [client.image_job(f"{files}/face.png", f"{files}/short.wav", seed=7) for _ in range(2)]

    first, second = (digest(client.finished(job)["output"]) for job in jobs)

    assert first == second


def test_an_uploaded_file_serves_as_input(client: Client, files: str, folder: Path) -> None:
    with (folder / "face.png").open("rb") as file:
        answer = requests.post(
            f"{client.url}/api/v1/uploads", data=file, headers={"X-API-Key": client.key}, timeout=30
        ).json()

    assert client.finished(client.image_job(answer["url"], f"{files}/short.wav"))["output"]


def test_jobs_of_another_key_are_not_to_be_seen(client: Client, files: str, stack: Trial) -> None:
    records = Records(stack.data / "records.db")
    _, other = records.keys.create("other", "2026-01-01T00:00:00Z")
    records.close()
    job_id = client.image_job(f"{files}/face.png", f"{files}/short.wav")

    stranger = Client(url=client.url, key=str(other))

    assert stranger.get(f"/api/v1/jobs/{job_id}").status_code == 404
    assert stranger.get(f"/api/v1/jobs/{uuid.uuid4()}").status_code == 404
