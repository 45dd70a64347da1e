"""How long a service takes to go on: a killed worker's segment elsewhere, the next job after the server's restart."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import requests
from temporalio.api.enums.v1 import PendingActivityState
from temporalio.api.workflow.v1 import PendingActivityInfo
from temporalio.client import Client

from contracts.errors import InternalError
from contracts.steps import RENDER
from scripts import connection
from scripts.chaos.stand import Stand
from scripts.trial import kill_all
from storage.jobs import JobFilter
from storage.records import Records

_LOOK_S = 0.05
_PATIENCE_S = 120.0
_MOST_JOBS = 100_000


class TooQuick(InternalError):
    """Nothing was seen to run, or to go on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Running:
    """A segment that is being rendered."""

    activity_id: str
    identity: str

    @property
    def pid(self) -> int:
        """The worker's process."""
        return int(self.identity.partition("@")[0])


async def segment_elsewhere_s(stand: Stand, files: str) -> float:
    """Seconds from SIGKILL of a worker amid a segment until another process has begun that segment.

    Raises:
        TooQuick: when no segment was seen running, or none went on.
    """
    client = await connection.connect(stand.settings())
    job_id = _long_job(stand, files)
    struck = await _wait(client, job_id, None)
    kill_all([struck.pid])
    began = time.monotonic()
    await _wait(client, job_id, struck)
    took_s = time.monotonic() - began
    # Files of a job that goes on would be taken for left ones.
    await client.get_workflow_handle(f"job-{job_id}").result()
    return took_s


def _long_job(stand: Stand, files: str) -> str:
    state = {"image": f"{files}/face.png", "audio": f"{files}/long.wav", "resolution": "480p", "seed": 3}
    answer = requests.post(
        f"{stand.trial.url}/api/v1/lipsync-image",
        json={"formState": state},
        headers={"X-API-Key": stand.trial.key},
        timeout=30,
    )
    return str(answer.json()["id"])


async def _wait(client: Client, job_id: str, struck: _Running | None) -> _Running:
    """Wait for any segment to run, or for the one that was struck to run or be done by another process."""
    handle, deadline = client.get_workflow_handle(f"job-{job_id}"), time.monotonic() + _PATIENCE_S
    while time.monotonic() < deadline:
        pending = (await handle.describe()).raw_description.pending_activities
        found = _running(pending)
        if struck is None and found:
            return found[0]
        elsewhere = [one for one in found if struck and one.activity_id == struck.activity_id]
        if struck and any(one.identity != struck.identity for one in elsewhere):
            return elsewhere[0]
        if struck and all(each.activity_id != struck.activity_id for each in pending):
            return struck
        await asyncio.sleep(_LOOK_S)
    raise TooQuick(f"no segment of job {job_id} was seen to run", remedy="Look at service.log.")


def _running(pending: Sequence[PendingActivityInfo]) -> list[_Running]:
    started = PendingActivityState.PENDING_ACTIVITY_STATE_STARTED
    return [
        _Running(activity_id=each.activity_id, identity=each.last_worker_identity)
        for each in pending
        if each.state == started and each.activity_type.name == RENDER.name and each.last_worker_identity
    ]


def next_job_s(stand: Stand, restarted_at: Sequence[float]) -> list[float]:
    """Seconds from each restart of the Temporal server to the next end of a job."""
    records = Records(stand.data / "records.db")
    try:
        ends = sorted(
            _seconds(job.finished_at) for job in records.jobs.list(JobFilter(), _MOST_JOBS) if job.finished_at
        )
    finally:
        records.close()
    return [later[0] - moment for moment in restarted_at if (later := [end for end in ends if end > moment])]


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
