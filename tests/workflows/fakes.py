"""Stand-ins for the activities, under the stubs' names, that do what a test tells them."""

import threading
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta

from temporalio import activity
from temporalio.client import Client
from temporalio.worker import Worker

from activities.boundary import at_boundary, reporter
from contracts.inspections import DiscardInput, DiscardResult, SurveyInput, SurveyResult
from contracts.jobs import Dialect, JobRequest, MediaInfo, MediaRef, Role, Status
from contracts.retention import Phase, PruneInput, PruneResult
from contracts.steps import (
    AnalyseInput,
    AnalyseResult,
    Delivery,
    FetchInput,
    FetchResult,
    MixInput,
    MixResult,
    PublishInput,
    PublishResult,
    Queue,
    RenderInput,
    RenderResult,
    Segment,
    SettleInput,
    SettleResult,
    SpeakInput,
    SpeakResult,
)
from contracts.webhooks import NotifyResult, ProbeResult
from workflows.registry import WORKFLOWS, sandbox_runner

HEARTBEAT_THROTTLE = timedelta(seconds=0.2)


def job_request(job_id: str, vocal: MediaRef | None = None) -> JobRequest:
    """A request for a portrait and one voice."""
    return JobRequest(
        job_id=job_id,
        key_id="key00001",
        dialect=Dialect.LIPSYNC_STUDIO,
        model="lipsync-image",
        source=MediaRef(role=Role.IMAGE, field="image", url="https://media.example/face.png"),
        audio=MediaRef(role=Role.AUDIO, field="audio", url="https://media.example/voice.wav"),
        vocal=vocal,
    )


@dataclass
class FakeSteps:
    """Every step, each as quick as can be.

    Attributes:
        segments: how many the analysis finds.
        faults: by call ("fetch audio", "render 1", "notify"), what to raise first, one fault an attempt.
        held: calls that go on until they are cancelled.
        deaf: calls that take three seconds and heed no cancellation.
        calls: every attempt, in order; `ended` has them in the order of their ends; the rest is what they were given.
    """

    segments: int = 2
    webhook_url: str = ""
    faults: dict[str, list[Exception]] = field(default_factory=dict)
    held: set[str] = field(default_factory=set)
    deaf: set[str] = field(default_factory=set)
    calls: list[str] = field(default_factory=list)
    spoken: list[SpeakInput] = field(default_factory=list)
    mixed: list[MixInput] = field(default_factory=list)
    analysed: list[AnalyseInput] = field(default_factory=list)
    settled: list[SettleInput] = field(default_factory=list)
    deliveries: list[Delivery] = field(default_factory=list)
    notified: list[Delivery] = field(default_factory=list)
    notified_at: list[float] = field(default_factory=list)
    surveyed: list[SurveyInput] = field(default_factory=list)
    discarded: list[DiscardInput] = field(default_factory=list)
    pruned: list[PruneInput] = field(default_factory=list)
    stopped: list[str] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)
    begun: dict[str, threading.Event] = field(default_factory=lambda: defaultdict(threading.Event))

    @activity.defn(name="fetch", no_thread_cancel_exception=True)
    @at_boundary
    def fetch(self, step: FetchInput) -> FetchResult:
        media = step.media
        self._act(f"fetch {media.field}")
        return FetchResult(
            media=MediaInfo(
                role=media.role,
                field=media.field,
                blob=f"jobs/{step.job_id}/inputs/{media.role}-00000000",
                container="png" if media.role is Role.IMAGE else "wav",
                size_bytes=1000,
                duration_s=0.0 if media.role is Role.IMAGE else 4.0 * self.segments,
                width=640 if media.role is Role.IMAGE else 0,
                height=480 if media.role is Role.IMAGE else 0,
            )
        )

    @activity.defn(name="speak", no_thread_cancel_exception=True)
    @at_boundary
    def speak(self, step: SpeakInput) -> SpeakResult:
        self.spoken.append(step)
        self._act("speak")
        return SpeakResult(audio=_sound(step.job_id, "speech", 4.0 * self.segments), phones="jobs/x/work/phones.json")

    @activity.defn(name="mix", no_thread_cancel_exception=True)
    @at_boundary
    def mix(self, step: MixInput) -> MixResult:
        self.mixed.append(step)
        self._act("mix")
        return MixResult(audio=_sound(step.job_id, "mix", 4.0 * self.segments), left_start_s=0.0, right_start_s=4.0)

    @activity.defn(name="analyse", no_thread_cancel_exception=True)
    @at_boundary
    def analyse(self, step: AnalyseInput) -> AnalyseResult:
        self.analysed.append(step)
        self._act("analyse")
        return AnalyseResult(
            analysis=f"jobs/{step.job_id}/work/analysis.safetensors",
            segments=tuple(
                Segment(index=index, start=index * 100, end=index * 100 + 100) for index in range(self.segments)
            ),
            frames=self.segments * 100,
            duration_s=4.0 * self.segments,
            width=640,
            height=480,
            warnings=("one face of two is driven",),
        )

    @activity.defn(name="render", no_thread_cancel_exception=True)
    @at_boundary
    def render(self, step: RenderInput) -> RenderResult:
        self._act(f"render {step.segment.index}")
        return RenderResult(blob=f"jobs/{step.job_id}/work/segment-{step.segment.index:05d}.mp4")

    @activity.defn(name="publish", no_thread_cancel_exception=True)
    @at_boundary
    def publish(self, step: PublishInput) -> PublishResult:
        self._act("publish")
        return PublishResult(output=f"jobs/{step.job_id}/output.mp4", duration_s=step.duration_s, size_bytes=2000)

    @activity.defn(name="settle", no_thread_cancel_exception=True)
    @at_boundary
    def settle(self, step: SettleInput) -> SettleResult:
        self.settled.append(step)
        self._act("settle")
        delivery = Delivery(
            delivery_id=f"msg_{activity.info().workflow_run_id}",
            job_id=step.job_id,
            key_id="key00001",
            url=self.webhook_url,
            body="{}",
        )
        self.deliveries.append(delivery)
        return SettleResult(
            credits=16 if step.status is Status.SUCCEEDED else 0, delivery=delivery if self.webhook_url else None
        )

    @activity.defn(name="notify", no_thread_cancel_exception=True)
    @at_boundary
    def notify(self, step: Delivery) -> NotifyResult:
        self.notified.append(step)
        self.notified_at.append(activity.info().started_time.timestamp())
        self._act("notify")
        return NotifyResult(http_status=200)

    @activity.defn(name="probe", no_thread_cancel_exception=True)
    @at_boundary
    def probe(self, step: Delivery) -> ProbeResult:
        self._act("probe")
        return ProbeResult(delivery_id=step.delivery_id, http_status=204, latency_ms=12, answer="")

    @activity.defn(name="survey", no_thread_cancel_exception=True)
    @at_boundary
    def survey(self, step: SurveyInput) -> SurveyResult:
        self.surveyed.append(step)
        self._act("survey")
        return SurveyResult(faces=(), plan=None, warnings=("no face was found in the picture",))

    @activity.defn(name="discard", no_thread_cancel_exception=True)
    @at_boundary
    def discard(self, step: DiscardInput) -> DiscardResult:
        self.discarded.append(step)
        self._act("discard")
        return DiscardResult()

    @activity.defn(name="prune", no_thread_cancel_exception=True)
    @at_boundary
    def prune(self, step: PruneInput) -> PruneResult:
        self.pruned.append(step)
        self._act(f"prune {step.phase}")
        is_over = step.phase is not Phase.OUTPUTS or step.cursor == "c"
        return PruneResult(removed=2, cursor="" if is_over else chr(ord(step.cursor or "`") + 1))

    def _act(self, call: str) -> None:
        self.calls.append(call)
        self.begun[call].set()
        try:
            self._do(call)
        finally:
            self.ended.append(call)

    def _do(self, call: str) -> None:
        waiting = self.faults.get(call)
        if waiting:
            raise waiting.pop(0)
        if call in self.held:
            self._hold(call)
        if call in self.deaf:
            time.sleep(3)

    def _hold(self, call: str) -> None:
        report, rest = reporter(), threading.Event()
        try:
            while not rest.wait(0.02):
                report(0.5)
        finally:
            self.stopped.append(call)

    def on(self, queue: Queue) -> list[Callable[..., object]]:
        """The steps that a queue's worker runs."""
        steps: dict[Queue, list[Callable[..., object]]] = {
            Queue.FLOW: [],
            Queue.IO: [self.fetch, self.speak, self.mix, self.publish],
            Queue.GPU: [self.analyse, self.render, self.survey],
            Queue.CONTROL: [self.settle, self.discard, self.prune],
            Queue.NOTIFY: [self.notify, self.probe],
        }
        return steps[queue]


def _sound(job_id: str, name: str, duration_s: float) -> MediaInfo:
    return MediaInfo(
        role=Role.AUDIO,
        field="",
        blob=f"jobs/{job_id}/inputs/{name}",
        container="wav",
        size_bytes=1000,
        duration_s=duration_s,
    )


@asynccontextmanager
async def working(
    client: Client, steps: FakeSteps, without: Sequence[Queue] = (), workflows: Sequence[type] = WORKFLOWS
) -> AsyncIterator[FakeSteps]:
    """Run a worker on every other queue. Nothing is cached, so that every workflow task replays its history."""
    async with AsyncExitStack() as running:
        for queue in [queue for queue in Queue if queue not in without]:
            worker = Worker(
                client,
                task_queue=queue,
                workflows=workflows if queue is Queue.FLOW else (),
                workflow_runner=sandbox_runner(),
                activities=steps.on(queue),
                activity_executor=running.enter_context(ThreadPoolExecutor(8)),
                max_cached_workflows=0,
                max_heartbeat_throttle_interval=HEARTBEAT_THROTTLE,
            )
            await running.enter_async_context(worker)
        yield steps
