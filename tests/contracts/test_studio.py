"""lipsync.studio's job object, to the letter of its pages."""

import json

import pytest

from contracts.jobs import JobError, JobView, Stage, Status
from contracts.studio import STATUS_WORDS, studio_job

pytestmark = pytest.mark.unit

JOB = "550e8400-e29b-41d4-a716-446655440000"


def test_a_finished_job_reads_like_the_page() -> None:
    view = JobView(job_id=JOB, status=Status.SUCCEEDED, stage=Stage.SETTLE, execution_ms=12345)

    assert json.dumps(studio_job(view, "lipsync-image", "https://a/r.mp4")) == (
        f'{{"id": "{JOB}", "model": "lipsync-image", "status": "completed", "output": "https://a/r.mp4", '
        '"error": "", "executionTime": 12345, "timings": null}'
    )


def test_a_running_job_shows_no_output_and_the_general_model() -> None:
    view = JobView(job_id=JOB, status=Status.RUNNING, stage=Stage.RENDER)

    job = studio_job(view, "lipsync-image", "https://a/r.mp4")

    assert (job["model"], job["status"], job["output"], job["executionTime"]) == ("lipsync", "processing", None, None)


def test_a_failed_job_says_why() -> None:
    view = JobView(
        job_id=JOB,
        status=Status.FAILED,
        stage=Stage.FETCH,
        error=JobError(code="unreadable_media", message="Bad audio"),
    )

    job = studio_job(view, "lipsync-image", "")

    assert (job["status"], job["error"], job["output"]) == ("failed", "Bad audio", None)


def test_every_status_has_a_word() -> None:
    assert set(STATUS_WORDS) == set(Status)
