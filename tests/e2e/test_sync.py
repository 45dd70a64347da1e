"""Picture and sound fitted as asked: a video that goes back and forth, lips that come later, lips that do as told."""

import io
import json
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from contracts.settings import environment
from engines.base import Frame
from scripts.trial import Trial
from tests.e2e.client import Client, Json, download
from tests.e2e.lips import openings

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

ROOT = Path(__file__).resolve().parents[2]
FPS = 25
#: The voice of 12 s is the sample's twice over; the video that it drives lasts 1.5 s.
SOUND_S, VIDEO_FRAMES = 12.0, 38
OFFSET_MS = 200
#: How far the picture moves from frame to frame, so that each frame can be told from its neighbours.
PAN_PX = 2
#: "papa", slowly: the lips are shut and open by turns, whatever the voice says meanwhile.
SAID = [
    {"phones": symbol, "start": at, "end": at + 0.2}
    for symbol, at in (("m", 0.2), ("ɑ", 0.4), ("m", 0.6), ("ɑ", 0.8), ("m", 1.0), ("ɑ", 1.2))
]


@pytest.fixture(scope="module")
def sides(client: Client, files: str, folder: Path, talking: str) -> tuple[bytes, bytes]:
    """A video that is too short for its sound, dubbed with an offset and without."""
    _pan(folder / talking.rpartition("/")[2], folder / "panned.mp4")
    state: Json = {"video": f"{files}/panned.mp4", "audio": f"{files}/long.wav", "seed": 1}
    jobs = [_ordered(client, "video", state | offset) for offset in ({"sync_offset_ms": OFFSET_MS}, {})]
    late, timely = (download(client.finished(job)["output"]) for job in jobs)
    return late, timely


def test_a_short_video_goes_back_and_forth_to_the_last_sample_and_never_jumps(sides: tuple[bytes, bytes]) -> None:
    frames = _frames(sides[0])
    with av.open(io.BytesIO(sides[0])) as container:
        sound_s = _sound_s(container)

    assert (len(frames) - 1) / FPS < sound_s <= len(frames) / FPS
    # The upper half is none of the mouth's business: there the way back shows what the way there did.
    upper = [frame[: len(frame) // 3].astype(np.int16) for frame in frames]
    turn = VIDEO_FRAMES - 1
    steps = [float(np.abs(one - other).mean()) for one, other in pairwise(upper)]
    apart = [float(np.abs(upper[turn - step] - upper[turn + step]).mean()) for step in range(1, 30)]
    print(f"there and back: {max(apart):.2f} apart at most; one frame to the next: {np.median(steps):.2f}")
    assert max(apart) < np.median(steps) / 2
    assert max(steps) < 2 * np.median(steps)


def test_an_offset_makes_the_lips_come_later_by_as_much(sides: tuple[bytes, bytes]) -> None:
    late, timely = (openings(_frames(video)[:125]) for video in sides)
    lags = range(-8, 9)

    likeness = [_likeness(late, timely, lag) for lag in lags]

    assert lags[int(np.argmax(likeness))] == OFFSET_MS * FPS / 1000


@pytest.fixture(scope="module")
def told(client: Client, files: str) -> bytes:
    state: Json = {"image": f"{files}/face.png", "audio": f"{files}/short.wav", "seed": 1, "timings": SAID}
    return download(client.finished(_ordered(client, "image", state))["output"])


def test_lips_do_what_the_timings_say(told: bytes) -> None:
    frames = _frames(told)
    apart = openings(frames)
    at = [float(np.mean(apart[round((entry["start"] + 0.08) * FPS) : round((entry["end"] - 0.04) * FPS)]))  # type: ignore[operator]
          for entry in SAID]  # fmt: skip

    print("openings while told m, ɑ, m, ɑ, m, ɑ:", *(f"{value:.3f}" for value in at))
    assert len(frames) == 38
    assert max(at[0::2]) + 0.03 < min(at[1::2])


def test_the_command_line_sends_timings_too(stack: Trial, told: bytes, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "said.json").write_text(json.dumps(SAID), encoding="utf-8")
    out = tmp_path / "out.mp4"
    media = ["--image", str(folder / "face.png"), "--audio", str(folder / "short.wav"), "--seed", "1"]
    command = [sys.executable, "-m", "scripts.cli", "submit", *media, "--timings", str(tmp_path / "said.json")]

    subprocess.run(
        [*command, "--url", stack.url, "--key", stack.key, "-o", str(out)],
        cwd=ROOT, env=environment(), check=True, timeout=120,
    )  # fmt: skip

    assert out.read_bytes() == told


def test_timings_beyond_the_sound_fail_the_job_with_their_place(client: Client, files: str) -> None:
    said = [*SAID, {"phones": "m", "start": 7.0, "end": 7.5}]
    state: Json = {"image": f"{files}/face.png", "audio": f"{files}/short.wav", "timings": said}

    reason = client.failure(_ordered(client, "image", state))

    assert reason.startswith("formState.timings.6.start: 7 s is beyond the sound, which is 1.50 s long")


def _ordered(client: Client, kind: str, state: Json) -> str:
    answer = client.post(f"/api/v1/lipsync-{kind}", {"formState": state})
    assert answer.ok, answer.text
    return str(answer.json()["id"])


def _pan(video: Path, out: Path) -> None:
    frames = _frames(video.read_bytes())
    with av.open(out, "w") as panned:
        stream = panned.add_stream("libx264", rate=FPS, options={"crf": "12"})
        stream.height, stream.width = frames[0].shape[:2]
        for number, frame in enumerate(frames):
            moved = np.roll(frame, (number - VIDEO_FRAMES // 2) * PAN_PX, axis=1)
            panned.mux(stream.encode(av.VideoFrame.from_ndarray(moved, format="rgb24")))
        panned.mux(stream.encode(None))


def _frames(video: bytes) -> list[Frame]:
    with av.open(io.BytesIO(video)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


def _sound_s(container: av.container.InputContainer) -> float:
    stream = container.streams.audio[0]
    return float((stream.duration or 0) * (stream.time_base or 0))


def _likeness(late: NDArray[np.float32], timely: NDArray[np.float32], lag: int) -> float:
    first, last = max(0, lag), len(late) + min(0, lag)
    return float(np.corrcoef(late[first:last], timely[first - lag : last - lag])[0, 1])
