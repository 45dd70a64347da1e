"""Jobs of an API's client, moved on as its worker would."""

from dataclasses import replace

from flask.testing import FlaskClient

from api.services import Services, utc_text
from contracts.jobs import JobError, JobView, Stage, Status
from contracts.steps import SettleInput
from tests.api.bodies import IMAGE_PATH, STUDIO, Body
from tests.api.conftest import NOW
from tests.fakes import FakeGateway

NO_FACE = JobError(code="no_face", message="formState.image: no face found")


def submitted(client: FlaskClient, body: Body = STUDIO, path: str = IMAGE_PATH) -> str:
    """Submit a job and return its id."""
    answer = client.post(path, json=body)
    assert answer.status_code == 200, answer.text
    job_id: str = answer.get_json()["id"]
    return job_id


def running(gateway: FakeGateway, job_id: str, percent: int = 30) -> JobView:
    """Let a job render."""
    started_at = utc_text(NOW)
    view = replace(
        gateway.views[job_id], status=Status.RUNNING, stage=Stage.RENDER, percent=percent, started_at=started_at
    )
    gateway.views[job_id] = view
    return view


def ended(services: Services, gateway: FakeGateway, job_id: str, status: Status, execution_ms: int = 60_000) -> JobView:
    """Let a job end, in Temporal and in the records."""
    error = {Status.FAILED: NO_FACE, Status.CANCELLED: JobError(code="cancelled", message="cancelled")}.get(status)
    succeeded = status is Status.SUCCEEDED
    view = replace(
        running(gateway, job_id),
        status=status,
        stage=Stage.SETTLE if succeeded else Stage.RENDER,
        percent=100 if succeeded else 30,
        finished_at="2026-01-02T03:05:05Z",
        execution_ms=execution_ms,
        output=f"jobs/{job_id}/output.mp4" if succeeded else "",
        credits=20 if succeeded else 0,
        error=error,
    )
    gateway.views[job_id] = view
    outcome = SettleInput(
        job_id=job_id,
        status=status,
        started_at=view.started_at,
        finished_at=view.finished_at,
        execution_ms=execution_ms,
        output=view.output,
        duration_s=7.5 if succeeded else 0.0,
        error=error,
    )
    services.records.jobs.settle(outcome, view.credits)
    return view
