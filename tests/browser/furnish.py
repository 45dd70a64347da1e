"""A service with something to see: jobs in every state, webhooks in every state, keys."""

from dataclasses import dataclass

import requests

from scripts.trial import Trial
from tests.browser.counterpart import Counterpart
from tests.e2e.client import Client, Json, until


@dataclass(frozen=True, slots=True, kw_only=True)
class Furnished:
    """Ids of jobs of one key, by their state, and who has their files."""

    client: Client
    succeeded: str
    failed: str
    cancelled: str
    other: Counterpart

    def running(self) -> str:
        """Order a job that waits for its picture; it fails when that has taken too long."""
        job = self.client.image_job(f"{self.other.url}/held/face.png", f"{self.other.url}/short.wav")
        wait_for(self.client, job, "running")
        return job


def new_client(service: Trial, **wanted: object) -> Client:
    """Make a key: `name`, `plan`, `scopes` as POST /api/v1/keys takes them."""
    answer = requests.post(f"{service.url}/api/v1/keys", json=wanted, headers={"X-API-Key": service.key}, timeout=30)
    assert answer.ok, answer.text
    return Client(url=service.url, key=answer.json()["key"])


def state_of(client: Client, job_id: str) -> str:
    """Our word for how a job stands."""
    return str(client.get(f"/api/v1/jobs/{job_id}").json()["state"])


def wait_for(client: Client, job_id: str, state: str) -> Json:
    """Wait until a job is in a state."""
    until(lambda: state_of(client, job_id) == state)
    answer: Json = client.get(f"/api/v1/jobs/{job_id}").json()
    return answer


def webhooks(client: Client, state: str) -> list[Json]:
    """The key's webhooks in a state."""
    answer: list[Json] = client.get(f"/api/v1/deliveries?state={state}").json()["deliveries"]
    return answer


def furnish(service: Trial, other: Counterpart) -> Furnished:
    """Order one job of each kind with a key that may do everything, and see to it that webhooks end in every way."""
    client = new_client(service, name="Shop backend", scopes=["submit", "read", "admin"])
    new_client(service, name="Status page", plan="free", scopes=["read"])
    new_client(service, name="Night batch of the newsroom in Rotterdam", plan="pro")
    face, voice = f"{other.url}/face.png", f"{other.url}/short.wav"
    succeeded = client.image_job(face, voice, other.hook())
    failed = client.image_job(f"{other.url}/nowhere.png", voice, other.hook("/busy", 503))
    client.image_job(face, voice, other.hook("/gone", 410))
    until(lambda: webhooks(client, "failed"))
    client.image_job(face, voice, f"{other.url}/gone")
    until(lambda: webhooks(client, "disabled"))
    wait_for(client, succeeded, "succeeded")
    wait_for(client, failed, "failed")
    cancelled = client.image_job(f"{other.url}/held/face.png", voice)
    wait_for(client, cancelled, "running")
    client.post(f"/api/v1/jobs/{cancelled}/cancel", {})
    wait_for(client, cancelled, "cancelled")
    found = Furnished(client=client, succeeded=succeeded, failed=failed, cancelled=cancelled, other=other)
    found.running()
    return found
