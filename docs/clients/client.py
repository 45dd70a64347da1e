"""A client of Mouthpiece in one file; it needs the library `requests` alone.

As a program it makes a portrait speak and keeps the video:

    python client.py URL KEY IMAGE_URL AUDIO_URL OUTPUT.mp4
"""

import base64
import hashlib
import hmac
import json
import sys
import time
import uuid
from collections.abc import Mapping
from pathlib import Path

import requests

Job = dict[str, object]

POLL_S = 30
TOLERANCE_S = 300


class JobFailed(Exception):
    """The job ended without a video; the text says why."""


class Refused(Exception):
    """The service did not take the request; the text is its answer."""


class BadSignature(Exception):
    """A webhook that was not sent by the service, or long ago."""


class Mouthpiece:
    """Jobs of one API key.

    Args:
        url: where the service answers, such as http://127.0.0.1:8080.
        key: the API key, "sk_...".
    """

    def __init__(self, url: str, key: str) -> None:
        self._api = f"{url.rstrip('/')}/api/v1"
        self._session = requests.Session()
        self._session.headers["Authorization"] = f"Bearer {key}"

    def submit(self, model: str, form_state: Mapping[str, object], webhook: str = "") -> str:
        """Order a job and return its id; however often the request has to be sent, there is one job.

        Args:
            model: "lipsync-image", "lipsync-video" or "lipsync-image-multi".
            form_state: what the job is made of, as docs/api.md lists it.
            webhook: where the outcome is posted to, or "".

        Raises:
            Refused: when the service does not take it.
        """
        body: Job = {"formState": dict(form_state), "webhook": webhook}
        job: Job = self._send("POST", model, body=body, headers={"Idempotency-Key": str(uuid.uuid4())}).json()
        return str(job["id"])

    def wait(self, job_id: str, patience_s: float = 3600) -> Job:
        """Wait until a job has a video and return the job.

        Raises:
            JobFailed: when it ends without one.
            TimeoutError: when it has not ended in time.
        """
        deadline = time.monotonic() + patience_s
        while time.monotonic() < deadline:
            job: Job = self._send("GET", f"jobs/{job_id}?wait={POLL_S}").json()
            if job["status"] == "completed":
                return job
            if job["status"] == "failed":
                raise JobFailed(job["error"])
        raise TimeoutError(f"job {job_id} has not ended within {patience_s:g} s")

    def download(self, job: Job, path: Path) -> None:
        """Write a job's video to a file, which appears when it is whole."""
        part = path.with_suffix(path.suffix + ".part")
        with requests.get(str(job["output"]), stream=True, timeout=60) as answer, part.open("wb") as file:
            answer.raise_for_status()
            for chunk in answer.iter_content(1 << 20):
                file.write(chunk)
        part.replace(path)

    def _send(
        self, method: str, path: str, body: Job | None = None, headers: Mapping[str, str] | None = None, tries: int = 6
    ) -> requests.Response:
        """Send a request, again when the service asks for patience or cannot be reached."""
        for left in reversed(range(tries)):
            pause_s = 2.0
            try:
                answer = self._session.request(
                    method, f"{self._api}/{path}", json=body, headers=headers, timeout=POLL_S + 30
                )
                if answer.ok:
                    return answer
                if answer.status_code < 500 and "Retry-After" not in answer.headers:
                    raise Refused(answer.text)
                pause_s = float(answer.headers.get("Retry-After", pause_s))
            except requests.ConnectionError:
                if not left:
                    raise
            if left:
                time.sleep(pause_s)
        raise Refused(answer.text)


def verified(body: bytes, headers: Mapping[str, str], secret: str) -> Job:
    """Return the job that a webhook tells of, once its signature is seen to be right (Standard Webhooks 1.0).

    Args:
        body: the request's body, byte for byte.
        headers: the request's headers.
        secret: the API key's webhook secret, "whsec_...".

    Raises:
        BadSignature: when the request must not be believed.
    """
    sent = {name.lower(): value for name, value in headers.items()}
    delivery, timestamp = sent.get("webhook-id", ""), sent.get("webhook-timestamp", "")
    if not timestamp.isdecimal() or abs(time.time() - int(timestamp)) > TOLERANCE_S:
        raise BadSignature("the timestamp is missing, or too old or too new")
    signed = b".".join((delivery.encode(), timestamp.encode(), body))
    key = base64.b64decode(secret.removeprefix("whsec_"))
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    given = (part.removeprefix("v1,") for part in sent.get("webhook-signature", "").split())
    if not any(hmac.compare_digest(expected.encode(), each.encode()) for each in given):
        raise BadSignature("no signature is the right one")
    job: Job = json.loads(body)
    return job


def main(url: str, key: str, image: str, audio: str, output: str) -> None:
    """Make a portrait speak."""
    service = Mouthpiece(url, key)
    job_id = service.submit("lipsync-image", {"image": image, "audio": audio, "resolution": "720p"})
    print("job", job_id)
    service.download(service.wait(job_id), Path(output))
    print("video", output)


if __name__ == "__main__":
    main(*sys.argv[1:])
