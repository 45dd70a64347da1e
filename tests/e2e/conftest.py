import wave
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from scripts.trial import TRIVIAL_ENGINE, Trial, running, serving
from tests.e2e.client import Client, client_of, download

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
_RATE = 16_000


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trial]:
    """The whole service with its own engine, one for all tests."""
    with running(log=tmp_path_factory.mktemp("stack") / "service.log") as trial:
        yield trial


@pytest.fixture(scope="session")
def light_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trial]:
    """The whole service with an engine that costs nothing and no limit of requests, one for all tests."""
    unlimited = {f"MOUTHPIECE_REQUESTS_PER_MIN_{plan}": "0" for plan in ("FREE", "PRO", "ENTERPRISE")}
    log = tmp_path_factory.mktemp("light") / "service.log"
    with running(TRIVIAL_ENGINE | unlimited, log=log) as trial:
        yield trial


@pytest.fixture(scope="session")
def client(stack: Trial) -> Client:
    return client_of(stack)


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `files` serves: a small portrait, it beside its mirror image, voices of 1.5 s and 12 s, no such things."""
    made = tmp_path_factory.mktemp("files")
    portrait = cv2.imread(str(SAMPLES / "portrait.png"))
    assert portrait is not None
    face = portrait[:256, 100:356]
    cv2.imwrite(str(made / "face.png"), face)
    cv2.imwrite(str(made / "pair.png"), cv2.resize(np.hstack([face, face[:, ::-1]]), None, fx=2, fy=2))
    cv2.imwrite(str(made / "wall.png"), np.full((240, 320, 3), 128, np.uint8))
    with wave.open(str(SAMPLES / "voice-austen.wav")) as voice:
        samples = voice.readframes(voice.getnframes())
    _write_voice(made / "short.wav", samples[: 3 * _RATE])
    _write_voice(made / "long.wav", samples * 2)
    (made / "page.wav").write_text("<!doctype html><title>Sign in</title>", encoding="utf-8")
    return made


@pytest.fixture(scope="session")
def files(folder: Path) -> Iterator[str]:
    with serving(folder) as url:
        yield url


@pytest.fixture(scope="session")
def talking(client: Client, files: str, folder: Path) -> str:
    """URL of a video with a talking face."""
    job = client.finished(client.image_job(f"{files}/face.png", f"{files}/short.wav"))
    (folder / "talking.mp4").write_bytes(download(job["output"]))
    return f"{files}/talking.mp4"


def _write_voice(path: Path, samples: bytes) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(_RATE)
        file.writeframes(samples)
