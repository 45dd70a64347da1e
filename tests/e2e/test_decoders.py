"""Decoders that die in the midst of a job, each as a decoder that crashes does: its job fails, and nothing else."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from scripts.trial import TRIVIAL_ENGINE, Trial, running
from tests.e2e.client import Client, Json, client_of, digest, until
from tests.engines.generated_media import pictures, write_sound, write_video
from tests.engines.readers import readers

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

_CRASHES = "the file is damaged: its decoder crashes on it. Play it to its end to check it, and export it again."
_STOPPED = "the file could not be looked into at the moment"


@pytest.fixture(scope="module")
def trial(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trial]:
    """A stack of its own, whose decoders are to be struck; short segments make many of them."""
    log = tmp_path_factory.mktemp("decoders") / "service.log"
    with running(TRIVIAL_ENGINE | {"MOUTHPIECE_SEGMENT_S": "2"}, log=log) as stack:
        yield stack


@pytest.fixture(scope="module")
def sufferer(trial: Trial) -> Client:
    return client_of(trial)


@pytest.fixture(scope="module")
def clip(folder: Path, files: str) -> str:
    """URL of a video that takes a while to be decoded and encoded."""
    write_video(folder / "clip.mp4", pictures(300, 640, 360), codec="mpeg4")
    return f"{files}/clip.mp4"


@pytest.fixture(scope="module")
def speech(folder: Path, files: str) -> str:
    """URL of a sound that takes a while to be looked into."""
    write_sound(folder / "speech.mp3", 580.0, codec="libmp3lame", rate=48000)
    return f"{files}/speech.mp3"


def _studio(client: Client, video: str, audio: str) -> str:
    state: Json = {"video": video, "audio": audio, "seed": 1}
    return str(client.order("/api/v1/lipsync-video", {"formState": state})["id"])


def _reason_studio(client: Client, video: str, audio: str) -> str:
    return client.failure(_studio(client, video, audio))


def _reason_dev(client: Client, video: str, audio: str) -> str:
    number = client.dub(video, audio)
    job = client.dubbed(number)
    return str(job.get("errorMessage"))


def _reason_async(client: Client, video: str, audio: str) -> str:
    body: Json = {"srcVideoUrl": video, "audioUrl": audio, "videoParams": {}}
    task = {"taskId": client.post("/api/async/lipsync", body).json()["data"]["taskId"]}

    def ended() -> Json | None:
        told: Json = client.post("/api/getAsyncResult", task).json()["data"]["task"]
        return told if told["status"] in (3, 4) else None

    return str(until(ended).get("reason"))


_DIALECTS = [
    pytest.param(_reason_studio, "formState.video", "formState.audio", id="lipsync.studio"),
    pytest.param(_reason_dev, "srcVideoUrl", "audioUrl", id="lipsync.dev"),
    pytest.param(_reason_async, "srcVideoUrl", "audioUrl", id="alternative"),
]


@contextmanager
def _struck(trial: Trial, queue: str, name: str, number: signal.Signals, most: int = 1000) -> Iterator[list[int]]:
    """Send a signal to each process that reads a file whose name begins so for the workers of a queue.

    Yields:
        Those that it was sent to, at most so many.
    """
    struck: list[int] = []
    workers = trial.pids("worker", queue)
    over = threading.Event()

    def strike() -> None:
        while not over.wait(0.01):
            for reader in [each for worker in workers for each in readers(worker)]:
                if reader not in struck and len(struck) < most and _has_open(reader, name):
                    os.kill(reader, number)
                    struck.append(reader)

    thread = threading.Thread(target=strike)
    thread.start()
    try:
        yield struck
    finally:
        over.set()
        thread.join()


def _has_open(pid: int, name: str) -> bool:
    files = Path(f"/proc/{pid}/fd")
    try:
        # Behind the standard streams comes the file, or the memory for frames, of no size until some are asked for.
        is_at_work = (files / "3").stat().st_size > 0
        return is_at_work and any(Path(os.readlink(each)).name.startswith(name) for each in files.iterdir())
    except OSError:
        return False


@contextmanager
def _no_worker_dies(trial: Trial) -> Iterator[None]:
    before = trial.pids("worker")
    yield
    assert trial.pids("worker") == before
    assert before


@pytest.mark.parametrize(("reason", "_video", "audio"), _DIALECTS)
def test_a_decoder_that_crashes_while_a_file_is_fetched_fails_that_job_in_clear_words(
    trial: Trial, sufferer: Client, clip: str, speech: str, reason: Callable[..., str], _video: str, audio: str
) -> None:
    with _no_worker_dies(trial), _struck(trial, "io", "audio", signal.SIGSEGV) as struck:
        told = reason(sufferer, clip, speech)

    assert told == f"{audio}: {_CRASHES}"
    assert len(struck) == 1


@pytest.mark.parametrize(("reason", "video", "_audio"), _DIALECTS)
def test_a_decoder_that_crashes_in_a_segment_fails_that_job_in_clear_words(
    trial: Trial, sufferer: Client, files: str, clip: str, reason: Callable[..., str], video: str, _audio: str
) -> None:
    with _no_worker_dies(trial), _struck(trial, "gpu", "video", signal.SIGSEGV) as struck:
        told = reason(sufferer, clip, f"{files}/long.wav")

    assert told == f"{video}: {_CRASHES}"
    assert struck


def test_another_job_at_the_same_time_ends_well(
    trial: Trial, sufferer: Client, files: str, clip: str, speech: str
) -> None:
    with _no_worker_dies(trial), _struck(trial, "gpu", "video", signal.SIGSEGV):
        beside = sufferer.image_job(f"{files}/face.png", f"{files}/long.wav")
        told = _reason_studio(sufferer, clip, f"{files}/long.wav")
        output = sufferer.finished(beside)["output"]

    assert "crashes" in told
    assert output


def test_a_decoder_that_was_killed_costs_its_segment_alone(
    trial: Trial, sufferer: Client, files: str, clip: str
) -> None:
    undisturbed = digest(sufferer.finished(_studio(sufferer, clip, f"{files}/long.wav"))["output"])

    with _no_worker_dies(trial), _struck(trial, "gpu", "video", signal.SIGKILL, most=3) as struck:
        job = sufferer.finished(_studio(sufferer, clip, f"{files}/long.wav"))

    assert len(struck) == 3
    assert digest(job["output"]) == undisturbed


def test_a_decoder_that_is_killed_each_time_fails_its_job_after_a_few_tries(
    trial: Trial, sufferer: Client, clip: str, speech: str
) -> None:
    began = time.monotonic()
    with _no_worker_dies(trial), _struck(trial, "io", "audio", signal.SIGKILL) as struck:
        told = sufferer.failure(_studio(sufferer, clip, speech))

    assert told.startswith(f"formState.audio: {_STOPPED} (tried 5 times)")
    assert len(struck) == 5
    assert time.monotonic() - began < 120
