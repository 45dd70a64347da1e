"""Job requests and outcomes for tests."""

import uuid

from contracts.jobs import Dialect, JobError, JobRequest, MediaRef, OutputOptions, Role, Status
from contracts.steps import SettleInput

NOW = "2026-01-02T03:04:05Z"


def a_request(key_id: str = "0a1b2c3d") -> JobRequest:
    return JobRequest(
        job_id=str(uuid.uuid4()),
        key_id=key_id,
        dialect=Dialect.LIPSYNC_STUDIO,
        model="lipsync-image",
        source=MediaRef(role=Role.IMAGE, field="formState.image", url="https://example.com/face.png"),
        audio=MediaRef(role=Role.AUDIO, field="formState.audio", blob="uploads/0a1b2c3d/voice"),
        options=OutputOptions(short_side_px=720),
        seed=42,
        webhook_url="https://example.com/hook",
        warnings=("prompt is not applied yet",),
    )


def a_success(request: JobRequest) -> SettleInput:
    return SettleInput(
        job_id=request.job_id,
        status=Status.SUCCEEDED,
        started_at=NOW,
        finished_at="2026-01-02T03:05:05Z",
        execution_ms=60_000,
        output=f"jobs/{request.job_id}/output.mp4",
        duration_s=7.5,
        short_side_px=720,
        warnings=("two faces; the larger one speaks",),
    )


def a_failure(request: JobRequest) -> SettleInput:
    return SettleInput(
        job_id=request.job_id,
        status=Status.FAILED,
        started_at=NOW,
        finished_at=NOW,
        execution_ms=10,
        error=JobError(code="no_face", message="image: no face found"),
    )
