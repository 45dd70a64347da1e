"""Stand-ins that keep the contracts of the real things."""

from dataclasses import replace

from contracts.errors import ErrorCode, Unavailable
from contracts.jobs import JobError, JobRequest, JobView, Stage, Status


class FakeGateway:
    """Temporal as the API sees it, in memory. Tests set `views` to move jobs on and `is_down` to cut the line."""

    def __init__(self, *, is_down: bool = False) -> None:
        self.is_down = is_down
        self.requests: dict[str, JobRequest] = {}
        self.views: dict[str, JobView] = {}

    def start(self, request: JobRequest) -> None:
        self._check()
        if request.job_id not in self.requests:
            self.requests[request.job_id] = request
            self.views[request.job_id] = JobView(
                job_id=request.job_id, status=Status.QUEUED, stage=Stage.FETCH, warnings=request.warnings
            )

    def view(self, job_id: str) -> JobView | None:
        self._check()
        return self.views.get(job_id)

    def cancel(self, job_id: str) -> None:
        self._check()
        view = self.views.get(job_id)
        if view is not None and not view.status.is_terminal:
            error = JobError(code=ErrorCode.CANCELLED, message="cancelled")
            self.views[job_id] = replace(view, status=Status.CANCELLED, error=error)

    def ready(self) -> bool:
        return not self.is_down

    def _check(self) -> None:
        if self.is_down:
            raise Unavailable("the job queue cannot be reached at the moment")
