"""One stub per activity: its input, its result, its queue, its timeouts and retries.

Those of inspections and of retention stand beside their types. Workflows call the stubs, `activities` implements them
under the same names; `scripts/worker.py` alone sees both.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Generic, TypeVar

from temporalio import activity
from temporalio.common import RetryPolicy

from contracts.errors import NON_RETRYABLE
from contracts.inspections import discard, survey
from contracts.jobs import (
    FaceChoice,
    FacePoint,
    JobError,
    MediaInfo,
    MediaRef,
    OutputOptions,
    Script,
    Side,
    SpeakerOrder,
    Status,
    Timings,
)
from contracts.retention import prune
from contracts.webhooks import PATIENCE, NotifyResult, ProbeResult

In = TypeVar("In")
Out = TypeVar("Out")


class Queue(StrEnum):
    """The task queues; which worker polls which is configuration."""

    FLOW = "flow"
    GPU = "gpu"
    IO = "io"
    CONTROL = "control"
    NOTIFY = "notify"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step(Generic[In, Out]):
    """An activity as workflows see it."""

    stub: Callable[[In], Out]
    queue: Queue
    start_to_close: timedelta
    retry: RetryPolicy
    heartbeat: timedelta | None = None
    schedule_to_close: timedelta | None = None

    @property
    def name(self) -> str:
        """The activity's registered name."""
        return self.stub.__name__


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchInput:
    """Bring one file in: `media` says from where, `job_id` under whose name, `key_id` for whom.

    `or_image` takes a picture where a video is asked for; the result's role tells which it is.
    """

    job_id: str
    media: MediaRef
    or_image: bool = False
    key_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchResult:
    """The file, stored and accepted; None where others of its key have all of the worker's places it may have."""

    media: MediaInfo | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeakInput:
    """Make speech of a script."""

    job_id: str
    script: Script


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeakResult:
    """The speech, and the blob of its phone timings as `engines.voices` writes them."""

    audio: MediaInfo
    phones: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MixInput:
    """Make one sound of two voices."""

    job_id: str
    left: MediaInfo
    right: MediaInfo
    order: SpeakerOrder


@dataclass(frozen=True, slots=True, kw_only=True)
class MixResult:
    """What is heard, and when in it each voice begins, in seconds."""

    audio: MediaInfo
    left_start_s: float
    right_start_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Voice:
    """What drives one face: a sound that begins at `start_s` of the output.

    `phones` is the blob of its timings as `SpeakResult` has it, or ""; `timings` are those of the request.
    """

    media: MediaInfo
    side: Side = Side.ONLY
    start_s: float = 0.0
    phones: str = ""
    timings: Timings | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AnalyseInput:
    """Find the faces, hear the voices and plan the segments. `audio` is what is heard, and gives the length."""

    job_id: str
    engine: str
    source: MediaInfo
    voices: tuple[Voice, ...]
    audio: MediaInfo
    options: OutputOptions
    seed: int
    prompt: str = ""
    mask: MediaInfo | None = None
    face: FaceChoice | FacePoint = FaceChoice.ACTIVE


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """Output frames [start, end) of the whole, rendered by one activity."""

    index: int
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AnalyseResult:
    """`analysis` is the blob that every segment reads; the rest is what the workflow needs of it."""

    analysis: str
    segments: tuple[Segment, ...]
    frames: int
    duration_s: float
    width: int
    height: int
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderInput:
    """Render one segment."""

    job_id: str
    engine: str
    source: MediaInfo
    analysis: str
    segment: Segment


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderResult:
    """The segment's blob: a closed group of pictures."""

    blob: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishInput:
    """Join the segments in order, add the sound as it came, and put the result where links point."""

    job_id: str
    segments: tuple[str, ...]
    audio: MediaInfo
    duration_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishResult:
    """The output's blob key, length and size."""

    output: str
    duration_s: float
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SettleInput:
    """Enter the outcome into the records, charge it, and clear what the job no longer needs.

    `source` is the blob of what was fetched to be driven, or "".
    """

    job_id: str
    status: Status
    started_at: str
    finished_at: str
    execution_ms: int
    output: str = ""
    duration_s: float = 0.0
    short_side_px: int = 0
    error: JobError | None = None
    warnings: tuple[str, ...] = ()
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A webhook to deliver: the same id and bytes on every attempt. `body` is JSON text."""

    delivery_id: str
    job_id: str
    key_id: str
    url: str
    body: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SettleResult:
    """What the job cost, and the webhook that its outcome calls for, if any."""

    credits: int
    delivery: Delivery | None = None


@activity.defn(name="fetch")
def fetch(step: FetchInput) -> FetchResult:
    """Download, sniff, probe and store one input."""
    raise NotImplementedError


@activity.defn(name="speak")
def speak(step: SpeakInput) -> SpeakResult:
    """Synthesise a script's speech."""
    raise NotImplementedError


@activity.defn(name="mix")
def mix(step: MixInput) -> MixResult:
    """Put two voices together, at once or one after the other."""
    raise NotImplementedError


@activity.defn(name="analyse")
def analyse(step: AnalyseInput) -> AnalyseResult:
    """Run the engine's analysis and cut the output into segments."""
    raise NotImplementedError


@activity.defn(name="render")
def render(step: RenderInput) -> RenderResult:
    """Render and encode one segment."""
    raise NotImplementedError


@activity.defn(name="publish")
def publish(step: PublishInput) -> PublishResult:
    """Join, mux and store the output."""
    raise NotImplementedError


@activity.defn(name="settle")
def settle(step: SettleInput) -> SettleResult:
    """Record and charge the outcome."""
    raise NotImplementedError


@activity.defn(name="notify")
def notify(step: Delivery) -> NotifyResult:
    """Post one webhook attempt."""
    raise NotImplementedError


@activity.defn(name="probe")
def probe(step: Delivery) -> ProbeResult:
    """Post a test event, once."""
    raise NotImplementedError


def _pauses(first_s: float, most_s: float, attempts: int) -> RetryPolicy:
    """Attempts with pauses between them, each twice the one before up to the longest; 0: as many as it takes."""
    return RetryPolicy(
        initial_interval=timedelta(seconds=first_s),
        maximum_interval=timedelta(seconds=most_s),
        maximum_attempts=attempts,
        backoff_coefficient=2.0,
        non_retryable_error_types=NON_RETRYABLE,
    )


#: Somebody waits and soon wants to know: pauses of 7 s together.
_WAITED_FOR = _pauses(1, 60, 4)
#: The client's own server may be down, and it is told soon: 30 s.
_BY_OTHERS = _pauses(2, 60, 5)
#: Workers that die, and want of memory, are survived for six minutes of pauses; what no retry mends ends it at once,
#: and a crash of our own after `activities.boundary.CRASHES` attempts.
_BY_OURSELVES = _pauses(1, 60, 12)
#: Must not be given up: nobody else would do it.
_UNTIL_DONE = _pauses(1, 60, 0)

FETCH = Step(
    stub=fetch, queue=Queue.IO, start_to_close=timedelta(minutes=15), heartbeat=timedelta(seconds=30), retry=_BY_OTHERS
)
SPEAK = Step(
    stub=speak,
    queue=Queue.IO,
    start_to_close=timedelta(minutes=15),
    heartbeat=timedelta(seconds=30),
    retry=_BY_OURSELVES,
)
MIX = Step(
    stub=mix, queue=Queue.IO, start_to_close=timedelta(minutes=15), heartbeat=timedelta(seconds=30), retry=_BY_OURSELVES
)
ANALYSE = Step(
    stub=analyse,
    queue=Queue.GPU,
    start_to_close=timedelta(hours=2),
    heartbeat=timedelta(seconds=30),
    retry=_BY_OURSELVES,
)
RENDER = Step(
    stub=render,
    queue=Queue.GPU,
    start_to_close=timedelta(minutes=30),
    heartbeat=timedelta(seconds=10),
    retry=_BY_OURSELVES,
)
PUBLISH = Step(
    stub=publish,
    queue=Queue.IO,
    start_to_close=timedelta(minutes=30),
    heartbeat=timedelta(seconds=30),
    retry=_BY_OURSELVES,
)
#: Without it the outcome is unrecorded. It takes a fraction of a second and has no heartbeats: by this limit alone an
#: attempt that was handed to a host just cut off comes back. The file store's own patience, 20 s, is within it.
SETTLE = Step(stub=settle, queue=Queue.CONTROL, start_to_close=timedelta(seconds=30), retry=_UNTIL_DONE)
#: The step itself says how long to wait for the next moment; these pauses follow an attempt whose worker died.
NOTIFY = Step(
    stub=notify,
    queue=Queue.NOTIFY,
    start_to_close=timedelta(seconds=60),
    schedule_to_close=PATIENCE,
    retry=_pauses(5, 600, 0),
)
PROBE = Step(
    stub=probe,
    queue=Queue.NOTIFY,
    start_to_close=timedelta(seconds=45),
    schedule_to_close=timedelta(seconds=45),
    retry=_pauses(1, 1, 1),
)
#: Given up after an hour without a worker: nobody asks for the finding any more.
SURVEY = Step(
    stub=survey,
    queue=Queue.GPU,
    start_to_close=timedelta(minutes=5),
    schedule_to_close=timedelta(hours=1),
    heartbeat=timedelta(seconds=30),
    retry=_WAITED_FOR,
)
DISCARD = Step(stub=discard, queue=Queue.CONTROL, start_to_close=timedelta(minutes=5), retry=_UNTIL_DONE)
PRUNE = Step(
    stub=prune,
    queue=Queue.CONTROL,
    start_to_close=timedelta(minutes=30),
    heartbeat=timedelta(seconds=10),
    retry=_pauses(1, 600, 0),
)

STEPS = (FETCH, SPEAK, MIX, ANALYSE, RENDER, PUBLISH, SETTLE, NOTIFY, PROBE, SURVEY, DISCARD, PRUNE)
