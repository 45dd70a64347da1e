"""Two releases of the service: the one before the patch `analyse-again`, and today's. Each has steps of its own."""

import threading
from collections import defaultdict
from collections.abc import Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field

from temporalio import activity
from temporalio.api.enums.v1 import WorkflowTaskFailedCause
from temporalio.client import Client, WorkflowHistory

from activities.boundary import at_boundary, reporter
from contracts.steps import AnalyseInput, AnalyseResult, Queue, RenderInput, RenderResult, Segment
from engines.analysis import require_version
from telemetry.marks import current_job
from tests.workflows.earlier.lipsync import LipsyncJob as EarlierJob
from tests.workflows.fakes import FakeSteps, working
from workflows.lipsync import LipsyncJob
from workflows.registry import WORKFLOWS

TODAY: tuple[type, ...] = WORKFLOWS
EARLIER: tuple[type, ...] = (EarlierJob, *(kind for kind in WORKFLOWS if kind is not LipsyncJob))


@dataclass
class ReleasedSteps(FakeSteps):
    """The steps of a release whose engine writes, and takes, analyses of one version.

    Attributes:
        version: of the analyses.
        stops: by job id, the call that goes on until `go_on` is set.
        reached: by job id, set when that call has begun.
        read: the analyses that were to be rendered.
    """

    version: int = 1
    stops: dict[str, str] = field(default_factory=dict)
    reached: dict[str, threading.Event] = field(default_factory=lambda: defaultdict(threading.Event))
    go_on: threading.Event = field(default_factory=threading.Event)
    read: list[str] = field(default_factory=list)

    @activity.defn(name="analyse", no_thread_cancel_exception=True)
    @at_boundary
    def analyse(self, step: AnalyseInput) -> AnalyseResult:
        self.analysed.append(step)
        self._act("analyse")
        segments = tuple(Segment(index=index, start=index * 100, end=index * 100 + 100) for index in range(2))
        return AnalyseResult(
            analysis=f"version-{self.version}", segments=segments, frames=200, duration_s=8.0, width=640, height=480
        )

    @activity.defn(name="render", no_thread_cancel_exception=True)
    @at_boundary
    def render(self, step: RenderInput) -> RenderResult:
        self.read.append(step.analysis)
        require_version(int(step.analysis.removeprefix("version-")), self.version)
        self._act(f"render {step.segment.index}")
        return RenderResult(blob=f"jobs/{step.job_id}/work/{step.analysis}/{step.segment.index}.mp4")

    def _do(self, call: str) -> None:
        job_id = current_job.get()
        if self.stops.get(job_id) == call:
            report = reporter()
            self.reached[job_id].set()
            while not self.go_on.wait(0.05):
                report(0.5)
        super()._do(call)


def deciding(client: Client, workflows: Sequence[type]) -> AbstractAsyncContextManager[FakeSteps]:
    """Run a worker of `flow` alone."""
    return working(
        client, FakeSteps(), without=[queue for queue in Queue if queue is not Queue.FLOW], workflows=workflows
    )


def computing(client: Client, steps: FakeSteps) -> AbstractAsyncContextManager[FakeSteps]:
    """Run workers of all queues but `flow`."""
    return working(client, steps, without=[Queue.FLOW])


def patches(history: WorkflowHistory) -> list[str]:
    """Names of the markers that a history holds, one for each patch that was taken."""
    return [
        event.marker_recorded_event_attributes.marker_name
        for event in history.events
        if event.HasField("marker_recorded_event_attributes")
    ]


def divergences(histories: Iterable[WorkflowHistory]) -> int:
    """How many workflow tasks failed because code and history parted; any other failure of code is a mistake."""
    failures = [
        event.workflow_task_failed_event_attributes
        for history in histories
        for event in history.events
        if event.HasField("workflow_task_failed_event_attributes")
        # The SDK gives up a task that a busy machine took two seconds for, and it is asked for again.
        and "[TMPRL1101]" not in event.workflow_task_failed_event_attributes.failure.message
    ]
    causes = [WorkflowTaskFailedCause.Name(each.cause).removeprefix("WORKFLOW_TASK_FAILED_CAUSE_") for each in failures]
    # The server itself refuses a task's commands when a cancellation or a child's news came meanwhile, and asks again.
    assert set(causes) <= {"NON_DETERMINISTIC_ERROR", "UNHANDLED_COMMAND"}, failures
    return causes.count("NON_DETERMINISTIC_ERROR")
