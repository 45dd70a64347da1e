"""How long a job will take: told by others of its engine, then by itself."""

from dataclasses import replace
from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from api.outlook import remaining_s
from api.services import Services, utc_text
from contracts.jobs import JobView, Stage, Status
from tests.api.bodies import GENERATE, GENERATE_PATH, IMAGE_PATH
from tests.api.conftest import NOW
from tests.api.jobs import ended, running, submitted
from tests.fakes import FakeGateway
from tests.storage.requests import a_request, a_success

pytestmark = pytest.mark.unit


def _at(percent: int) -> JobView:
    return JobView(job_id="j", status=Status.RUNNING, stage=Stage.RENDER, percent=percent)


@pytest.mark.parametrize(
    ("percent", "each_s", "elapsed_s", "left_s"),
    [
        (0, 100, 30, 100),
        (5, 100, 30, 95),
        (10, 100, 30, 90),
        (30, 100, 60, 105),
        (50, 100, 100, 100),
        (75, 100, 300, 100),
        (75, 100, 1, 25),
        (8, 0, 30, 0),
        (20, 0, 30, 120),
        (100, 100, 30, 0),
    ],
)
def test_a_running_job_is_judged_by_others_first_and_then_by_itself(
    percent: int, each_s: float, elapsed_s: float, left_s: float
) -> None:
    assert remaining_s(_at(percent), each_s, elapsed_s) == pytest.approx(left_s)


def _eta(client: FlaskClient, job_id: str) -> int | None:
    eta_s: int | None = client.get(f"/api/v1/jobs/{job_id}").get_json()["eta_s"]
    return eta_s


def _done(services: Services, engine: str, took_s: float, length_s: float = 6.0) -> None:
    request = replace(a_request(), engine=engine)
    services.records.jobs.add(request, "2026-01-02T03:04:05Z")
    outcome = replace(a_success(request), execution_ms=round(1000 * took_s), duration_s=length_s)
    services.records.jobs.settle(outcome, credits=1)


def test_a_slow_job_says_so_itself(client: FlaskClient, gateway: FakeGateway, services: Services) -> None:
    ended(services, gateway, submitted(client), Status.SUCCEEDED, execution_ms=60_000)
    job_id = submitted(client)
    view = running(gateway, job_id, percent=50)
    gateway.views[job_id] = replace(view, started_at=utc_text(NOW - timedelta(minutes=5)))

    assert _eta(client, job_id) == 300


def test_jobs_of_another_engine_tell_nothing(client: FlaskClient, services: Services) -> None:
    _done(services, "another", 600)

    assert _eta(client, submitted(client)) is None
    _done(services, "articulate", 10)
    assert _eta(client, submitted(client)) in range(10, 100)


def test_a_long_script_is_expected_to_take_longer(client: FlaskClient, services: Services) -> None:
    _done(services, "articulate", 12, length_s=6.0)
    etas = []
    for words in ("x" * 90, "x" * 270, "x" * 4500):
        answer = client.post(GENERATE_PATH, json=GENERATE | {"script": words}).get_json()
        job = client.get(f"/api/v1/jobs/{answer['job_id']}").get_json()
        etas.append(job["eta_s"] - job["queue_position"] * 12)

    assert etas == [12, 36, 60]


def test_a_list_tells_each_job_by_its_own_engine(client: FlaskClient, services: Services) -> None:
    _done(services, "articulate", 20)
    submitted(client, path=IMAGE_PATH)

    jobs = client.get("/api/v1/jobs").get_json()["jobs"]
    assert [job["eta_s"] for job in jobs if job["state"] == "queued"] == [20]
