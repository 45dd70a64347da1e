"""The whole service on a disk of its own, so small that it can be filled."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

import pytest
import requests

from scripts.trial import TRIVIAL_ENGINE, Trial, running
from tests.e2e.client import Client, Json, client_of, digest, until

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.timeout(600),
    pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("mount"), reason="only root may mount a small disk"),
]

ROOT = Path(__file__).resolve().parents[2]
DISK_MIB = 64
#: Submissions until even a log that still has room in its last page is full.
MOST_TRIES = 400
#: An analysis that failed at once would have been given up by then.
LONGER_THAN_RETRIES_S = 10


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A small disk in memory."""
    place = tmp_path_factory.mktemp("disk")
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_MIB}m", "tmpfs", str(place)], check=True)
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


@pytest.fixture(scope="module")
def service(disk: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trial]:
    log = tmp_path_factory.mktemp("full") / "service.log"
    settings = TRIVIAL_ENGINE | {"MOUTHPIECE_REQUESTS_PER_MIN_ENTERPRISE": "0"}
    with running(settings, data=disk / "data", log=log) as trial:
        yield trial


@contextmanager
def _full(disk: Path) -> Iterator[None]:
    """Leave no byte free."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        for size in (1 << 20, 1 << 12, 1):
            try:
                while True:
                    file.write(bytes(size))
            except OSError:
                continue
    try:
        yield
    finally:
        ballast.unlink()


def _studio(client: Client, image: str, audio: str) -> requests.Response:
    return client.post("/api/v1/lipsync-image", {"formState": {"image": image, "audio": audio, "seed": 1}})


def _dev(client: Client, video: str, audio: str) -> requests.Response:
    return client.post("/api/v1/lipsync/submit", {"srcVideoUrl": video, "audioUrl": audio, "videoParams": {}})


def _async(client: Client, video: str, audio: str) -> requests.Response:
    return client.post("/api/async/lipsync", {"srcVideoUrl": video, "audioUrl": audio, "videoParams": {}})


def _refusal(submit: Callable[[], requests.Response]) -> tuple[requests.Response, list[requests.Response]]:
    """Submit until there is no room for a job; returns the refusal and what was accepted before."""
    accepted: list[requests.Response] = []
    for _ in range(MOST_TRIES):
        answer = submit()
        if not answer.ok:
            return answer, accepted
        accepted.append(answer)
    raise AssertionError("the disk did not fill")


def test_what_there_is_no_room_for_is_refused_and_what_was_accepted_is_finished(
    service: Trial, disk: Path, files: str
) -> None:
    client = client_of(service)
    image, audio = f"{files}/face.png", f"{files}/short.wav"
    expected = digest(client.finished(client.image_job(image, audio))["output"])
    waiting = [client.image_job(image, audio) for _ in range(3)]

    with _full(disk):
        accepted: list[requests.Response] = []
        dubbed: list[requests.Response] = []
        # What a step that gave up had written makes room for another job.
        for _ in range(5):
            studio, others = _refusal(lambda: _studio(client, image, audio))
            accepted += others
            dev, more = _refusal(lambda: _dev(client, image, audio))
            dubbed += more
            if not more:
                break
        task, _ = _refusal(lambda: _async(client, image, audio))
        upload = requests.post(
            f"{client.url}/api/v1/uploads", data=bytes(300_000), headers={"X-API-Key": client.key}, timeout=30
        )
        visible = _outputs(service)
        time.sleep(LONGER_THAN_RETRIES_S)

    assert (studio.status_code, dev.status_code, task.status_code, upload.status_code) == (503, 503, 503, 503)
    assert [int(answer.headers["Retry-After"]) for answer in (studio, dev, task, upload)] == [5] * 4
    assert studio.json()["code"] in ("storage_busy", "unavailable")
    assert (dev.json()["errorCode"], upload.json()["code"]) == (studio.json()["code"], "storage_busy")
    assert task.json()["code"] in (50300, 50302)
    assert more == []
    # A picture is no video, and none of them may be left half-accepted.
    assert {str(client.dubbed(int(answer.json()["jobId"]))["status"]) for answer in dubbed} <= {"completed", "failed"}
    jobs = [*waiting, *(str(answer.json()["id"]) for answer in accepted)]
    outputs = {digest(client.finished(job_id)["output"]) for job_id in jobs}
    assert outputs == {expected}
    again = until(lambda: _accepted(client, image, audio), 60)
    assert digest(client.finished(again)["output"]) == expected
    assert visible <= {expected}, "nobody sees half an output"
    assert list((service.data / "blobs" / ".incoming").iterdir()) == []
    checked = subprocess.run(
        [sys.executable, "-m", "scripts.cli", "data", "check", "--data", str(service.data)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (checked.returncode, checked.stdout) == (0, "records and outputs are whole\n"), checked.stderr


def _accepted(client: Client, image: str, audio: str) -> str | None:
    answer = _studio(client, image, audio)
    body: Json = answer.json()
    return str(body["id"]) if answer.ok else None


def _outputs(service: Trial) -> set[str]:
    """Digests of the outputs that are to be seen."""
    found = (service.data / "blobs" / "jobs").glob("*/output.mp4")
    return {sha256(path.read_bytes()).hexdigest() for path in found}
