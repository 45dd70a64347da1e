"""Stand-ins that keep the contracts of the real things."""

from collections.abc import Sequence
from dataclasses import replace

from api.reset import Retried
from contracts.errors import Conflict, ErrorCode, NotFound, Unavailable
from contracts.jobs import JobError, JobRequest, JobView, Stage, Status
from contracts.steps import Delivery
from contracts.webhooks import ProbeResult


class FakeGateway:
    """Temporal as the API sees it, in memory.

    Tests set `views` to move jobs on, `is_down` to cut the line, and `stopped` to say whose workflow was terminated.
    `retried`, `forgotten`, `redelivered` and `probed` keep what was asked for; `says` is what test events are answered.
    """

    def __init__(self, *, is_down: bool = False) -> None:
        self.is_down = is_down
        self.requests: dict[str, JobRequest] = {}
        self.views: dict[str, JobView] = {}
        self.stopped: list[str] = []
        self.retried: list[tuple[str, bool]] = []
        self.forgotten: list[tuple[str, tuple[str, ...]]] = []
        self.redelivered: list[Delivery] = []
        self.probed: list[Delivery] = []
        self.says = (204, "")

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

    def view_all(self, job_ids: Sequence[str]) -> dict[str, JobView]:
        self._check()
        return {job_id: self.views[job_id] for job_id in job_ids if job_id in self.views}

    def cancel(self, job_id: str) -> None:
        self._check()
        view = self.views.get(job_id)
        if view is not None and not view.status.is_terminal:
            error = JobError(code=ErrorCode.CANCELLED, message="cancelled")
            self.views[job_id] = replace(view, status=Status.CANCELLED, error=error)

    def retry(self, job_id: str, from_start: bool = False) -> Retried:
        self._check()
        view = self.views.get(job_id)
        if view is None:
            raise NotFound(f"the queue no longer has job {job_id}")
        if not view.status.is_terminal:
            raise Conflict(f"job {job_id} is still running")
        self.retried.append((job_id, from_start))
        self.views[job_id] = replace(view, status=Status.QUEUED, percent=0, error=None, output="", finished_at="")
        return Retried(run_id="run-two", step="start" if from_start else view.stage)

    def forget(self, job_id: str, delivery_ids: Sequence[str]) -> None:
        self._check()
        self.views.pop(job_id, None)
        self.forgotten.append((job_id, tuple(delivery_ids)))

    def redeliver(self, delivery: Delivery) -> None:
        self._check()
        self.redelivered.append(delivery)

    def probe(self, event: Delivery) -> ProbeResult:
        self._check()
        self.probed.append(event)
        return ProbeResult(delivery_id=event.delivery_id, http_status=self.says[0], latency_ms=12, answer=self.says[1])

    def unsettled(self) -> list[str]:
        self._check()
        return self.stopped

    def ready(self) -> bool:
        return not self.is_down

    def _check(self) -> None:
        if self.is_down:
            raise Unavailable("the job queue cannot be reached at the moment")
