"""A text becomes a talking portrait whose lips keep time with its sound."""

import io
from pathlib import Path

import av
import numpy as np
import pytest
import requests

from tests.e2e.client import Client, download
from tests.e2e.lips import openings

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

#: Each begins with a wide vowel: a resting mouth has to open for it.
SCRIPTS = {
    "voice_english_female_01": "Apples are ripe.",
    "voice_english_male_01": "Apples are ripe.",
    "voice_spanish_female_01": "Agua para todos.",
}
FRAME_S = 0.04
LOOKED_AT_S = 1.0
#: Lips that are this far apart, in distances between the eyes, have begun to open: four times what is measured at rest.
OPENING = 0.02
#: People part their lips 0.1 to 0.3 s before the voice sets in (Chandrasekaran et al. 2009, "The natural statistics of
#: audiovisual speech"), and sound that comes 0.125 s after the lips is not noticed to be late (ITU-R BT.1359-1).
MOST_AHEAD_S = 0.125
#: The sound's onset is known to this step, and counts from a twentieth of the loudest.
STEP_S, HEARD = 0.005, 0.05


@pytest.fixture(scope="module")
def portrait(client: Client, folder: Path) -> str:
    """Link of an uploaded portrait."""
    with (folder / "face.png").open("rb") as file:
        answer = requests.post(f"{client.url}/api/v1/uploads", data=file, headers={"X-API-Key": client.key}, timeout=30)
    assert answer.ok, answer.text
    return str(answer.json()["url"])


@pytest.fixture(scope="module")
def videos(client: Client, portrait: str) -> dict[str, bytes]:
    """What each voice's job made; the jobs run side by side."""
    bodies = {voice: {"image_url": portrait, "script": script, "voice_id": voice} for voice, script in SCRIPTS.items()}
    answers = {voice: client.post("/v1/generate", dict(body)).json() for voice, body in bodies.items()}
    return {voice: _finished(client, answer["job_id"]) for voice, answer in answers.items()}


@pytest.mark.parametrize("voice", SCRIPTS)
def test_lips_part_just_ahead_of_the_first_sound_and_never_after_it(voice: str, videos: dict[str, bytes]) -> None:
    """Frames tell to a frame when lips moved, and the sound to a step when it began: no finer can be asked for."""
    sound_s, lips_s = _onset_of_sound_s(videos[voice]), _onset_of_lips_s(videos[voice])

    print(f"{voice}: sound {1000 * sound_s:.0f} ms, lips {1000 * lips_s:.0f} ms, {1000 * (lips_s - sound_s):+.0f} ms")
    assert -MOST_AHEAD_S <= lips_s - sound_s <= FRAME_S + STEP_S


def _finished(client: Client, number: int) -> bytes:
    job = client.dubbed(number)
    assert job["status"] == "completed", job
    return download(job["outputUrl"])


def _onset_of_sound_s(video: bytes) -> float:
    with av.open(io.BytesIO(video)) as container:
        frames = list(container.decode(audio=0))
    samples = np.concatenate([frame.to_ndarray().mean(0) for frame in frames])
    step = round(frames[0].sample_rate * STEP_S)
    loudness = np.sqrt(np.mean(np.square(samples[: len(samples) // step * step].reshape(-1, step)), axis=1))
    return float(frames[0].time or 0.0) + STEP_S * int(np.argmax(loudness > HEARD * loudness.max()))


def _onset_of_lips_s(video: bytes) -> float:
    """Time of the first frame that shows the lips further apart than at rest, before anything is said."""
    with av.open(io.BytesIO(video)) as container:
        shown = [(float(frame.time or 0.0), frame.to_ndarray(format="rgb24")) for frame in container.decode(video=0)]
    shown = [(time_s, frame) for time_s, frame in shown if time_s < LOOKED_AT_S]
    apart = openings([frame for _, frame in shown])
    moved = np.flatnonzero(apart > apart[0] + OPENING)
    assert moved.size, "the lips never move"
    return shown[int(moved[0])][0]
