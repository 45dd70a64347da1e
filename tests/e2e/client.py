"""The two APIs as clients use them, over real HTTP."""

import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from typing import TypeVar

import requests

from api.temporal import TemporalGateway
from contracts.errors import Unavailable
from contracts.jobs import JobView
from scripts.trial import Trial

PATIENCE_S = 240
Json = dict[str, object]

T = TypeVar("T")


@dataclass(frozen=True)
class Client:
    """One key's view of one service."""

    url: str
    key: str

    def post(self, path: str, body: Json) -> requests.Response:
        return requests.post(f"{self.url}{path}", json=body, headers={"X-API-Key": self.key}, timeout=30)

    def get(self, path: str) -> requests.Response:
        return requests.get(f"{self.url}{path}", headers={"Authorization": f"Bearer {self.key}"}, timeout=30)

    def order(self, path: str, body: Json) -> Json:
        """Order a job; again where the service is busy, as it asks its clients to: under one key it is one job."""
        headers = {"X-API-Key": self.key, "Idempotency-Key": str(uuid.uuid4())}
        deadline = time.monotonic() + PATIENCE_S
        while True:
            answer = requests.post(f"{self.url}{path}", json=body, headers=headers, timeout=30)
            if answer.status_code != 503 or time.monotonic() > deadline:
                break
            time.sleep(float(answer.headers.get("Retry-After", 1)))
        assert answer.ok, answer.text
        accepted: Json = answer.json()
        return accepted

    def image_job(self, image: str, audio: str, webhook: str = "", seed: int = 1) -> str:
        """Order a portrait job in the studio dialect and return its id."""
        state: Json = {"image": image, "audio": audio, "resolution": "480p", "seed": seed}
        body: Json = {"formState": state} | ({"webhook": webhook} if webhook else {})
        return str(self.order("/api/v1/lipsync-image", body)["id"])

    def dub(self, video: str, audio: str) -> int:
        """Order a job in the lipsync.dev dialect and return its number."""
        body: Json = {"srcVideoUrl": video, "audioUrl": audio, "videoParams": {"fps": "original"}}
        return int(str(self.order("/api/v1/lipsync/submit", body)["jobId"]))

    def studio(self, job_id: str) -> Json:
        answer: Json = self.get(f"/api/v1/jobs/{job_id}").json()
        return answer

    def dubbed(self, number: int) -> Json:
        """Wait for a job of the lipsync.dev dialect to end, well or not."""
        return until(lambda: found if (found := self.dev(number)).get("status") in ("completed", "failed") else None)

    def dev(self, number: int) -> Json:
        answer: Json = self.get(f"/api/v1/lipsync/status/{number}").json()
        return answer

    def finished(self, job_id: str) -> Json:
        """Wait for a studio job to complete."""
        job = until(lambda: self._ended(job_id))
        assert job["status"] == "completed", job
        return job

    def failure(self, job_id: str) -> str:
        """Wait for a studio job to fail and return why."""
        job = until(lambda: self._ended(job_id))
        assert job["status"] == "failed", job
        return str(job["error"])

    def _ended(self, job_id: str) -> Json | None:
        answer = self.get(f"/api/v1/jobs/{job_id}")
        return answer.json() if answer.ok and answer.json()["status"] != "processing" else None


def client_of(trial: Trial) -> Client:
    return Client(url=trial.url, key=trial.key)


def seen(gateway: TemporalGateway, job_id: str) -> JobView | None:
    """How a job stands; None as well while Temporal answers late."""
    with suppress(Unavailable):
        return gateway.view(job_id)
    return None


def download(url: object) -> bytes:
    answer = requests.get(str(url), timeout=60)
    assert answer.ok, answer.text
    return answer.content


def digest(url: object) -> str:
    return sha256(download(url)).hexdigest()


def until(look: Callable[[], T | None], patience_s: float = PATIENCE_S) -> T:
    """Look every tenth of a second until there is something to see."""
    deadline = time.monotonic() + patience_s
    while time.monotonic() < deadline:
        found = look()
        if found:
            return found
        time.sleep(0.1)
    raise AssertionError(f"nothing within {patience_s} s")
