"""lipsync.studio's job object: the status reply and the webhook body are the same seven fields."""

from typing import TypedDict

from contracts.jobs import JobView, Status

STATUS_WORDS: dict[Status, str] = {
    Status.QUEUED: "processing",
    Status.RUNNING: "processing",
    Status.SUCCEEDED: "completed",
    Status.FAILED: "failed",
    Status.CANCELLED: "failed",
}


class StudioJob(TypedDict):
    """The seven fields, in the order the API's own pages show them."""

    id: str
    model: str
    status: str
    output: str | None
    error: str
    executionTime: int | None
    timings: None


def studio_job(view: JobView, model: str, output_url: str) -> StudioJob:
    """Write a job as lipsync.studio does.

    Args:
        view: the job as it stands.
        model: "lipsync-image" or "lipsync-video"; shown once the job has ended, "lipsync" before.
        output_url: the download link; used only when the job succeeded.
    """
    succeeded = view.status is Status.SUCCEEDED
    return StudioJob(
        id=view.job_id,
        model=model if view.status.is_terminal else "lipsync",
        status=STATUS_WORDS[view.status],
        output=output_url or None if succeeded else None,
        error=view.error.message if view.error and view.status.is_terminal else "",
        executionTime=view.execution_ms if succeeded else None,
        timings=None,
    )
